"""The benchmark of `calibrated` measures what it says, on a small round."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from studies.benchmarks import calibrated
from studies.benchmarks.calibrated import Row, geometric_median, model_of
from studies.benchmarks.harness import Timing


def test_a_small_round_is_measured():
    said = []
    (row,) = calibrated.run([(2_000, 10)], repeats=1, progress=said.append)
    assert (row.parameters, row.contributors) == (2_035, 10)
    assert min(row.ours.least, row.rfa.least, row.ours_bytes) > 0
    assert said[-1] == "P = 2000, n = 10, turn 1 of 1: RFA"


@pytest.mark.parametrize("parameters", [2_000, 20_000, 200_000, 3_000_000])
def test_models_have_about_as_many_parameters_as_asked(parameters):
    found = sum(one.numel() for one in model_of(parameters).parameters())
    assert found == pytest.approx(parameters, rel=0.02)


def test_the_yardstick_is_near_the_geometric_median():
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(9, 3)).astype(np.float32), rng.uniform(0.5, 1, 9)

    def total(at):
        return weights @ np.linalg.norm(points - at, axis=1)

    best = minimize(total, np.zeros(3), method="Nelder-Mead").fun
    start = weights @ points / weights.sum()
    found = total(geometric_median(points, weights))
    assert best * 0.999 <= found <= best * 1.001 < total(start)


def test_the_table_gives_the_ratio_of_the_least():
    row = Row(2_000_000, 40, Timing(0.6, 0.7), Timing(0.3, 0.4), 33_000_000)
    last = calibrated.table([row]).splitlines()[-1]
    assert last == (
        "| 2,000,000 | 40 | 0.6000 / 0.7000 | 0.3000 / 0.4000 | 2.0 | 320.0 | 33.0 |"
    )
