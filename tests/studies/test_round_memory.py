"""A round's memory stays within three times the replies', in a process of its own."""

from __future__ import annotations

import pytest

from studies.benchmarks import round_memory
from studies.benchmarks.round_memory import Row


def test_two_rounds_stay_within_three_times_the_replies():
    # Small, so that what a process has anyway counts: large models stay further below.
    for row in round_memory.run(2_000_000, [10], ["anml", "bulyan", "calibrated"]):
        assert row.ratio < 3, row


def test_a_rule_that_is_unknown_ends_the_measurement_with_its_error():
    with pytest.raises(RuntimeError, match="nobody with 4 contributors ended with 1"):
        round_memory.run(1000, [4], ["nobody"])


def test_table_gives_the_peak_beside_the_replies():
    row = Row("anml", 4, 50_000_000, True, 1_600_000_000, 3.21)
    last = round_memory.table([row]).splitlines()[-1]
    assert last == "| anml, packed | 4 | 50,000,000 | 800 | 1,600 | 2.00 | 3.2 |"
