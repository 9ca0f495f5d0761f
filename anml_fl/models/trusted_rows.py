"""Whether rows can serve as a root set: enough of each class, each once, finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

LEAST_ROWS = 20
"""Fewer rows tell honest contributors from others no better than chance does."""
LEAST_OF_A_CLASS = 2
"""Rows that each class must have."""

# So many classes are named; of more it is said how many they are.
_NAMED = 8


class RootSetError(ValueError):
    """Rows that cannot serve as a root set: says why, by counts and classes, without a row."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Which of some rows a root set is made of.

    Parameters
    ----------
    kept : (m,) int
        Their places, in order.
    notes : tuple of str
        What was left out, by count.
    """

    kept: NDArray[np.intp]
    notes: tuple[str, ...]


def trusted(
    features: NDArray[Any],
    labels: NDArray[Any],
    classes: int,
    needed: Collection[int] | None = None,
    names: Sequence[str] = (),
) -> Trusted:
    """Check rows, and count each once.

    Of rows with the same features and label the first is kept. Rows with the same features and
    different classes contradict each other, and all of them are left out; different values
    are noise, and stay.

    Parameters
    ----------
    features : (m, ...) array
    labels : (m,) array
        Whole numbers in [0, classes); any numbers where `classes` is 1.
    classes : int
        C >= 1; 1 for values.
    needed : collection of int, optional
        Classes that must be there; all by default.
    names : sequence of str
        What each class is called in a message; `class N` by default.

    Raises
    ------
    RootSetError
        If rows and labels are no numbers, or not as many; a class is none, or lacks; rows are
        too few; or values are all one.

    Examples
    --------
    >>> rows = np.arange(24.0).reshape(24, 1)
    >>> trusted(rows, np.repeat([0, 1], 12), 2).kept.size
    24
    >>> trusted(rows, np.repeat([0, 1], 12), 3)
    Traceback (most recent call last):
    anml_fl.models.trusted_rows.RootSetError: the 24 rows lack class 2: 2 rows of each class
    are needed
    """
    _check_numbers(features, labels, classes)
    kept, copies, contradicting = once_each(features, labels, classes)
    notes = []
    if copies:
        notes.append(f"{_rows(copies)} that {_are(copies)} there already counted once")
    if contradicting:
        notes.append(
            f"{_rows(contradicting)} left out: the same features with different labels"
        )
    left = f" ({'; '.join(notes)})" if notes else ""
    if kept.size < LEAST_ROWS:
        raise RootSetError(
            f"{_rows(kept.size)}{left} {_are(kept.size)} too few to tell honest contributors"
            f" from others: {LEAST_ROWS} are the least, and 80 are better"
        )
    if classes > 1:
        wanted = range(classes) if needed is None else needed
        check_classes(labels[kept], wanted, names, f"the {_rows(kept.size)}{left}")
    elif np.unique(labels[kept]).size < LEAST_OF_A_CLASS:
        raise RootSetError(
            f"all {kept.size} values{left} are one, so that any model would do: give rows"
            " whose values differ"
        )
    return Trusted(kept, tuple(notes))


def once_each(
    features: NDArray[Any], labels: NDArray[Any], classes: int
) -> tuple[NDArray[np.intp], int, int]:
    """Find the first of rows that are the same; none of those that contradict each other.

    Parameters
    ----------
    features, labels, classes
        As of `trusted`.

    Returns
    -------
    tuple
        Places (k,) in order; how many rows are copies; and how many contradict others.

    Examples
    --------
    >>> rows = np.array([[1.0], [2.0], [1.0], [3.0], [3.0]])
    >>> once_each(rows, np.array([0, 0, 0, 0, 1]), 2)
    (array([0, 1]), 1, 2)
    """
    group = _alike(features)
    pairs = np.stack([group, np.unique(labels, return_inverse=True)[1].ravel()])
    each, first = np.unique(pairs, axis=1, return_index=True)
    # How many classes each group of the same features has.
    kinds = np.bincount(each[0], minlength=group.size) if classes > 1 else np.ones_like(group)
    agreed = kinds[group] == 1
    kept = np.sort(first[agreed[first]])
    return kept, int(agreed.sum()) - kept.size, int((~agreed).sum())


def check_classes(
    labels: NDArray[Any],
    needed: Collection[int],
    names: Sequence[str],
    what: str,
    each: int = LEAST_OF_A_CLASS,
) -> None:
    """Refuse rows that lack a class, or have too few of it: naming it.

    Parameters
    ----------
    labels : (m,) array
        Whole numbers >= 0.
    needed : collection of int
    names : sequence of str
        As of `trusted`.
    what : str
        What the rows are called.
    each : int
        Rows that a class must have.
    """
    if not needed:
        return
    counts = np.bincount(labels.astype(np.int64), minlength=max(needed) + 1)
    named = {one: names[one] if names else f"class {one}" for one in needed}
    if lacking := [name for one, name in named.items() if not counts[one]]:
        raise RootSetError(
            f"{what} lack {_listed(lacking)}: {each} rows of each class are needed"
        )
    if few := [f"{counts[one]} of {n}" for one, n in named.items() if counts[one] < each]:
        raise RootSetError(
            f"{what} have too few of a class ({_listed(few)}): {each} rows of each are needed"
        )


def copies_of(features: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
    """Say of each row whether its features are those of one of the others."""
    if not len(others) or not len(features):
        return np.zeros(len(features), dtype=bool)
    group = _alike(np.concatenate([features, others.astype(features.dtype)]))
    found: NDArray[np.bool_] = np.isin(group[: len(features)], group[len(features) :])
    return found


def _alike(features: NDArray[Any]) -> NDArray[np.intp]:
    """Number rows (m,) so that those with the same features have the same number."""
    # + 0.0 makes one zero of the two.
    flat = np.ascontiguousarray(features.reshape(len(features), -1) + features.dtype.type(0))
    if not flat.shape[1]:
        return np.zeros(len(features), dtype=np.intp)
    whole = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    found: NDArray[np.intp] = np.unique(whole, return_inverse=True)[1].ravel()
    return found


def _check_numbers(features: NDArray[Any], labels: NDArray[Any], classes: int) -> None:
    if features.ndim < 2 or labels.ndim != 1 or len(features) != len(labels):
        raise RootSetError(
            "features must be (rows, ...) and labels (rows,), as many of both, got shapes"
            f" {features.shape} and {labels.shape}"
        )
    if not labels.size:
        raise RootSetError(f"there is no row: {LEAST_ROWS} are the least, and 80 are better")
    for what, array in (("features", features), ("labels", labels)):
        if array.dtype.kind not in "biuf":
            raise RootSetError(f"{what} must be real numbers, got type {array.dtype}")
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if bad.any():
            raise RootSetError(
                f"{what} must be finite: {_rows(int(bad.sum()))} of {bad.size}"
                f" {'has' if bad.sum() == 1 else 'have'} nan or inf"
            )
    if classes == 1:
        return
    if (odd := labels != np.floor(labels)).any():
        raise RootSetError(
            f"labels must be whole numbers from 0 to {classes - 1}, one a class:"
            f" {_rows(int(odd.sum()))} of {labels.size} {'is' if odd.sum() == 1 else 'are'}"
            " labelled otherwise"
        )
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        raise RootSetError(
            f"labels must lie from 0 to {classes - 1}, as there are {classes} classes, got"
            f" {int(labels[outside][0])} ({_rows(int(outside.sum()))} of {labels.size})"
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
