"""Rules of the loss on a root set: the losses, loss drop, FedGreed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.robust.fedgreed import fedgreed
from anml_fl.method.robust.loss_drop import loss_drop
from anml_fl.method.robust.root_loss import root_losses, silent


def test_losses_are_torchs():
    rng = np.random.default_rng(0)
    logits, labels = 5 * rng.normal(size=(4, 7, 3)), rng.integers(0, 3, 7)
    expected = [
        torch.nn.functional.cross_entropy(torch.tensor(one), torch.tensor(labels)).item()
        for one in logits
    ]
    np.testing.assert_allclose(root_losses(logits, labels, 3), expected)
    values, wanted = rng.normal(size=(4, 7, 1)), rng.normal(size=7)
    squares = [((one[:, 0] - wanted) ** 2).mean() for one in values]
    np.testing.assert_allclose(root_losses(values, wanted, 1), squares)


def test_the_largest_outputs_have_a_finite_loss():
    outputs = np.array([[[1e6, -1e6]], [[-1e6, 1e6]]])
    np.testing.assert_array_equal(root_losses(outputs, np.array([0]), 2), [0.0, 2e6])


def test_silent_is_who_says_nothing_of_some_row():
    outputs = np.ones((3, 4, 2))
    outputs[1, 2] = 0.0
    outputs[2, :, 0] = 0.0
    np.testing.assert_array_equal(silent(outputs), [False, True, False])


# ── Loss drop ───────────────────────────────────────────────────────────────────────────────

LOSSES = st.lists(st.floats(0, 1e6) | st.just(np.inf), min_size=1, max_size=12)


@given(LOSSES, st.floats(0, 1e6))
def test_loss_drop_shares_by_what_each_gains(losses, now):
    losses = np.array(losses)
    factors = 1.0 + np.arange(losses.size)
    gains = [
        f * (now - loss) if loss < now else 0.0
        for f, loss in zip(factors, losses, strict=True)
    ]
    shares = loss_drop(losses, now, factors)
    if sum(gains) == 0:
        assert not shares.any()
    else:
        np.testing.assert_allclose(shares, np.array(gains) / sum(gains), atol=1e-12)
        assert shares.sum() == pytest.approx(1.0)


# ── FedGreed ────────────────────────────────────────────────────────────────────────────────


def greedily(updates, factors, loss):
    """One after the other, as the paper's algorithm has it."""
    order = np.argsort([loss(update) for update in updates], kind="stable")
    taken = [order[0]]
    best = loss(updates[order[0]])
    for one in order[1:]:
        more = [*taken, one]
        new = loss(np.average(updates[more], axis=0, weights=factors[more]))
        if new >= best:
            break
        taken, best = more, new
    return sorted(int(one) for one in taken)


@given(st.integers(1, 30), st.integers(0, 10_000), st.booleans())
def test_fedgreed_stops_at_the_first_that_does_not_help(n, seed, alike):
    rng = np.random.default_rng(seed)
    updates, factors = rng.normal(size=(n, 20)), rng.uniform(0.5, 2.0, n)
    wanted = updates.mean(axis=0) if alike else np.zeros(20)
    asked = []

    def loss(update):
        return float(((update - wanted) ** 2).sum())

    def loss_of(shares):
        asked.append(len(shares))
        np.testing.assert_allclose(shares.sum(axis=1), 1.0)
        return np.array([loss(one) for one in shares @ updates])

    shares = fedgreed(np.array([loss(one) for one in updates]), factors, loss_of)
    taken = greedily(updates, factors, loss)
    assert np.flatnonzero(shares).tolist() == taken
    np.testing.assert_allclose(shares[taken], factors[taken] / factors[taken].sum())
    # No more means are asked than in the block where it stops.
    assert sum(asked) <= 8 * (-(-len(taken) // 8))
    assert sum(asked) <= max(n - 1, 0)


def test_fedgreed_never_takes_who_says_nothing():
    def loss_of(shares):
        assert (shares[:, [0, 2]] == 0).all()
        return np.zeros(len(shares))

    losses = np.array([np.inf, 2.0, np.inf, 3.0])
    np.testing.assert_array_equal(fedgreed(losses, np.ones(4), loss_of), [0, 0.5, 0, 0.5])
    assert not fedgreed(np.full(3, np.inf), np.ones(3), loss_of).any()
