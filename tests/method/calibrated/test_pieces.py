"""Each piece of `calibrated` by another route: roots, scipy, loops, the models themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import ttest_1samp

from anml_fl.method.calibrated.claimed_counts import LARGEST, earned_shares, fedavg_shares
from anml_fl.method.calibrated.class_shift import class_shift
from anml_fl.method.calibrated.company import Company, settled, significance
from anml_fl.method.calibrated.copies import copies, similarity
from anml_fl.method.calibrated.credential_worth import C, credential_worth
from anml_fl.method.calibrated.directions import geometric_median, lengths, units
from anml_fl.method.calibrated.evidence import scaled
from anml_fl.method.calibrated.observed import Observed
from anml_fl.method.calibrated.output_rows import OutputLayer, row_agreement
from anml_fl.method.calibrated.root import Root
from anml_fl.method.calibrated.sketch import SIZE, sketch

SEEDS = st.integers(0, 2**31)


# Worth of credentials.


def fitted(verdicts, v, r, base):
    """Maximise the same penalised likelihood without each in turn, by scipy."""
    signals = np.stack([v - v.mean(), r - r.mean()], axis=1) / 0.2
    rows = np.column_stack([np.ones(v.size), signals])
    prior, precision = np.array([base, 1.5, 1.5]), np.array([1.0, 4.0, 4.0])
    worth = []
    for i in range(v.size):
        others = np.arange(v.size) != i

        def loss(slopes, others=others):
            at = rows[others] @ slopes
            value = (np.logaddexp(0, at) - verdicts[others] * at).sum()
            value += (precision * (slopes - prior) ** 2).sum() / 2
            gradient = rows[others].T @ (expit(at) - verdicts[others])
            return value, gradient + precision * (slopes - prior)

        bounds = [(None, None), (0, None), (0, None)]
        options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10}
        found = minimize(
            loss, prior, jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        worth.append(signals[i] @ found.x[1:])
    return np.clip(worth, -C, C)


@given(
    seed=SEEDS,
    n=st.integers(1, 40),
    kind=st.sampled_from(["any", "sharp", "bought", "alike"]),
)
@settings(max_examples=60, deadline=None)
def test_worth_is_what_scipy_makes_of_the_same_likelihood(seed, n, kind):
    rng = np.random.default_rng(seed)
    verdicts, v, r = rng.uniform(size=(3, n))
    if kind == "sharp":
        verdicts **= rng.choice([0.05, 8.0], n)
    elif kind == "bought":
        # Whom evidence speaks against has the best credentials: slopes end at 0.
        verdicts = (v < 0.5) * 1.0
    elif kind == "alike":
        r = np.clip(v + 0.02 * rng.normal(size=n), 0, 1)
    base = 2 * rng.normal()
    worth, _ = credential_worth(verdicts, v, r, base)
    np.testing.assert_allclose(worth, fitted(verdicts, v, r, base), atol=1e-5)


def test_worth_grows_with_what_credentials_told_of_the_others():
    rng = np.random.default_rng(0)
    honest = np.arange(20) >= 8
    told, untold = [], []
    for informative, into in ((True, told), (False, untold)):
        v = np.where(honest, 0.8, 0.3) if informative else rng.uniform(size=20)
        _, slopes = credential_worth(honest * 0.9 + 0.05, v, np.full(20, 0.5), 1.0)
        into.append(slopes[0])
    assert told[0] > 2 * untold[0]


# Directions, sketches.


@given(seed=SEEDS, d=st.integers(1, 5000))
@settings(max_examples=50)
def test_a_sketch_is_linear_and_keeps_short_vectors(seed, d):
    a, b = np.random.default_rng(seed).normal(size=(2, d))
    np.testing.assert_allclose(
        sketch(np.stack([a + 2 * b]))[0], sketch(np.stack([a]))[0] + 2 * sketch(b[None])[0],
        atol=1e-9,
    )  # fmt: skip
    if d <= SIZE:
        np.testing.assert_array_equal(sketch(a[None])[0], a)


def test_each_element_goes_to_one_place_with_a_sign():
    d = SIZE * 256 + SIZE + 7  # more than one block of signs
    places = [0, SIZE - 1, SIZE, SIZE * 256, d - 1]
    for j in places:
        one = np.zeros((1, d), np.float32)
        one[0, j] = 3.0
        found = sketch(one)[0]
        assert np.flatnonzero(found).tolist() == [j % SIZE]
        assert abs(found[j % SIZE]) == 3.0


def test_inner_products_of_sketches_are_unbiased():
    # Other signs: the same vectors with their elements at other places.
    rng = np.random.default_rng(1)
    a = rng.normal(size=6 * SIZE)
    b = 0.6 * a + 0.8 * rng.normal(size=a.size)
    found = []
    for _ in range(200):
        order = rng.permutation(a.size)
        x, y = sketch(np.stack([a[order], b[order]]))
        found.append(x @ y / (a @ b))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - 1) < 4 * error
    # The known spread of a count sketch: sqrt((|a|^2 |b|^2 + <a, b>^2) / SIZE) at the most.
    most = np.sqrt(((a @ a) * (b @ b) + (a @ b) ** 2) / SIZE) / (a @ b)
    assert np.std(found) < 1.3 * most


@given(seed=SEEDS, n=st.integers(1, 12), k=st.integers(1, 6))
@settings(max_examples=50)
def test_the_geometric_median_is_no_worse_than_scipys(seed, n, k):
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(n, k)), rng.uniform(0.1, 1, n)

    def total(at):
        return float(weights @ np.sqrt(((points - at) ** 2).sum(axis=1)))

    best = minimize(total, points.mean(axis=0), method="Nelder-Mead").fun
    best = min(best, *map(total, points))
    assert total(geometric_median(points, weights, 200)) <= best * 1.001 + 1e-5
    # The eight steps that are taken come near.
    assert total(geometric_median(points, weights)) <= best * 1.05 + 1e-5


def test_lengths_of_float32_are_those_of_float64():
    updates = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32) * 1e30
    np.testing.assert_allclose(lengths(updates), np.linalg.norm(updates.astype(float), axis=1))
    np.testing.assert_allclose(np.linalg.norm(units(updates), axis=1), 1.0)


# Output rows.


def test_row_agreement_by_loops():
    rng = np.random.default_rng(3)
    n, classes, width = 7, 4, 5
    rows = rng.normal(size=(n, classes, width)) + 1.0
    voices = rng.uniform(0.2, 1, n)
    middle = geometric_median(rows.reshape(n, -1), voices).reshape(classes, width)
    expected = []
    for i in range(n):
        above = sum(rows[i, c] @ middle[c] for c in range(classes))
        below = sum(
            np.linalg.norm(rows[i, c]) * np.linalg.norm(middle[c]) for c in range(classes)
        )
        expected.append(above / below)
    np.testing.assert_allclose(row_agreement(rows, voices), expected)


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_a_class_mix_leaves_nothing_in_the_rows(scale):
    # One more of class c moves W_c along the mean features h and b_c: W = b h^T.
    rng = np.random.default_rng(0)
    bias = rng.normal(size=3)
    bias -= bias.mean()
    weight = np.outer(bias, rng.normal(size=5))
    update = scale * np.concatenate([rng.normal(size=4), weight.ravel(), bias])
    rows = OutputLayer.of([(4,), (3, 5), (3,)]).rows(update[None])[0]
    assert np.abs(rows).max() < 1e-12 * scale


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [(3,)],
        [(5, 4), (5,), (5,)],  # a norm layer is last
        [(4, 4, 3), (4,)],
        [(1, 4), (1,)],
        [(3, 4), (5,)],
        [(3, 4), (3, 4)],
    ],
)
def test_other_shapes_have_no_output_layer(shapes):
    assert OutputLayer.of(shapes) is None


# Scales, claims, copies.


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


# Company.


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
