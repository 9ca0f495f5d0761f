"""Ranges that hold more than was seen, and show none of it."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.tables.wide_ranges import wide_dates, wide_range


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=9))
def test_a_range_is_wider_than_what_was_seen_and_shows_none_of_it(values):
    low, high = wide_range(np.array(values))
    assert low <= min(values) <= max(values) <= high
    assert low < high
    assert not {low, high} - {0.0} & set(values)
    # Two digits: no more than three significant characters of either bound.
    for bound in (low, high):
        assert float(f"{bound:.1e}") == bound
    width = max(values) - min(values)
    assert high <= 0 or high >= max(values) + 0.49 * width


@given(st.lists(st.integers(-719162, 2932896), min_size=1, max_size=9))
def test_a_range_of_dates_is_whole_years(days):
    low, high = wide_dates(np.array(days, float))
    dates = [dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in days]
    assert low <= min(dates) <= max(dates) <= high
    assert (low.month, low.day, high.month, high.day) == (1, 1, 12, 31)


def test_no_bound_is_beyond_what_a_schema_may_hold():
    assert wide_range(np.array([3.0, 1e200])) == (0.0, 1e15)
    assert wide_range(np.array([-1e200, 7.0])) == (-1e15, 5.1e14)
    low, high = wide_range(np.array([1e155, 2e155]))
    assert 0 < low < high == 1e15
    low, high = wide_range(np.array([1e-310, 2e-310]))
    assert (low, high) == (0.0, 1e-15)
