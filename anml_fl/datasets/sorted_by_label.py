"""The partition sorted by label: the hardest skew with parts of one size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.prepare import Samples

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Partitioned

SORTED = "sorted"
"""The partition in which training samples are sorted by label and cut into equal parts."""


def sorted_by_label(dealt: Partitioned) -> Partitioned:
    """Sort what was dealt out evenly by label, and deal it out anew in that order.

    Karimireddy, He, Jaggi: Byzantine-robust learning on heterogeneous datasets, ICLR 2022. A
    contributor of n has one class or two, where n is at least the number of classes. Within a
    class samples keep the random order in which they were dealt out.

    Parameters
    ----------
    dealt : Partitioned
        By "iid": which sample was dealt to whom is the chance in it.

    Returns
    -------
    Partitioned
        The same samples, names and test set.

    Examples
    --------
    >>> from anml_fl.datasets.prepare import deal
    >>> parts = sorted_by_label(deal("wine", 6, "iid", seed=0)).parts
    >>> [sorted({int(label) for label in part.labels}) for part in parts]
    [[0], [0, 1], [1], [1], [1, 2], [2]]
    """
    labels = np.concatenate([part.labels for part in dealt.parts])
    features = np.concatenate([part.features for part in dealt.parts])
    shares = np.array_split(np.argsort(labels, kind="stable"), len(dealt.parts))
    truths = dealt.truths
    if truths is not None:
        every = np.concatenate(truths)
        truths = tuple(every[share] for share in shares)
    parts = tuple(
        Samples(features[share], labels[share], dealt.test.classes) for share in shares
    )
    return replace(dealt, parts=parts, truths=truths)
