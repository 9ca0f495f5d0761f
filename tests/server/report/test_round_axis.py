"""Ticks of rounds: at most ten, on whole rounds, whatever the numbers are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from server.report.round_axis import round_axis


def axis(*numbers):
    records = [SimpleNamespace(round=number) for number in numbers]
    return round_axis([SimpleNamespace(records=records)])


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ((1, 2, 3), [1, 2, 3]),
        (range(1, 31), [5, 10, 15, 20, 25, 30]),
        # An altered run's: the page is made, and says what was altered.
        ((2, 10**18), [n * 10**17 for n in range(1, 11)]),
    ],
)
def test_ticks_are_few_and_round(numbers, ticks):
    assert axis(*numbers)["tickvals"] == ticks
