"""What their own code does, as far as it is installed: ByzFL's search, Flower's rules."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from flwr.server.strategy import aggregate as flower

from anml_fl.method.krum import krum_scores
from studies.benchmarks.byzfl_modules import byzfl_module
from studies.published import byzfl_heatmap
from studies.published.flanders import dealt_by_client
from studies.published.flanders_attacks import attacked, far_below, far_enough, step_back
from studies.published.flanders_rules import rule_of


@pytest.mark.parametrize(
    ("rule", "theirs", "told"),
    [("trimmed_mean", "TrMean", {"f": 3}), ("geometric_median", "GeometricMedian", {})],
)
@pytest.mark.parametrize(
    ("attack", "optimal"),
    [("alie", "Optimal_ALittleIsEnough"), ("ipm", "Optimal_InnerProductManipulation")],
)
def test_the_factor_is_the_one_that_byzfl_finds(rule, theirs, told, attack, optimal):
    rules, attacks = byzfl_module("aggregators"), byzfl_module("attacks")
    honest = np.random.default_rng(0).normal(0.1, 0.2, (10, 40))
    aggregate = partial(byzfl_heatmap._aggregated, rule, 3)
    sent = byzfl_heatmap._Attacker(attack, 3, aggregate)(honest, honest[:0], 0)
    before = [rules.Clipping(), rules.NNM(f=3)]
    made = getattr(attacks, optimal)(getattr(rules, theirs)(**told), pre_agg_list=before, f=3)
    wanted = np.broadcast_to(made(honest), (3, 40))
    # What is clipped does the same harm however long it is: that is what is compared.
    ours, beside = (aggregate(np.concatenate([honest, one])) for one in (sent, wanted))
    assert np.allclose(ours, beside, atol=1e-4)
    assert np.abs(ours - honest.mean(0)).max() > 0.02


MODELS = np.random.default_rng(1).normal(0, 0.02, (20, 30)).astype(np.float32)
HOSTILE = np.arange(20) < 3


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("fedavg", flower.aggregate),
        ("multikrum", partial(flower.aggregate_krum, num_malicious=3, to_keep=3)),
        ("trimmed_mean", partial(flower.aggregate_trimmed_avg, proportiontocut=0.2)),
        (
            "bulyan",
            partial(
                flower.aggregate_bulyan,
                num_malicious=3,
                aggregation_rule=flower.aggregate_krum,
                to_keep=0,
            ),
        ),
    ],
)
def test_rules_are_flowers(name, theirs):
    held = [*range(5, 25)]
    ours = rule_of(name, held, 3, np.random.default_rng(0))(MODELS)
    (wanted,) = theirs([([one], size) for one, size in zip(MODELS, held, strict=True)])
    assert np.allclose(ours, wanted, atol=1e-7)


def test_flanders_leaves_out_whoever_leaps_and_remembers_what_came_of_it():
    rng = np.random.default_rng(0)
    rule = rule_of("flanders", [1] * 20, 3, rng)
    for _ in range(3):
        rule(MODELS + rng.normal(0, 0.001, MODELS.shape).astype(np.float32))
    far = MODELS.copy()
    far[HOSTILE] += 10
    assert np.allclose(rule(far), MODELS[3:].mean(0), atol=0.01)
    far[[7, 8, 9]] += 10  # others, next; the first three are as they were at first
    far[HOSTILE] -= 10
    assert np.abs(rule(far)).max() < 0.1


def test_alie_takes_the_root_of_the_deviation():
    # Phi(.65), where ten of seventeen are beyond: (17 - 8) / 17 = .529.
    z = 0.7017
    wanted = MODELS.mean(0) - z * MODELS.std(0) ** 0.5
    assert np.allclose(far_below(MODELS, 3), wanted, atol=1e-4)


def test_fang_goes_as_far_back_as_krum_takes_it():
    start, blocks = MODELS[3], [slice(0, 20), slice(20, 30)]
    sent = step_back(MODELS, HOSTILE, start, blocks)
    signs = (start - sent) / np.sign(start)
    assert np.allclose(signs, signs[0])
    assert signs[0] > 0

    def taken(step):
        models = MODELS.astype(np.float64)
        models[HOSTILE] = start - step * np.sign(start)
        return krum_scores(models, n_byzantine=3).argmin()

    assert taken(signs[0]) < 3
    assert taken(2 * signs[0]) >= 3


def test_min_max_stays_as_near_as_the_honest_are():
    honest = MODELS[3:].astype(np.float64)
    sent = far_enough(MODELS, HOSTILE)
    factor = ((MODELS.mean(0) - sent) / MODELS.std(0)).mean()
    apart = np.linalg.norm(honest[:, None] - honest, axis=2).max()
    farthest = np.linalg.norm(honest - sent, axis=1).max()
    assert 2.5 <= factor <= 7.5
    # What is nearer than 2.5 deviations is not tried.
    assert farthest < apart or factor == pytest.approx(6.0)


@pytest.mark.parametrize("attack", ["gaussian", "alie", "fang_krum", "min_max"])
def test_only_the_hostile_send_something_else(attack):
    sent = attacked(
        attack, MODELS, HOSTILE, MODELS[3], [slice(0, 30)], np.random.default_rng(0)
    )
    assert sent.dtype == np.float32
    assert np.array_equal(sent[~HOSTILE], MODELS[~HOSTILE])
    assert (sent[HOSTILE] != MODELS[HOSTILE]).any(axis=1).all()


def test_each_client_holds_as_many_images_of_few_classes():
    labels = np.repeat(np.arange(10), 100)
    parts = dealt_by_client(labels, 20, 0.5, np.random.default_rng(0))
    assert {len(part) for part in parts} == {50}
    assert len(np.unique(np.concatenate(parts))) == 1000
    shares = np.array([np.bincount(labels[part], minlength=10) / 50 for part in parts])
    # Of Dirichlet(.5) over ten the expected sum of squares is (.5 + 1) / (5 + 1).
    assert (shares[:10] ** 2).sum(1).mean() == pytest.approx(0.25, abs=0.07)
