"""Scores by sample and by contributor, and what each method keeps by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from anml_fl.method.combination import two_stage
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.contributors.dealing import Given
from studies.contributors.learners import Convolutions, Perceptrons, TrainingSet, learner_for
from studies.contributors.recipe import ContributorRecipe
from studies.contributors.scores import (
    by_contributor,
    folds_of,
    gradient_scores,
    out_of_fold_scores,
)
from studies.contributors.weighing import METHODS, check_method, decide, needed_scores

IMAGE = (1, 4, 4)
HOLDER = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])


def given_of(n=40, classes=3, contributors=5, image=IMAGE, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % classes
    features = rng.normal(size=(n, 16)) + 2 * targets[:, None]
    malicious = np.arange(contributors) >= contributors - 2
    holder = np.sort(np.arange(n) % contributors)
    return Given(
        features=features.astype(np.float32),
        targets=targets,
        bad=malicious[holder],
        holder=holder,
        malicious=malicious,
        test_features=features[:5].astype(np.float32),
        test_targets=targets[:5],
        classes=classes,
        image=image,
    )


def ten(**settings):
    """Five contributors of two samples each, the last two of them malicious."""
    given = given_of(n=10)
    return replace(given, holder=HOLDER, bad=given.malicious[HOLDER]), ContributorRecipe(
        **settings
    )


# ── Learning ────────────────────────────────────────────────────────────────────────────────


def plain_model(kind, one, classes, epochs, batch):
    """Adam step by step; in order for a full batch, as the stream has it for minibatches."""
    model = build(kind, one.features.shape[1], IMAGE, classes, one.start)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.from_numpy(one.features), torch.from_numpy(one.targets)
    rng = stream(one.start, "order")
    for _ in range(epochs):
        order = rng.permutation(len(y)) if batch else np.arange(len(y))
        for first in range(0, len(y), batch or len(y)):
            rows = order[first : first + (batch or len(y))]
            optimiser.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            optimiser.step()
    return model


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_models_are_as_step_by_step(kind):
    given = given_of()
    learner = {
        "mlp": Perceptrons(3, 0.01),
        "cnn": Convolutions(IMAGE, 3, 0.01, batch_size=16),
    }[kind]
    # Two sizes, in turn, so that grouping must put them back in order.
    sets = [
        TrainingSet(given.features[:n], given.targets[:n], start)
        for n, start in ((40, 1), (30, 2), (40, 3))
    ]
    found = learner.train(sets, (0, 3))
    for one, models in zip(sets, found, strict=True):
        assert set(models) == {0, 3}
        for epochs, model in models.items():
            expected = plain_model(kind, one, 3, epochs, 16 if kind == "cnn" else None)
            for a, b in zip(model.parameters(), expected.parameters(), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_sets_that_teach_the_same_have_one_key():
    given = given_of()
    one = TrainingSet(given.features, given.targets, 1)
    same = TrainingSet(given.features.copy(), given.targets.copy(), 1)
    assert one.key == same.key
    others = [
        TrainingSet(given.features, given.targets, 2),
        TrainingSet(given.features + 1, given.targets, 1),
        TrainingSet(given.features, (given.targets + 1) % 3, 1),
        TrainingSet(given.features.reshape(80, 8), given.targets, 1),
    ]
    assert len({one.key, *(other.key for other in others)}) == 5


def test_learner_is_of_the_recipe():
    given, recipe = given_of(), ContributorRecipe(learning_rate=0.5, batch_size=7)
    assert learner_for(given, recipe) == Perceptrons(3, 0.5)
    cnn = recipe.changed(model="cnn")
    assert learner_for(given, cnn) == Convolutions(IMAGE, 3, 0.5, 7)
    with pytest.raises(ValueError, match="'cnn' needs images"):
        learner_for(replace(given, image=None), cnn)


# ── Scores ──────────────────────────────────────────────────────────────────────────────────


def test_loss_is_the_cross_entropy_of_the_given_label():
    given = given_of()
    model = build("cnn", 16, IMAGE, 3, 0)
    scored = gradient_scores(given, model, None)
    with torch.no_grad():
        p = model(torch.from_numpy(given.features)).double().softmax(1).numpy()
    expected = -np.log(p[np.arange(40), given.targets])
    np.testing.assert_allclose(scored.losses, expected, rtol=1e-5)
    np.testing.assert_allclose(scored.scores["loss"], -expected, rtol=1e-5)
    assert set(scored.scores) == {"loss"}


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_krum_is_of_gradients_written_out(kind):
    given = given_of()
    model = build(kind, 16, IMAGE, 3, 0)
    gradients = []
    for x, y in zip(given.features, given.targets, strict=True):
        model.zero_grad()
        cross_entropy(model(torch.from_numpy(x[None])), torch.tensor([y])).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]).double())
    squared = (torch.cdist(torch.stack(gradients), torch.stack(gradients)) ** 2).numpy()
    # k = n - f - 2 nearest others, the sample itself at distance 0 left out.
    sums = np.sort(squared, axis=1)[:, 1 : 1 + 40 - 16 - 2].sum(axis=1)
    expected = 1 - (sums - sums.min()) / np.ptp(sums)
    found = gradient_scores(given, model, 16).scores["krum"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_folds_part_the_samples_each_label_alike():
    given = given_of(n=45)
    folds = folds_of(given, np.random.default_rng(0))
    assert sorted(np.concatenate([held for held, _ in folds])) == list(range(45))
    assert len({one.start for _, one in folds}) == 5
    for held, one in folds:
        assert np.bincount(given.targets[held]).tolist() == [3, 3, 3]
        seen = np.setdiff1d(np.arange(45), held)
        assert one.features.tobytes() == given.features[seen].tobytes()
        assert one.targets.tolist() == given.targets[seen].tolist()


def test_out_of_fold_probability_is_by_a_model_that_has_not_seen_the_label():
    trials = [given_of(seed=seed) for seed in (0, 1)]
    learner = Perceptrons(3, 0.01)
    rngs = [np.random.default_rng(seed) for seed in (5, 6)]
    found = out_of_fold_scores(learner, trials, rngs, 4)
    for given, scores, seed in zip(trials, found, (5, 6), strict=True):
        for held, one in folds_of(given, np.random.default_rng(seed)):
            model = plain_model("mlp", one, 3, 4, None)
            with torch.no_grad():
                p = model(torch.from_numpy(given.features[held])).softmax(1).numpy()
            expected = p[np.arange(held.size), given.targets[held]]
            np.testing.assert_allclose(scores[held], expected, rtol=1e-3)


def test_contributors_have_the_means_of_their_samples():
    given, _ = ten()
    assert by_contributor(np.arange(10.0), given).tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]


# ── What stays ──────────────────────────────────────────────────────────────────────────────

SCORE = np.array([0.1, 0.9, 0.2, 1.0, 0.3, 0.8, 0.0, 0.7, 0.4, 0.5])


@pytest.mark.parametrize("name", ["loss", "krum", "out_of_fold"])
def test_the_worst_samples_go_or_the_worst_contributors(name):
    given, recipe = ten(drop=0.4)
    scores = {name: SCORE - 5}  # any numbers: only their order counts
    by_sample = decide(name, given, scores, np.ones(5), recipe)
    assert np.flatnonzero(~by_sample.kept).tolist() == [0, 2, 4, 6]
    # Means 0.5, 0.6, 0.55, 0.35, 0.45: the fourth and the fifth go.
    of_all = decide(f"{name}@contributors", given, scores, np.ones(5), recipe)
    assert np.flatnonzero(~of_all.kept).tolist() == [6, 7, 8, 9]
    assert of_all.of_contributors
    assert not by_sample.of_contributors
    fewer = recipe.changed(drop_samples=0.1)
    assert decide(name, given, scores, np.ones(5), fewer).kept.sum() == 9
    same = decide(f"{name}@contributors", given, scores, np.ones(5), fewer)
    assert same.kept.tolist() == of_all.kept.tolist()


def test_oracle_keeps_the_good_and_uniform_all():
    given, recipe = ten(drop=0.1)
    given = replace(given, bad=np.isin(np.arange(10), [6, 9]))
    assert np.flatnonzero(~decide("oracle", given, {}, np.ones(5), recipe).kept).tolist() == [
        6,
        9,
    ]
    of_all = decide("oracle@contributors", given, {}, np.ones(5), recipe)
    assert np.flatnonzero(~of_all.kept).tolist() == [6, 7, 8, 9]
    assert decide("uniform", given, {}, np.ones(5), recipe).kept.all()


@pytest.mark.parametrize(
    ("s", "branch"),
    [
        ([0.9, 0.8, 0.7, 0.1, 0.2], "blend"),
        ([0.1, 0.2, 0.1, 0.9, 0.8], "krum"),
        ([0.5, 0.6, 0.5, 0.6, 0.4], "uniform"),
    ],
)
def test_gate_decides_on_contributor_means(s, branch):
    given, recipe = ten(drop=0.4)
    s = np.array(s)
    found = decide("two_stage@contributors", given, {"krum": SCORE}, s, recipe)
    means = SCORE.reshape(5, 2).mean(axis=1)
    assert found.weighting.branch == branch
    assert found.weighting.rho_c == pytest.approx(np.corrcoef(means, s)[0, 1])
    np.testing.assert_allclose(found.weighting.weights, two_stage(means, s).weights)
    if branch == "uniform":
        assert found.kept.all()
    else:
        worst = np.argsort(found.weighting.weights)[:2]
        assert (~found.kept == np.isin(HOLDER, worst)).all()


def test_gate_by_sample_has_its_contributor_s_signal():
    given, recipe = ten()
    s = np.array([0.9, 0.8, 0.7, 0.1, 0.2])
    found = decide("two_stage", given, {"krum": SCORE}, s, recipe)
    assert found.weighting.rho_c == pytest.approx(np.corrcoef(SCORE, s[HOLDER])[0, 1])


def test_settings_of_the_gate_count():
    given, _ = ten()
    s = np.array([0.9, 0.8, 0.7, 0.1, 0.2])
    plain = ContributorRecipe()

    def weights(method, **settings):
        recipe = plain.changed(**settings)
        return decide(method, given, {"krum": SCORE}, s, recipe).weighting.weights.tolist()

    for method in ("softmax_blend", "two_stage@contributors"):
        for change in ({"alpha": 0.9}, {"tau": 0.1}):
            assert weights(method, **change) != weights(method)
    for change in ({"tau_h": 0.05}, {"tau_c": 0.99}):
        assert weights("two_stage@contributors", **change) != weights("two_stage@contributors")


def test_scores_that_methods_need():
    assert needed_scores(("uniform", "oracle", "oracle@contributors")) == set()
    assert needed_scores(("softmax_blend@contributors",)) == {"krum"}
    assert needed_scores(METHODS) == {"loss", "krum", "out_of_fold"}
    with pytest.raises(ValueError, match="unknown method 'loss@contributor'; known: uniform"):
        check_method("loss@contributor")
