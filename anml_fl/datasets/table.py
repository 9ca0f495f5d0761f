"""A data set as plain matrices: what every source gives, and what no federation could use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TableError(OSError):
    """Data that are not what they must be: says where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Table:
    """A data set.

    Parameters
    ----------
    features : (n, d) float64
        nan where a value is missing.
    labels : (n,) int64
        In [0, classes).
    classes : int
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    indicators : (d,) bool
        Columns that are not to be standardised: categories and pixels, which are 0 to 1, and
        tokens.
    contributors : tuple of str
        Who gathered the data, by name, where the data say so.
    holder : (n,) int64, optional
        Who of them each row comes from; -1 for rows that are kept for testing.
    truth : (n,) int64, optional
        True classes, where labels are what contributors answered.
    items : (n,) int64, optional
        Which item a row is about, where one item has several rows.
    notes : tuple of str
        What is odd, and no mistake.
    vocabulary : int
        How many tokens there are, where a row is a text of token ids; else 0.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: int
    image: tuple[int, int, int] | None
    indicators: NDArray[np.bool_]
    contributors: tuple[str, ...] = ()
    holder: NDArray[np.int64] | None = None
    truth: NDArray[np.int64] | None = None
    items: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()
    vocabulary: int = 0


def well_formed(where: str, table: Table) -> Table:
    """Refuse a table whose parts do not fit each other; no value is quoted but a label.

    Raises
    ------
    TableError
        Naming the first part that is wrong, and what it must be.

    Examples
    --------
    >>> odd = Table(np.ones((3, 1)), np.array([0, 1]), 2, None, np.array([False]))
    >>> well_formed("mine:rings", odd)
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: mine:rings: labels must be an array (3,) of whole
    numbers, got (2,) of int64
    """
    given: Any = table.features
    if not isinstance(given, np.ndarray) or given.ndim != 2:
        raise TableError(f"{where}: features must be an array (n, d) of numbers")
    n, d = table.features.shape
    people = len(table.contributors)
    for name, size, kinds, what, needed in (
        ("features", (n, d), "fiu", "numbers", True),
        ("labels", (n,), "iu", "whole numbers", True),
        ("indicators", (d,), "b", "bools", True),
        ("holder", (n,), "iu", "whole numbers", False),
        ("truth", (n,), "iu", "whole numbers", False),
        ("items", (n,), "iu", "whole numbers", False),
    ):
        value = getattr(table, name)
        if value is None and not needed:
            continue
        shape = getattr(value, "shape", type(value).__name__)
        dtype = getattr(value, "dtype", None)
        if not isinstance(value, np.ndarray) or shape != size or value.dtype.kind not in kinds:
            got = f"{shape} of {dtype}" if dtype is not None else shape
            shown = f"({n}, {d})" if name == "features" else f"({size[0]},)"
            raise TableError(f"{where}: {name} must be an array {shown} of {what}, got {got}")
    for name, low, high in (("labels", 0, table.classes - 1), ("holder", -1, people - 1)):
        value = getattr(table, name)
        if (
            value is not None
            and value.size
            and not (low <= value.min() and value.max() <= high)
        ):
            odd = value[(value < low) | (value > high)][0]
            raise TableError(f"{where}: {name} must lie in [{low}, {high}], got {odd}")
    return table


def checked(where: str, table: Table) -> Table:
    """Refuse a table that no federation could use.

    Parameters
    ----------
    where : str
        What it was read from, for the message.
    table : Table

    Returns
    -------
    Table
        The same.

    Raises
    ------
    TableError
        If it has no rows, one class alone, or somebody has too few rows.

    Examples
    --------
    >>> one = Table(np.ones((2, 1)), np.array([1, 1]), 2, None, np.array([False]))
    >>> checked("a.csv", one)
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv: its rows (2) are all of class 1; two classes at
    least must be there
    """
    tested = np.zeros(table.labels.size, bool) if table.holder is None else table.holder < 0
    if tested.all():
        raise TableError(f"{where}: no rows")
    for labels, kind in ((table.labels[~tested], "rows"), (table.labels[tested], "test rows")):
        if labels.size and (labels == labels[0]).all():
            raise TableError(
                f"{where}: its {kind} ({labels.size}) are all of class {labels[0]}; two"
                " classes at least must be there"
            )
    if table.holder is not None:
        held = np.bincount(table.holder[~tested], minlength=len(table.contributors))
        # To train on; and to be tested on, unless others are.
        needed = 1 if tested.any() else 2
        if held.min() < needed:
            raise TableError(
                f"{where}: rows of {table.contributors[int(held.argmin())]!r}: {held.min()};"
                f" everybody needs {needed} at least"
            )
    return table


def matrix(
    features: Any,
    labels: Any,
    image: tuple[int, int, int] | None = None,
    indicators: NDArray[np.bool_] | None = None,
) -> Table:
    """Make a table of a matrix and a column of labels, whatever the classes are called.

    Examples
    --------
    >>> matrix([[1.0], [2.0]], ["yes", "no"]).labels
    array([1, 0])
    """
    x = np.array(features, dtype=np.float64)
    names, y = np.unique(np.asarray(labels), return_inverse=True)
    if indicators is None:
        indicators = np.zeros(x.shape[1], dtype=bool)
    return Table(x, y.astype(np.int64).ravel(), len(names), image, indicators)
