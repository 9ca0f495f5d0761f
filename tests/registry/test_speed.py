"""How fast 10,000 contributors are answered, and a round of them is observed."""

from __future__ import annotations

import pytest

from studies.benchmarks import registry


def test_a_small_benchmark_has_a_row_and_a_table():
    (row,) = rows = registry.run(sizes=[1000], rounds=1, repeats=1)
    assert (row.contributors, row.rounds) == (1000, 1)
    assert "| 1000 | 1 |" in registry.table(rows)


@pytest.mark.slow
def test_signals_of_10_000_contributors_take_50_ms_and_a_round_half_a_second():
    (row,) = registry.run(sizes=[10_000], rounds=20, repeats=7)
    assert row.signals.least < 0.050
    assert row.observe.least < 0.5
