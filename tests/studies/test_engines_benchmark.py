"""The benchmark of engines: its loops train the same; by how much one is faster."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from studies.benchmarks import engines
from studies.benchmarks.engines import Row, table


@pytest.fixture
def parts():
    return engines._parts(5)


def test_every_contributor_has_sixteen_digits(parts):
    assert [part.labels.size for part in parts] == [16] * 5
    assert max(part.features.max() for part in parts) <= 1


def test_the_plain_loop_and_the_cohort_train_the_same(parts):
    plain, cohort = engines._plain(parts), engines._cohort(parts)()
    assert plain.keys() == cohort.keys()
    for name, value in plain.items():
        np.testing.assert_allclose(cohort[name], value, atol=1e-6)


def test_byzfls_loop_makes_steps(parts):
    step = engines._byzfl(parts)
    step()
    step()


def test_ratios_are_those_of_the_same_number_of_contributors():
    names = ("simulation", "cohort", "ByzFL's loop", "plain loop")
    rows = [
        Row(name, n, speed * scale, "all")
        for n, scale in ((100, 1.0), (300, 2.0))
        for name, speed in zip(names, (50.0, 6000.0, 500.0, 750.0), strict=True)
    ]
    lines = [line for line in table(rows).splitlines() if line.startswith("| cohort")]
    assert lines == [
        "| cohort | 100 | 6,000 | 120.0 | 12.0 | 8.0 | all |",
        "| cohort | 300 | 12,000 | 120.0 | 12.0 | 8.0 | all |",
    ]


def test_processor_time_is_that_of_all_that_a_command_starts():
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert engines._processor_time([sys.executable, "-c", starts]) > 0.4


def test_a_command_that_fails_is_told():
    with pytest.raises(RuntimeError, match="ended with 3"):
        engines._processor_time([sys.executable, "-c", "raise SystemExit(3)"])
