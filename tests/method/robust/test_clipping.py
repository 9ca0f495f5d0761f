"""Lengths, and what is clipped or left out by them: norm clipping, ARC, CGE."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.robust.arc import arc
from anml_fl.method.robust.blocks import lengths, mixed, weighted_sum
from anml_fl.method.robust.cge import cge
from anml_fl.method.robust.norm_clipping import clipped_to, norm_clipping
from studies.benchmarks.byzfl_modules import byzfl_module

SIZES = arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1e300))


def test_lengths_are_those_of_numpy_over_several_blocks():
    vectors = np.random.default_rng(0).standard_normal((9, 70_000)).astype(np.float32)
    centre = np.random.default_rng(1).standard_normal(70_000)
    wide = vectors.astype(np.float64)
    np.testing.assert_allclose(lengths(vectors), np.linalg.norm(wide, axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        lengths(vectors, centre), np.linalg.norm(wide - centre, axis=1), rtol=1e-12
    )


def test_lengths_of_the_largest_and_smallest_numbers():
    vectors = np.array([[3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0]])
    np.testing.assert_allclose(lengths(vectors), [5e200, 5e-200, 0.0])


def test_mixing_over_several_blocks_and_at_the_end_of_the_range():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5, 120_000)).astype(np.float32)
    mixing = rng.dirichlet(np.ones(5), 3)
    np.testing.assert_allclose(
        mixed(mixing, vectors), mixing @ vectors.astype(np.float64), atol=1e-6
    )
    np.testing.assert_allclose(
        weighted_sum(mixing[0], vectors), mixing[0] @ vectors.astype(np.float64), atol=1e-12
    )
    most = np.full((7, 2), np.finfo(np.float32).max)
    thirds = mixed(np.full((1, 7), 1 / 7 + 1e-9), most)
    assert thirds.dtype == np.float32
    np.testing.assert_array_equal(thirds, most[:1])


@given(SIZES)
def test_nothing_is_longer_than_the_median_and_what_is_not_stays(sizes):
    factors, middle = norm_clipping(sizes), np.median(sizes)
    # A factor below float64's least normal number has few digits or none.
    assume(middle == 0 or middle / sizes.max() >= np.finfo(np.float64).tiny)
    assert (factors * sizes <= middle * (1 + 1e-12)).all()
    np.testing.assert_array_equal(factors[sizes <= middle], 1.0)
    np.testing.assert_allclose((factors * sizes)[sizes > middle], middle)


@given(SIZES, st.integers(0, 15), st.data())
def test_arc_clips_as_many_as_its_paper_says(sizes, f, data):
    n = sizes.size
    factors = arc(sizes, f)
    least = sorted(sizes)[n - (2 * min(f, n) * (n - min(f, n))) // n - 1]
    np.testing.assert_array_equal(factors, clipped_to(sizes, least))
    if f == 0:
        np.testing.assert_array_equal(factors, np.ones(n))
    order = data.draw(st.permutations(range(n)))
    np.testing.assert_array_equal(arc(sizes[list(order)], f), factors[list(order)])


@pytest.mark.parametrize(("n", "f"), [(10, 0), (10, 1), (10, 3), (13, 4), (20, 9), (5, 2)])
def test_arc_and_clipping_agree_with_byzfl(n, f):
    theirs = byzfl_module("aggregators")
    vectors = (
        np.random.default_rng(n + f).standard_normal((n, 30)) * np.arange(1, n + 1)[:, None]
    )
    sizes = lengths(vectors)
    np.testing.assert_allclose(
        mixed(arc(sizes, f), vectors), theirs.ARC(f)(vectors.copy()), atol=1e-6
    )
    middle = float(np.median(sizes))
    np.testing.assert_allclose(
        mixed(norm_clipping(sizes), vectors),
        theirs.Clipping(middle)(vectors.copy()),
        atol=1e-6,
    )


@given(SIZES, st.integers(0, 15))
def test_cge_keeps_the_shortest(sizes, f):
    kept = cge(sizes, f)
    assert kept.sum() == max(1, sizes.size - f)
    if not kept.all():
        assert sizes[kept].max() <= sizes[~kept].min()


def test_cge_takes_the_earlier_of_the_same_length():
    np.testing.assert_array_equal(cge(np.ones(4), 2), [True, True, False, False])
