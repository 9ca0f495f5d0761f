"""The benchmarks of gradients and of cohorts measure what they say, on small data."""

import pytest

from studies.benchmarks import cohort, gradients


@pytest.fixture(scope="module")
def row():
    (one,) = gradients.run(("wine",), epochs=5, yardstick_n=89, repeats=1)
    return one


def test_gradients_row_is_of_all_samples_and_right(row):
    assert (row.n, row.k) == (178, 178 - round(0.3 * 178) - 2)
    assert row.parameters == 13 * 64 + 64 + 64 * 32 + 32 + 32 * 3 + 3
    assert row.error < 1e-5
    assert row.agreement == pytest.approx(1.0)  # a thousand landmarks are all samples
    # Half of the samples: gradients twice, pairs four times.
    times = 2 * row.yardstick_gradients + 4 * row.yardstick_scores
    assert row.yardstick == pytest.approx(times)


def test_gradients_table_has_a_cell_for_every_head(row):
    machine, _, heads, _, line = gradients.table([row]).splitlines()
    assert "one thread" in machine
    assert heads.count("|") == line.count("|")
    assert f"{row.yardstick / row.seconds:.1f}" in line


def test_cohort_row_compares_the_same_training():
    (one,) = cohort.run((cohort.Task("wine", models=3, samples=16, epochs=3),), repeats=1)
    assert one.sizes == (13, 64, 32, 3)
    assert one.difference <= one.largest < 1e-5
    assert one.exact < 1e-12
    plain, ours = (one.plain, one.plain_on_all), (one.ours, one.ours_on_all)
    assert one.speedup == max(ours) / max(plain)
    assert one.on_one == ours[0] / plain[0]
    heads, line = cohort.table([one]).splitlines()[2::2]
    assert heads.count("|") == line.count("|")
