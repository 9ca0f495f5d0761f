"""The study of networks: a Transformer on a crowd's sentences, and a CNN on pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from anml_fl.datasets.loading import load
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import krum_scores
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.models.state import error_rate
from anml_fl.seeding import stream
from studies.crowd.answers import gather
from studies.own import transformer
from studies.study import Cell, Variant
from studies.text.crowd import fitted_scores, some_answers, unseen_probabilities
from studies.text.drawing import draw
from studies.text.fitted import FittedNetworks
from studies.text.networks import Network
from studies.text.recipe import CrowdRecipe, NetworkRecipe
from studies.text.repeated import repeated_krum_scores

FOLDER = Path(os.environ.get("ANML_DATA_DIR", "nowhere"))
needs_sentences = pytest.mark.skipif(
    not (FOLDER / "sentiment_crowd_items.csv.gz").is_file(),
    reason="ANML_DATA_DIR has no sentiment_crowd_items.csv.gz",
)
SMALL = NetworkRecipe(samples=40, tested=60, fit=1, epochs=2, batch_size=16)
CROWD = CrowdRecipe(sentences=60, fit=3, steps=2, gold=2)


def rows_of(
    condition: str, methods: tuple[str, ...] = (), **settings: Any
) -> dict[Any, float]:
    """Run one condition's first trial with other settings."""
    (variant,) = (v for v in transformer.variants("sentiment") if v.condition == condition)
    changed = Variant(
        condition, variant.recipe.changed(**settings), methods or variant.methods
    )
    with one_thread():
        rows = transformer.run(Cell("transformer", "sentiment", (changed,), (0,), 0))
    found = {(row.method, row.metric): row.value for row in rows}
    assert len(found) == len(rows)
    return found


def test_scores_of_repeats_are_those_of_every_sample_written_out() -> None:
    torch.manual_seed(0)
    model = build("mlp", 3, None, 2, seed=0)
    rng = np.random.default_rng(1)
    features = rng.normal(size=(9, 3)).astype(np.float32)
    labels = rng.integers(2, size=9)
    times = np.array([1, 4, 2, 1, 1, 7, 3, 1, 2])
    found = repeated_krum_scores(sample_gradients(model, features, labels), times, 5)
    vectors = []
    for row, label in zip(torch.tensor(features), torch.tensor(labels), strict=True):
        loss = cross_entropy(model(row[None]), label[None])
        parts = torch.autograd.grad(loss, list(model.parameters()))
        vectors.append(torch.cat([part.flatten() for part in parts]).double().numpy())
    whole = krum_scores(np.repeat(vectors, times, axis=0), n_byzantine=5)
    np.testing.assert_allclose(
        found, whole[np.cumsum(times) - 1], rtol=1e-4, atol=1e-6 * whole.max()
    )


def test_a_network_kept_on_its_way_is_the_one_that_stops_there() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(10, 4)).astype(np.float32)
    labels = rng.integers(3, size=10)
    network = Network("mlp", 4, 3, None, 0, learning_rate=0.01, batch_size=4)
    kept = network.train(features, labels, 5, (7, 0, 3))
    assert network.steps(10, 2) == 6
    expected = build("mlp", 4, None, 3, 5)
    optimiser = torch.optim.Adam(expected.parameters(), lr=0.01)
    order = stream(5, "order")
    batches = [b for _ in range(3) for b in torch.from_numpy(order.permutation(10)).split(4)]
    for step, batch in enumerate(batches[:7]):
        if step in kept:
            _same(kept[step], expected)
        optimiser.zero_grad()
        cross_entropy(
            expected(torch.tensor(features)[batch]), torch.tensor(labels)[batch]
        ).backward()
        optimiser.step()
    _same(kept[7], expected)


def _same(one: torch.nn.Module, other: torch.nn.Module) -> None:
    for left, right in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-7)


@needs_sentences
def test_every_model_learns_from_the_same_sentences_with_the_same_flips() -> None:
    table = load("sentiment")
    assert table.truth is not None
    assert table.items is not None
    assert table.holder is not None
    one = draw("sentiment", SMALL, 0, 0).samples
    other = draw("sentiment", SMALL.changed(model="mlp"), 0, 0).samples
    assert np.array_equal(one.targets, other.targets)
    assert np.array_equal(one.test_targets, other.test_targets)
    assert one.bad.sum() == 12
    # The true label of each sentence, read from the table's rows by its tokens.
    labels = {
        row.tobytes(): int(true)
        for row, true in zip(table.features.astype(np.float32), table.truth, strict=True)
    }
    truth = np.array([labels[row.tobytes()] for row in one.features])
    assert np.array_equal(one.targets != truth, one.bad)
    assert len({row.tobytes() for row in one.features}) == 40
    for tokens, counts in zip(one.features, other.features, strict=True):
        words, times = np.unique(tokens[tokens > 0].astype(int), return_counts=True)
        assert np.array_equal(np.flatnonzero(counts), words)
        assert np.array_equal(counts[words], times)
    assert not np.array_equal(one.features, draw("sentiment", SMALL, 0, 1).samples.features)


@needs_sentences
def test_what_networks_have_no_data_for_is_refused() -> None:
    with pytest.raises(ValueError, match="attack must be 'flip' where networks are trained"):
        draw("sentiment", SMALL.changed(attack="aligned"), 0, 0)
    with pytest.raises(ValueError, match="model cnn needs images"):
        FittedNetworks("sentiment", 0, SMALL.changed(model="cnn"), (0,), (1,)).gradients(0, 1)


@needs_sentences
def test_q_is_that_of_the_network_on_its_way_and_its_end_is_no_defence() -> None:
    fitted = FittedNetworks("sentiment", 0, SMALL, (0,), (1, 2))
    one, model = fitted.drawn[0], fitted.networks[0][1]
    found = fitted.gradients(0, 1)
    row, label = torch.tensor(one.features[7:8]), torch.tensor(one.targets[7:8])
    parts = torch.autograd.grad(cross_entropy(model(row), label), list(model.parameters()))
    length = sum(float(part.double().square().sum()) for part in parts)
    assert found.squared_norms[7] == pytest.approx(length, rel=1e-4)
    everything, half = np.arange(40), np.arange(0, 40, 2)
    errors = fitted.trained([(0, everything), (0, half)], SMALL)
    end = fitted.networks[0][2]
    assert errors[0] == error_rate(end, one.test_features, one.test_targets.astype(np.int64))
    # Trained anew on all, from the same weights in the same order, it is the same.
    again = fitted.trained([(0, everything)], SMALL.changed(epochs=2))
    alone = FittedNetworks("sentiment", 0, SMALL, (0,), (1,)).trained([(0, everything)], SMALL)
    assert errors[0] == again[0] == alone[0]


@needs_sentences
def test_answers_are_some_sentences_answers_and_nobody_is_without_any() -> None:
    everything = gather("sentiment", 5, 0)
    some = some_answers("sentiment", CROWD, 0, 0)
    assert some.first.size == 60
    assert some.counts.min() >= 1
    assert some.annotators < everything.annotators
    given = {
        (row.tobytes(), int(label), int(true))
        for row, label, true in zip(
            everything.features, everything.labels, everything.truth, strict=True
        )
    }
    for row, label, true in zip(some.features, some.labels, some.truth, strict=True):
        assert (row.tobytes(), int(label), int(true)) in given
    checked = np.bincount(some.holder[some.gold], minlength=some.annotators)
    assert np.array_equal(checked, np.minimum(some.counts, 2))


@needs_sentences
def test_scores_are_of_answers_and_unseen_ones_do_not_depend_on_them() -> None:
    answers = some_answers("sentiment", CROWD, 0, 0)
    network = Network("transformer", 32, 2, None, load("sentiment").vocabulary, 0.01, 16)
    scores = fitted_scores(network, answers, CROWD, 3)
    same = (answers.items == answers.items[0]) & (answers.labels == answers.labels[0])
    assert np.ptp(scores["krum"][same]) == 0.0
    assert (scores["krum"].min(), scores["krum"].max()) == (0.0, 1.0)
    unseen = unseen_probabilities(network, answers, 3, 8)
    np.testing.assert_allclose(unseen.sum(axis=1), 1.0)
    # Of the sentences of one fold every answer is turned round: what is said of them stays.
    fold = stream(8, "folds").permutation(60) % 5
    labels = np.where(fold[answers.items] == 2, 1 - answers.labels, answers.labels)
    turned = unseen_probabilities(network, replace(answers, labels=labels), 3, 8)
    assert np.array_equal(turned[fold == 2], unseen[fold == 2])
    assert not np.array_equal(turned[fold == 1], unseen[fold == 1])


@needs_sentences
def test_each_level_measures_what_its_table_shows() -> None:
    near = rows_of("level=approximations;k=20", in_trials=(0,), samples=80, fit=1)
    assert near["exact", "spearman"] == pytest.approx(1.0)
    assert near["exact", "seconds"] > 0
    assert near["landmarks;m=100", "spearman"] == pytest.approx(1.0)  # 80 are all of them
    assert near["projection;d=64", "spearman"] < 1.0
    people = rows_of("level=annotators", in_trials=(0,), sentences=200, fit=2, steps=2)
    for lesson in transformer.LESSONS:
        assert 0 < people[lesson, "error"] < 1
    assert people["truth", "right"] == 1.0
    assert people["majority_vote", "right"] > people["answers", "right"]
    assert people["dawid_skene", "spearman"] > 0.3
    assert rows_of("level=annotators", in_trials=(1,)) == {}


@needs_sentences
@pytest.mark.slow
def test_a_federation_of_203_says_what_its_attackers_get() -> None:
    methods = ("pooled", "fedavg")
    found = rows_of("level=federation;attackers=30%", methods, in_trials=(0,), rounds=1)
    # FedAvg takes everybody, each by its answers, of which no more than five medians count.
    answers = gather("sentiment", 1, 0)
    counts = np.minimum(answers.counts, 5 * np.median(answers.counts))
    largest = np.sort(counts)[::-1][:61].sum() / counts.sum()
    assert 0 < found["fedavg", "attackers_weight"] <= largest
    assert found["fedavg", "attackers_kept"] == found["fedavg", "honest_kept"] == 1.0
    assert 0.4 < found["fedavg", "error"] < 0.6
    # In one place, the answers teach what one round does not.
    assert found["pooled", "error"] < 0.45
    assert ("pooled", "spearman_q") not in found
