"""What a contributor counts for: agreement in medians, claims, copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.calibrated.claimed_counts import LARGEST, earned_shares, fedavg_shares
from anml_fl.method.calibrated.copies import copies, similarity
from anml_fl.method.calibrated.credential_worth import C
from anml_fl.method.calibrated.evidence import scaled


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12))
def test_the_median_contributor_is_at_one_and_nobody_beyond(values):
    found = scaled(np.array(values), 0.25, positive=True)
    above = sorted(x for x in values if x > 0)
    middle = np.median(above) if above else 0.25
    expected = [
        min(1, max(-1.0, 1 + (x - middle) / max(middle, 0.25))) for x in values
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected)


@given(
    claims=st.lists(st.floats(0.01, 1e12), min_size=1, max_size=12),
    e=st.lists(st.floats(-9, 9), min_size=12, max_size=12),
)
def test_no_claim_earns_more_than_fedavg_gives_or_so_many_times_the_median(claims, e):
    base = fedavg_shares(np.array(claims))
    evidence = np.array(e[: base.size])
    earned = earned_shares(base, evidence, C)
    assert base.sum() == pytest.approx(1)
    assert base.max() <= LARGEST * np.median(base) * (1 + 1e-12)
    assert (earned <= base).all()
    sure = evidence >= C
    np.testing.assert_allclose(earned[sure], base[sure])
    none = evidence <= 0
    np.testing.assert_allclose(earned[none], np.minimum(base, np.median(base))[none])


def test_copies_have_one_weight_between_them():
    rng = np.random.default_rng(0)
    residuals = rng.normal(size=(6, 50))
    residuals[3:] = residuals[3]
    counted = copies(similarity(residuals))
    np.testing.assert_allclose(counted, [1, 1, 1, 3, 3, 3])
    assert (1 / counted)[3:].sum() == pytest.approx(1)
