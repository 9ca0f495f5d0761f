"""A gold set: a few answers of each contributor whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned


def graded_answers(
    data: Partitioned, answers: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Check some answers of each contributor, drawn at random.

    Parameters
    ----------
    data : Partitioned
        With true classes.
    answers : int
        How many of each; all, of whoever has fewer.
    seed : int

    Returns
    -------
    tuple of (n,) int64
        How many were right, and how many were checked.

    Raises
    ------
    ValueError
        If the data set's labels are not answers, of which some can be wrong.
    """
    if data.truths is None:
        raise ValueError(
            f"gold: no answers of these data can be checked, so it must be 0, got {answers};"
            " labelme has some"
        )
    right, graded = [], []
    for name, held, truth in zip(data.names, data.parts, data.truths, strict=True):
        drawn = stream(seed, "gold", name).permutation(truth.size)[:answers]
        right.append(int((held.labels[drawn] == truth[drawn]).sum()))
        graded.append(drawn.size)
    return np.array(right), np.array(graded)
