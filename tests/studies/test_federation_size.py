"""A benchmark of a round by part: every part that it times is where it looks for it."""

from __future__ import annotations

from strategies import screened_strategy
from studies.benchmarks.federation_size import _timed


def test_every_part_is_found_and_is_as_before_afterwards():
    before = screened_strategy.screen
    with _timed() as spent:
        assert screened_strategy.screen is not before
    assert screened_strategy.screen is before
    assert spent == {}
