"""From a data set's name to what server and contributors hold."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.holdout import split
from anml_fl.datasets.loading import load
from anml_fl.datasets.partition import deal_dirichlet, deal_iid
from anml_fl.datasets.schema import number
from anml_fl.datasets.standardise import standardised
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.datasets.table import Table

# Up to so many contributors are named; of more it is said how many they are.
_NAMED = 8

NATURAL = "natural"
"""The partition in which everybody holds what they gathered."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples that somebody holds.

    Parameters
    ----------
    features : (n, d) float32
        Standardised.
    labels : (n,) int64
        In [0, classes). Or values, float32 and standardised, where there is one class alone.
    classes : int
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: int

    def take(self, indices: NDArray[np.intp]) -> Samples:
        """Return the samples at some indices."""
        return Samples(self.features[indices], self.labels[indices], self.classes)


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A data set, split and found out.

    Parameters
    ----------
    parts : tuple of Samples
        Training samples, one entry a contributor.
    test : Samples
        The server's test set, which no contributor sees.
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    names : tuple of str
        Stable identity of each contributor, as in `parts`.
    tested : (m,) int64, optional
        Whose each test sample is, as a place in `names`; -1 where it is none of theirs. None
        where samples belong to nobody.
    truths : tuple of (n,) int64, optional
        True classes of each contributor's samples, where labels are its own answers.
    notes : tuple of str
        What is odd in the data or the deal, and no mistake.
    vocabulary : int
        How many tokens there are, where a row is a text of token ids; else 0.
    """

    parts: tuple[Samples, ...]
    test: Samples
    image: tuple[int, int, int] | None
    names: tuple[str, ...]
    tested: NDArray[np.int64] | None = None
    truths: tuple[NDArray[np.int64], ...] | None = None
    notes: tuple[str, ...] = ()
    vocabulary: int = 0


def deal(
    dataset: str, contributors: int, partition: str, seed: int, leave_out: str = ""
) -> Partitioned:
    """Load, split 80/20, standardise on the training part, and deal out.

    What is missing becomes the training part's median. The split is by class, or by
    contributor where everybody holds what they gathered; a data set that comes with rows for
    testing is tested on these.

    Parameters
    ----------
    dataset : str
        As in `loading.load`.
    contributors : int
        Where there are more who gathered data, as many of them are drawn.
    partition : str
        "iid", "dirichlet:ALPHA" or "natural".
    seed : int
    leave_out : str
        Who takes no part in "natural", and is tested on instead: all of its rows, and nobody
        else's. Where rows are given for testing, these stay the test.

    Returns
    -------
    Partitioned
        The same for the same arguments, in any process.

    Raises
    ------
    ValueError
        If a name is unknown, there are too many contributors, the data do not say who
        gathered them, or training or test samples are too few or of one class alone.
    OSError
        If the data cannot be had, or are not what they must be.

    Examples
    --------
    >>> found = deal("wine", 4, "iid", seed=0)
    >>> len(found.parts), found.test.labels.size, found.names[3]
    (4, 36, 'contributor-0003')
    """
    folder = os.environ.get("ANML_DATA_DIR")
    return _deal(dataset, contributors, partition, seed, leave_out, folder)


def deal_among(
    dataset: str, members: tuple[str, ...], seed: int, leave_out: str = ""
) -> Partitioned:
    """Deal out as "natural" does, among those who are named, whoever the seed would draw.

    Parameters
    ----------
    dataset : str
    members : tuple of str
        Who takes part.
    seed : int
    leave_out : str
        As in `deal`.

    Examples
    --------
    >>> import os
    >>> "ANML_DATA_DIR" not in os.environ or deal_among(
    ...     "heart_disease", ("va", "cleveland"), 7
    ... ).names == ("cleveland", "va")
    True
    """
    table = load(dataset)
    kept = [
        place for place, name in enumerate(table.contributors) if name in (*members, leave_out)
    ]
    holder = table.holder
    if holder is not None:
        # Others' rows are nobody's here; -1 are rows for testing, and stay so.
        places = np.full(len(table.contributors) + 1, len(kept))
        places[[*kept, -1]] = [*range(len(kept)), -1]
        rows = np.flatnonzero(places[holder] < len(kept))
        table = _rows_of(table, rows, places[holder[rows]])
    names = tuple(table.contributors[place] for place in kept)
    among = replace(table, contributors=names)
    return _natural(dataset, among, len(members), seed, leave_out)


def _rows_of(table: Table, rows: NDArray[np.intp], holder: NDArray[np.int64]) -> Table:
    return replace(
        table,
        features=table.features[rows],
        labels=table.labels[rows],
        holder=holder,
        truth=None if table.truth is None else table.truth[rows],
        items=None if table.items is None else table.items[rows],
    )


def contributor_id(index: int) -> str:
    """Stable identity of the contributor that holds a partition of nobody's samples.

    Examples
    --------
    >>> contributor_id(3)
    'contributor-0003'
    """
    return f"contributor-{index:04d}"


@lru_cache(maxsize=4)
def _deal(
    dataset: str,
    contributors: int,
    partition: str,
    seed: int,
    leave_out: str,
    folder: str | None,
) -> Partitioned:
    # The folder only keeps data of another one from being taken for these.
    table = load(dataset)
    if partition == NATURAL:
        return _natural(dataset, table, contributors, seed, leave_out)
    if leave_out:
        raise ValueError(
            f"leave_out: {leave_out!r} can be left out of partition {NATURAL!r} alone, got"
            f" partition {partition!r}"
        )
    given = np.array([]) if table.holder is None else np.flatnonzero(table.holder < 0)
    if given.size:
        train, test = np.setdiff1d(np.arange(table.labels.size), given), given
    else:
        train, test = split(table.labels, stream(seed, "split"))
    rng = stream(seed, "partition")
    if partition == "iid":
        shares = deal_iid(table.labels[train], contributors, rng)
    else:
        alpha = _alpha(partition)
        shares = deal_dirichlet(table.labels[train], contributors, alpha, rng)
    names = tuple(map(contributor_id, range(contributors)))
    return _held(dataset, table, [train[share] for share in shares], test, names)


def _alpha(partition: str) -> float:
    kind, _, alpha = partition.partition(":")
    found = number(alpha) if kind == "dirichlet" else None
    if found is None or not 0 < found < math.inf:
        raise ValueError(
            f"partition must be 'iid', 'natural', or 'dirichlet:ALPHA' with ALPHA > 0, got"
            f" {partition!r}"
        )
    return found


def _natural(
    dataset: str, table: Table, contributors: int, seed: int, leave_out: str
) -> Partitioned:
    """Leave everybody what they gathered, but a fifth of it for testing."""
    everyone = table.contributors
    if table.holder is None:
        raise ValueError(
            f"partition: {dataset} does not say who gathered it, as {NATURAL!r} needs; those"
            " that do: heart_disease, labelme, mnist_writers"
        )
    if leave_out and leave_out not in everyone:
        raise ValueError(
            f"leave_out: {leave_out!r} is none of {dataset}'s contributors; known:"
            f" {', '.join(everyone)}"
        )
    others = np.array(
        [i for i, name in enumerate(everyone) if name != leave_out], dtype=np.intp
    )
    if not others.size:
        raise ValueError(
            f"leave_out: {dataset} has no contributor but {leave_out!r}, so nobody is left"
        )
    if not 1 <= contributors <= others.size:
        raise ValueError(
            f"contributors: {dataset} has {others.size} to take part, so it must lie between 1"
            f" and {others.size}, got {contributors}; behaviours must add up to no more, as in"
            f" --contributors {others.size} --behaviour honest={others.size}"
        )
    drawn = stream(seed, "contributors").permutation(others.size)[:contributors]
    chosen = others[np.sort(drawn)]
    rows = np.flatnonzero(np.isin(table.holder, chosen))
    if (table.holder < 0).any():
        train, test = rows, np.flatnonzero(table.holder < 0)
    elif leave_out:
        train, test = rows, np.flatnonzero(table.holder == everyone.index(leave_out))
    else:
        first, second = split(table.holder[rows], stream(seed, "split"), everyone)
        train, test = np.sort(rows[first]), np.sort(rows[second])
    parts = [train[table.holder[train] == one] for one in chosen]
    places = np.full(len(everyone) + 1, -1)
    places[chosen] = np.arange(chosen.size)
    found = _held(dataset, table, parts, test, tuple(everyone[i] for i in chosen))
    # Nobody's rows have holder -1: the place behind the last.
    found = replace(found, tested=places[table.holder[test]])
    # Whoever gave one answer gave one class, and that is not odd.
    odd = () if table.truth is not None else _single_classes(dataset, found)
    if (few := chosen.size) < others.size:
        names = ", ".join(found.names) if few <= _NAMED else f"{few} drawn by the seed"
        odd = (
            f"{dataset}: of {others.size} who gathered rows, {names} take part; --contributors"
            f" {others.size} --behaviour honest={others.size} lets all",
            *odd,
        )
    return replace(found, notes=(*found.notes, *odd))


def _single_classes(dataset: str, found: Partitioned) -> tuple[str, ...]:
    """Note who can teach a model nothing but one class."""
    single = [
        f"{name} ({part.labels.size} of class {part.labels[0]})"
        for name, part in zip(found.names, found.parts, strict=True)
        if _one_class(part.labels)
    ]
    more = f" and {len(single) - 5} more" if len(single) > 5 else ""
    note = f"{dataset}: training rows of one class alone: {', '.join(single[:5])}{more}"
    return (note,) if single else ()


def _one_class(labels: NDArray[np.int64]) -> bool:
    return bool((labels == labels[0]).all())


def _held(
    dataset: str,
    table: Table,
    parts: Sequence[NDArray[np.intp]],
    test: NDArray[np.intp],
    names: tuple[str, ...],
) -> Partitioned:
    train = np.sort(np.concatenate(parts))
    for rows, kind in ((train, "training"), (test, "test")):
        if _one_class(table.labels[rows]):
            raise ValueError(
                f"{dataset}: the {rows.size} {kind} samples are all of class"
                f" {table.labels[rows[0]]}, so that any model would do; choose other"
                " contributors, another seed, or data with more of the other classes"
            )
    features = standardised(table, train)
    everything = Samples(features, table.labels, table.classes)
    truth = table.truth
    return Partitioned(
        parts=tuple(everything.take(part) for part in parts),
        test=everything.take(test),
        image=table.image,
        names=names,
        truths=None if truth is None else tuple(truth[part] for part in parts),
        notes=table.notes,
        vocabulary=table.vocabulary,
    )
