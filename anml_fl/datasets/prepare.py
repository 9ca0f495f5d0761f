"""From a data set's name to what server and contributors hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import train_test_split

from anml_fl.datasets.partition import deal_dirichlet, deal_iid
from anml_fl.datasets.sources import load
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.sources import Table

_TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples that somebody holds.

    Parameters
    ----------
    features : (n, d) float32
        Standardised.
    labels : (n,) int64
        In [0, classes).
    classes : int
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: int

    def take(self, indices: NDArray[np.intp]) -> Samples:
        """Return the samples at some indices."""
        return Samples(self.features[indices], self.labels[indices], self.classes)


@dataclass(frozen=True, slots=True)
class Dealt:
    """A data set, split and dealt out.

    Parameters
    ----------
    parts : tuple of Samples
        Training samples, one entry a contributor.
    test : Samples
        The server's test set, which no contributor sees.
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    """

    parts: tuple[Samples, ...]
    test: Samples
    image: tuple[int, int, int] | None


def deal(dataset: str, contributors: int, partition: str, seed: int) -> Dealt:
    """Load, split 80/20 by class, standardise on the training part, and deal out.

    Parameters
    ----------
    dataset : str
        As in `sources.load`.
    contributors : int
    partition : str
        "iid" or "dirichlet:ALPHA".
    seed : int

    Returns
    -------
    Dealt
        The same for the same arguments, in any process.

    Raises
    ------
    ValueError
        If the name is unknown, or there are too many contributors.
    OSError
        If the data cannot be had.

    Examples
    --------
    >>> dealt = deal("wine", 4, "iid", seed=0)
    >>> len(dealt.parts), dealt.test.labels.size
    (4, 36)
    """
    return _deal(dataset, contributors, partition, seed, os.environ.get("ANML_DATA_DIR"))


def split(
    labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part samples 80/20, each class alike.

    Parameters
    ----------
    labels : (n,) int64
    rng : numpy.random.Generator

    Returns
    -------
    tuple of int arrays
        Indices of the training and of the test samples.

    Examples
    --------
    >>> train, test = split(np.repeat([0, 1], 5), np.random.default_rng(0))
    >>> len(train), np.repeat([0, 1], 5)[test].sum()
    (8, np.int64(1))
    """
    train, test = train_test_split(
        np.arange(labels.size),
        test_size=_TEST_SHARE,
        stratify=labels,
        random_state=int(rng.integers(2**32)),
    )
    return train, test


def standardised(table: Table, train: NDArray[np.intp]) -> NDArray[np.float32]:
    """Take z-scores by the training samples' means and spreads; indicators stay 0 and 1.

    Parameters
    ----------
    table : Table
    train : (m,) int
        Indices of the training samples.

    Returns
    -------
    (n, d) float32
        Of all samples.

    Examples
    --------
    >>> features = standardised(load("wine"), np.arange(178))
    >>> bool(abs(features.mean()) < 1e-6), bool(abs(features.std() - 1) < 1e-6)
    (True, True)
    """
    mean = np.where(table.indicators, 0.0, table.features[train].mean(axis=0))
    spread = np.where(table.indicators, 1.0, table.features[train].std(axis=0))
    spread[spread == 0] = 1.0
    return ((table.features - mean) / spread).astype(np.float32)


@lru_cache(maxsize=4)
def _deal(
    dataset: str, contributors: int, partition: str, seed: int, folder: str | None
) -> Dealt:
    # The folder only keeps data of another one from being taken for these.
    table = load(dataset)
    train, test = split(table.labels, stream(seed, "split"))
    features = standardised(table, train)
    labels = table.labels[train]
    rng = stream(seed, "partition")
    if partition == "iid":
        shares = deal_iid(labels, contributors, rng)
    else:
        shares = deal_dirichlet(labels, contributors, float(partition.split(":")[1]), rng)
    everything = Samples(features, table.labels, table.classes)
    return Dealt(
        parts=tuple(everything.take(train[share]) for share in shares),
        test=everything.take(test),
        image=table.image,
    )
