"""The ANML strategy: signals to weights to model, and the record of all that."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, MetricRecord
from flwr.serverapp.strategy import FedAvg, MultiKrum
from threadpoolctl import threadpool_limits

from anml_fl.method.records import RoundRecord
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.settings.aggregation import Aggregation
from strategies.anml import Anml
from strategies.decision import Decision

N = 10
RNG = np.random.default_rng(3)
UPDATES = np.concatenate([RNG.normal(0, 0.1, (6, 15)) + 1, RNG.normal(0, 0.5, (4, 15)) - 1])
V = np.array([0.8, 0.7, 0.75, 0.4, 0.8, 0.45, 0.2, 0.15, 0.85, 0.25])
R = np.array([0.8, 0.4, 0.7, 0.8, 0.45, 0.7, 0.3, 0.2, 0.75, 0.2])
AGE = np.arange(N, dtype=float)


@pytest.fixture
def registry():
    return InMemoryRegistry(
        {f"c{100 + i}": Standing(V[i], R[i], -AGE[i], 0.1) for i in range(N)}
    )


def by_hand(combination, counts):
    """The whole round in float64, straight from the paper's formulas."""
    k = N - 3 - 2
    squared = ((UPDATES[:, None] - UPDATES[None]) ** 2).sum(axis=2)
    scores = np.sort(squared, axis=1)[:, 1 : k + 1].sum(axis=1)
    q = 1 - (scores - scores.min()) / (scores.max() - scores.min())
    s, T = V * R, np.exp(-0.1 * AGE)

    def softmax(x):
        return np.exp(x) / np.exp(x).sum()

    rho = np.corrcoef(q, s)[0, 1]
    blend = 0.5 * softmax(q) + 0.5 * softmax(s)
    w = {
        "multiplicative": q * V * R,
        "softmax_blend": blend,
        "two_stage": blend if rho > 0.3 else q,
    }[combination] * T
    top = np.argsort(-w, kind="stable")[:7]
    shares = np.zeros(N)
    shares[top] = w[top] * counts[top]
    shares /= shares.sum()
    return q, rho, s.min(), shares, shares @ UPDATES


@pytest.mark.parametrize("combination", ["multiplicative", "softmax_blend", "two_stage"])
def test_a_round_agrees_with_the_formulas(federation, by_node, registry, combination):
    strategy = Anml(combination, registry=registry, roster=by_node)
    counts = np.array([10, 20, 30, 10, 20, 30, 10, 20, 30, 1000])
    sent = federation.ask(strategy, N)
    replies = [
        federation.reply(m, federation.moved(UPDATES[i]), int(counts[i]))
        for i, m in enumerate(sent)
    ]
    arrays, _ = strategy.aggregate_train(1, replies)
    clipped = np.minimum(counts, 5 * np.median(counts))
    q, rho, min_s, shares, update = by_hand(combination, clipped)
    record = strategy.records[-1]
    np.testing.assert_allclose([c.q for c in record.contributors], q, atol=1e-5)
    np.testing.assert_allclose([c.weight for c in record.contributors], shares, atol=1e-6)
    np.testing.assert_allclose([c.s for c in record.contributors], V * R)
    np.testing.assert_allclose([c.T for c in record.contributors], np.exp(-0.1 * AGE))
    assert [c.selected for c in record.contributors] == list(shares > 0)
    assert record.rho_c == pytest.approx(rho, abs=1e-5)
    assert record.min_s == pytest.approx(min_s)
    np.testing.assert_allclose(arrays["b"].numpy(), update[12:], atol=1e-5)
    np.testing.assert_allclose(
        arrays["w"].numpy(), federation.model["w"] + update[:12].reshape(4, 3), atol=1e-5
    )


@pytest.mark.parametrize(
    ("v", "branch", "selected"),
    [
        (np.full(N, 0.9), "uniform", N),
        (V[::-1], "krum", 7),
        (1 - 0.09 * np.arange(N), "blend", 7),
    ],
)
def test_each_branch_is_taken_and_recorded(federation, by_node, v, branch, selected):
    registry = InMemoryRegistry({f"c{100 + i}": Standing(v[i], 0.9) for i in range(N)})
    strategy = Anml(registry=registry, roster=by_node)
    sent = federation.ask(strategy, N)
    strategy.aggregate_train(
        1, [federation.reply(m, federation.moved(UPDATES[i])) for i, m in enumerate(sent)]
    )
    record = strategy.records[-1]
    assert record.branch == branch
    assert sum(c.selected for c in record.contributors) == selected


def test_thresholds_are_settings(federation, by_node, registry):
    strategy = Anml(
        settings=Aggregation(tau_h=0.0, fraction=0.2), registry=registry, roster=by_node
    )
    sent = federation.ask(strategy, N)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert strategy.records[-1].branch == "uniform"


def test_a_round_does_not_depend_on_the_order_of_arrival(federation, by_node, registry):
    made = []
    for order in (range(N), reversed(range(N)), np.random.default_rng(0).permutation(N)):
        strategy = Anml(registry=registry, roster=by_node)
        sent = federation.ask(strategy, N)
        replies = [federation.reply(sent[i], federation.moved(UPDATES[i])) for i in order]
        arrays, _ = strategy.aggregate_train(1, replies)
        made.append((strategy.records[-1].to_json(), arrays["w"].data, arrays["b"].data))
    assert made[0] == made[1] == made[2]


def test_one_attacker_scaled_by_ten_thousand_moves_nothing(federation, by_node, registry):
    def model(last):
        strategy = Anml(registry=registry, roster=by_node)
        sent = federation.ask(strategy, N)
        updates = [*UPDATES[:9], last]
        replies = [
            federation.reply(m, federation.moved(u))
            for m, u in zip(sent, updates, strict=True)
        ]
        return strategy.aggregate_train(1, replies)[0]["b"].numpy(), strategy.records[-1]

    new, record = model(UPDATES[9] * 1e4)
    assert record.contributors[9].q == 0.0
    assert not record.contributors[9].selected
    assert np.abs(new).max() < 2


def test_record_counts_bytes_and_time_and_survives_its_json(federation, by_node, registry):
    strategy = Anml(registry=registry, roster=by_node)
    sent = federation.ask(strategy, N)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent[:4]])
    record = strategy.records[-1]
    size = sum(len(a.data) for a in federation.arrays().values())
    assert (record.bytes_sent, record.bytes_received) == (10 * size, 4 * size)
    assert 0 < record.seconds < 60
    again = RoundRecord.from_json(record.to_json())
    assert again.contributors[:4] == record.contributors[:4]
    assert again.to_json() == record.to_json()
    assert "seconds" not in record.to_json()


def test_unknown_combination_lists_the_known_ones():
    with pytest.raises(ValueError, match="known: two_stage, softmax_blend, multiplicative"):
        Anml("three_stage")


def test_without_settings_it_is_a_strategy_like_any_other(federation):
    strategy = Anml()
    sent = federation.ask(strategy, 5)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    assert [c.contributor for c in strategy.records[-1].contributors] == [
        f"node-{100 + i}" for i in range(5)
    ]


def test_model_that_is_not_finite_is_refused_before_anyone_trains(federation):
    federation.model["w"][0, 0] = np.nan
    with pytest.raises(ValueError, match="global model must be finite"):
        federation.ask(Anml(), 3)


def test_new_model_that_would_overflow_is_credited_to_nobody(federation):
    strategy = Anml("multiplicative")
    federation.model["w"][:] = 0
    largest = {**federation.moved(0.0), "w": np.full((4, 3), np.finfo(np.float32).max)}
    strategy.rule = replace(
        strategy.rule,
        decide=lambda cohort, context: Decision(
            cohort.updates[0] * np.float32(2), np.full(4, 0.25), np.ones(4, bool)
        ),
    )
    arrays, _ = strategy.aggregate_train(
        1, [federation.reply(m, largest) for m in federation.ask(strategy, 4)]
    )
    record = strategy.records[-1]
    assert arrays is None
    assert record.note == "the new model would not be finite: the old one is kept"
    assert {(c.weight, c.selected) for c in record.contributors} == {(0.0, False)}


@pytest.mark.slow
def test_aggregation_takes_at_most_three_times_flowers_fedavg(federation, by_node):
    """100 clients of 1e5 parameters: the same arrays through all three, interleaved."""
    n, d = 100, 100_000
    rng = np.random.default_rng(0)
    federation.model = {"w": rng.standard_normal(d).astype(np.float32)}
    registry = InMemoryRegistry()
    ours, fedavg, multikrum = [], [], []
    values = [rng.standard_normal(d).astype(np.float32) for _ in range(n)]
    for repeat in range(7):
        strategy = Anml(registry=registry, roster=by_node)
        sent = federation.ask(strategy, n)
        for timings, chosen in (
            (ours, strategy),
            (fedavg, FedAvg()),
            (multikrum, MultiKrum(num_malicious_nodes=30, num_nodes_to_select=70)),
        ):
            replies = [
                federation.reply(m, {"w": v}) for m, v in zip(sent, values, strict=True)
            ]
            for reply in replies:
                assert isinstance(reply.content["arrays"], ArrayRecord)
                assert isinstance(reply.content["arrays"]["w"], Array)
                assert isinstance(reply.content["metrics"], MetricRecord)
            # One thread for all three, and CPU time: other work on the machine costs neither.
            with threadpool_limits(limits=1):
                started = time.process_time()
                arrays, _ = chosen.aggregate_train(1, replies)
                timings.append(time.process_time() - started)
            assert arrays is not None, repeat
    best = [min(t) for t in (ours, fedavg, multikrum)]
    print("seconds: ours {:.4f}, FedAvg {:.4f}, MultiKrum {:.4f}".format(*best))
    assert best[0] <= 3 * best[1]
    assert best[0] < best[2]
