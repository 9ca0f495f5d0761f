"""Keep a fifth of the samples for testing, of each class or contributor alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# So many of those with the fewest samples are named.
_NAMED = 4
_TEST_SHARE = 0.2


def split(
    labels: NDArray[np.int64], rng: np.random.Generator, names: Sequence[str] = ()
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part samples 80/20, each class alike.

    Parameters
    ----------
    labels : (n,) int64
    rng : numpy.random.Generator
    names : sequence of str
        What each label is called in a message; `class N` if it is empty.

    Returns
    -------
    tuple of int arrays
        Indices of the training and of the test samples.

    Raises
    ------
    ValueError
        If some class has too few samples for both: naming it.

    Examples
    --------
    >>> train, test = split(np.repeat([0, 1], 5), np.random.default_rng(0))
    >>> len(train), np.repeat([0, 1], 5)[test].sum()
    (8, np.int64(1))
    """
    found, counts = np.unique(labels, return_counts=True)
    # As many as scikit-learn takes: one a class at least, and one is left to train on.
    if (
        not counts.size
        or counts.min() < 2
        or math.ceil(_TEST_SHARE * labels.size) < found.size
    ):
        fewest = ", ".join(
            f"{names[found[i]] if names else f'class {found[i]}'} has {counts[i]}"
            for i in np.argsort(counts, kind="stable")[:_NAMED]
        ) + (f" and {found.size - _NAMED} more as many or more" if found.size > _NAMED else "")
        raise ValueError(
            f"too few samples to keep a fifth for testing: of {labels.size},"
            f" {fewest or 'there is none'}; 5 of each are enough"
        )
    train, test = train_test_split(
        np.arange(labels.size),
        test_size=_TEST_SHARE,
        stratify=labels,
        random_state=int(rng.integers(2**32)),
    )
    return train, test
