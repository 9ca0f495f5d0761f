"""Output rows: by loops, and cleared of every class mix."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.method.calibrated.directions import geometric_median
from anml_fl.method.calibrated.output_rows import OutputLayer, row_agreement


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
