"""Company: beside the models themselves, asked with and without each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import ttest_1samp

from anml_fl.method.calibrated.class_shift import class_shift
from anml_fl.method.calibrated.company import Company, settled, significance
from anml_fl.method.calibrated.observed import Observed
from anml_fl.method.calibrated.root import Root


@pytest.mark.parametrize("seed", range(5))
def test_class_shift_is_where_the_cross_entropy_is_least(seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(60, 4)), rng.choice(4, 60, p=[0.1, 0.2, 0.3, 0.4])

    def loss(shift):
        moved = logits + shift
        return (np.log(np.exp(moved).sum(axis=1)) - moved[np.arange(60), labels]).mean()

    found, best = class_shift(logits, labels), minimize(loss, np.zeros(4)).x
    np.testing.assert_allclose(found - found.mean(), best - best.mean(), atol=1e-3)


WIDTH, HIDDEN, KINDS, ROWS = 6, 5, 3, 30


def a_model(kind):
    """Give the size of a model, its outputs (m, C) by its vector, and labels of rows."""
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(ROWS, WIDTH))
    if kind == "linear":
        return (
            WIDTH * KINDS,
            lambda w: rows @ w.reshape(WIDTH, KINDS),
            rng.integers(0, 3, ROWS),
        )
    if kind == "values":

        def out(w):
            hidden = np.tanh(rows @ w[: WIDTH * HIDDEN].reshape(WIDTH, HIDDEN))
            return hidden @ w[WIDTH * HIDDEN :, None]

        return WIDTH * HIDDEN + HIDDEN, out, rng.normal(size=ROWS)

    def said(w):
        hidden = np.tanh(rows @ w[: WIDTH * HIDDEN].reshape(WIDTH, HIDDEN))
        return hidden @ w[WIDTH * HIDDEN :].reshape(HIDDEN, KINDS)

    return WIDTH * HIDDEN + HIDDEN * KINDS, said, rng.integers(0, 3, ROWS)


def a_round(kind, n, seed):
    size, out, labels = a_model(kind)
    rng = np.random.default_rng(seed)
    now = rng.normal(size=size)
    updates = rng.normal(size=(n, size)) * 0.7
    updates[0] *= 9  # beyond the cap
    classes = 1 if kind == "values" else KINDS
    root = Root(labels, classes, lambda s: np.stack([out(now + x) for x in s]), list, "rows")
    examples = rng.uniform(0.2, 2.9, n)
    observed = Observed.of([f"c{i}" for i in range(n)], updates, examples, (), root)

    def said_by(company):
        vectors = (
            updates * np.minimum(1, 2 * np.median(observed.norms) / observed.norms)[:, None]
        )
        inside = np.minimum(examples, np.median(examples)) * company
        return out(now + (inside / inside.sum()) @ vectors)

    def losses(company, live):
        """Losses by row of a company's mean, at the class shift of those who are in."""
        said = said_by(company)
        if kind == "values":
            return np.minimum((said[:, 0] - labels) ** 2 / labels.var(), 9)
        said = said + class_shift(said_by(live), labels)
        total = np.log(np.exp(said).sum(axis=1)) - said[np.arange(ROWS), labels]
        return np.minimum(total, 5)

    return observed, root, losses


@pytest.mark.parametrize("kind", ["linear", "mlp", "values"])
@given(seed=st.integers(0, 1000), n=st.integers(2, 7), inside=st.integers(0, 127))
@settings(max_examples=25, deadline=None)
def test_what_one_brings_is_what_the_model_says_with_and_without_it(kind, seed, n, inside):
    observed, root, losses = a_round(kind, n, seed)
    live = np.array([inside >> i & 1 for i in range(n)], bool)
    live[seed % n] = True
    gains = Company.of(observed, root, live).gains(live)
    for j in range(n):
        others, both = live.copy(), live.copy()
        others[j], both[j] = False, True
        # A company of nobody says nothing.
        expected = np.zeros(ROWS)
        if others.any():
            expected = losses(others, live) - losses(both, live)
        np.testing.assert_allclose(gains[j], expected, atol=1e-8)


@pytest.mark.parametrize("kind", ["linear", "mlp", "values"])
@pytest.mark.parametrize("seed", range(6))
def test_a_few_leave_as_the_models_themselves_say(kind, seed):
    n = 6
    observed, root, losses = a_round(kind, n, seed)
    remembered = np.random.default_rng(seed).normal(size=(n, ROWS)) * 0.1

    def gains(live):
        found = []
        for j in range(n):
            others, both = live.copy(), live.copy()
            others[j], both[j] = False, True
            found.append(losses(others, live) - losses(both, live))
        return np.array(found)

    live = np.ones(n, bool)
    while live.sum() > 2:
        total = remembered + gains(live)
        z = total.mean(axis=1) / (total.std(axis=1, ddof=1) / np.sqrt(ROWS))
        z[~live] = np.inf
        if z.min() >= -2:
            break
        live[z.argmin()] = False
    np.testing.assert_allclose(settled(observed, root, remembered), gains(live), atol=1e-8)


@pytest.mark.parametrize("n", [9, 20])
def test_of_many_the_outputs_of_a_linear_model_are_exact_for_every_company(n):
    observed, root, losses = a_round("linear", n, 1)
    company = Company.of(observed, root, np.ones(n, bool))
    rng = np.random.default_rng(0)
    for _ in range(20):
        live = rng.uniform(size=n) < 0.5
        live[:2] = True
        expected = [
            losses(live ^ (np.arange(n) == j), live) - losses(live, live) for j in range(n)
        ]
        sign = np.where(live, 1, -1)[:, None]
        np.testing.assert_allclose(company.gains(live), sign * expected, atol=1e-8)


def test_significance_is_a_paired_t_statistic():
    gains = np.random.default_rng(0).normal(0.2, 1, (5, 40))
    np.testing.assert_allclose(significance(gains), ttest_1samp(gains, 0, axis=1).statistic)
