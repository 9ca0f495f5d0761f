"""What credentials are worth, beside scipy on the same penalised likelihood."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from anml_fl.method.calibrated.credential_worth import C, credential_worth

SEEDS = st.integers(0, 2**31)


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
