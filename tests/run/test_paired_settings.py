"""Runs with other settings, paired by seed: intervals against scipy's paired t-test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel

from anml_fl.run.paired_settings import lead_over
from anml_fl.run.repeats import FinishedRun


def runs(scores, metric="", ratio=0.0):
    return [
        FinishedRun(f"run-{seed}", seed, "{}", "one", metric, ratio, {"krum": score})
        for seed, score in scores.items()
    ]


@pytest.mark.parametrize(("metric", "sign"), [("", -1), ("accuracy", 1)])
def test_lead_is_that_of_a_paired_test_with_the_better_side_above_zero(metric, sign):
    rng = np.random.default_rng(5)
    ours, theirs = 0.3 + 0.1 * rng.normal(size=(2, 7))
    found = lead_over(
        runs(dict(enumerate(ours)), metric),
        runs(dict(reversed(list(enumerate(theirs)))), metric),
        "krum",
    )
    expected = ttest_rel(sign * ours, sign * theirs).confidence_interval(0.95)
    assert found is not None
    assert found.mean == pytest.approx(sign * (ours - theirs).mean(), abs=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-9)


def test_rows_that_are_split_anew_widen_it():
    ours, theirs = {0: 0.1, 1: 0.2, 2: 0.4}, {0: 0.3, 1: 0.3, 2: 0.3}
    plain, anew = (
        lead_over(runs(ours, ratio=ratio), runs(theirs, ratio=ratio), "krum")
        for ratio in (0.0, 0.25)
    )
    assert plain is not None
    assert anew is not None
    half = float(t.ppf(0.975, 2)) * np.std([0.2, 0.1, -0.1], ddof=1) * np.sqrt(1 / 3 + 0.25)
    assert (anew.high - anew.low) / 2 == pytest.approx(half, rel=1e-9)
    assert anew.high - anew.low > plain.high - plain.low


@given(
    st.dictionaries(st.integers(0, 9), st.floats(0, 1) | st.none()),
    st.dictionaries(st.integers(0, 9), st.floats(0, 1) | st.none()),
)
def test_seeds_that_both_have_count_and_the_other_way_round_is_the_opposite(ours, theirs):
    both = [seed for seed in ours if ours[seed] is not None and theirs.get(seed) is not None]
    there = lead_over(runs(ours), runs(theirs), "krum")
    back = lead_over(runs(theirs), runs(ours), "krum")
    if len(both) < 3:
        assert there is None
        assert back is None
    else:
        assert there is not None
        assert back is not None
        assert there.pairs == len(both)
        assert (there.mean, there.low) == pytest.approx((-back.mean, -back.high), abs=1e-9)
