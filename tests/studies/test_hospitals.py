"""Four hospitals: errors, weights and worth are those of the federation, told by name."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from anml_fl.federation.data import data_of
from studies.federations.coalitions import coalition_model
from studies.federations.natural_contributors import Trials
from studies.own import hospitals
from studies.study import Variant, cells

FILE = "heart_disease_hospitals.csv"
NAMES = ("cleveland", "hungarian", "switzerland", "va")

pytestmark = pytest.mark.skipif(
    not Path(os.environ.get("ANML_DATA_DIR", ""), FILE).is_file(),
    reason=f"ANML_DATA_DIR holds no {FILE}",
)


@pytest.fixture(scope="module")
def cell():
    (first, *_) = cells(hospitals.STUDY)
    short = tuple(
        Variant(v.condition, v.recipe.changed(rounds=2, local_epochs=1), v.methods)
        for v in first.variants
        if v.condition in ("fraction=0.7", "fraction=1", "leave_out=va;fraction=0.7")
    )
    return replace(first, variants=short)


@pytest.fixture(scope="module")
def found(cell):
    rows = hospitals.run(cell)
    values = {(row.condition, row.method, row.metric): row.value for row in rows}
    assert len(values) == len(rows)
    return values


@pytest.fixture(scope="module")
def federation(cell):
    return Trials(cell.dataset, cell.seed).trained(cell.variants[0].recipe, "fedavg")


def test_a_coalition_of_all_is_the_federations_fedavg(federation):
    ours = coalition_model(federation.config, NAMES)
    assert set(ours) == set(federation.models["fedavg"])
    for name, value in federation.models["fedavg"].items():
        np.testing.assert_allclose(ours[name], value, atol=1e-6)


def test_a_coalition_leaves_the_others_out(federation):
    alone = coalition_model(federation.config, ("va",))
    three = coalition_model(federation.config, NAMES[:3])
    whole = federation.models["fedavg"]
    for name, value in whole.items():
        assert np.abs(alone[name] - value).max() > 1e-3
        assert np.abs(three[name] - value).max() > 1e-4


def test_a_coalition_of_strangers_or_of_nobody_is_refused(federation):
    with pytest.raises(ValueError, match="'basel' takes no part; known: cleveland"):
        coalition_model(federation.config, ("basel", "va"))
    with pytest.raises(ValueError, match="at least one contributor"):
        coalition_model(federation.config, ())


def test_errors_of_the_hospitals_make_up_the_whole(found, federation):
    tested = data_of(federation.config).tested
    sizes = np.bincount(tested, minlength=4)
    assert sizes.min() > 10
    for method in ("fedavg", "anml", "median", "local", "pooled_logistic"):
        own = [found["fraction=0.7", method, f"error_{name}"] for name in NAMES]
        whole = found["fraction=0.7", method, "error"]
        assert whole == pytest.approx(sizes @ own / sizes.sum())


def test_worth_is_what_the_pooled_error_loses_without(found, federation):
    for name in ("cleveland", "va"):
        others = coalition_model(federation.config, [n for n in NAMES if n != name])
        without = replace(federation, models={"others": others}).error("others")
        worth = found["fraction=0.7", "leave_one_out", f"worth_{name}"]
        assert worth == pytest.approx(without - federation.error("fedavg"))


def test_weights_are_fedavgs_shares_and_agreement_is_spearmans(found, federation):
    sizes = np.array([part.labels.size for part in data_of(federation.config).parts])
    weights = [found["fraction=0.7", "fedavg", f"weight_{name}"] for name in NAMES]
    np.testing.assert_allclose(weights, sizes / sizes.sum())
    worth = [found["fraction=0.7", "leave_one_out", f"worth_{name}"] for name in NAMES]
    if np.ptp(worth) > 0:
        expected = spearmanr(weights, worth).statistic
        assert found["fraction=0.7", "fedavg", "agreement"] == pytest.approx(expected)
    assert ("fraction=0.7", "median", "weight_va") not in found


def test_the_furthest_of_four_has_no_weight_at_any_fraction(found):
    for name in NAMES:
        weights = [
            found[f"fraction={share}", "anml", f"weight_{name}"] for share in ("0.7", "1")
        ]
        assert weights[0] == weights[1]
    weights = [found["fraction=1", "anml", f"weight_{name}"] for name in NAMES]
    assert sum(weights) == pytest.approx(1.0)
    blended = [found["fraction=1", "softmax_blend", f"weight_{name}"] for name in NAMES]
    assert min(blended) > 0.05


def test_among_three_krum_has_no_meaning(found):
    for name in NAMES[:3]:
        assert found["leave_out=va;fraction=0.7", "anml", f"q_{name}"] == 1.0
    # Two of three are kept, and ties go to who comes first.
    assert found["leave_out=va;fraction=0.7", "anml", "weight_switzerland"] == 0.0
    assert ("leave_out=va;fraction=0.7", "fedavg", "error_cleveland") not in found
    assert ("leave_out=va;fraction=0.7", "leave_one_out", "worth_va") not in found


def test_q_only_is_anml_where_nobody_is_known(cell):
    trials, recipe = Trials(cell.dataset, cell.seed), cell.variants[0].recipe
    anml, q_only = (trials.trained(recipe, name) for name in ("anml", "q_only"))
    for name, value in anml.models["anml"].items():
        np.testing.assert_array_equal(q_only.models["q_only"][name], value)
