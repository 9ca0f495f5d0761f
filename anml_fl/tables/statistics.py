"""What a site tells of its training rows, so that all can be put on one scale; no row."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.tables.ranges import bounds
from anml_fl.tables.rows import MISSING
from anml_fl.tables.schema import LARGEST, LEAST_SPREAD, ClassLabel, ValueLabel
from anml_fl.tables.told_statistics import read_told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import Scaled, TableSchema

LEAST = 5
"""What is counted fewer times is not told."""

# Below such a part of the mean, what sums of squares leave of a deviation is rounding.
_ROUNDING = 1e-6
# Of the range: keeps (value - centre) / spread within what a float holds.
_LEAST_SPREAD = 1e-9
# By it the median absolute deviation of normal numbers is their standard deviation.
_NORMAL = 1.4826


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts and sums over one site's training rows.

    What is counted fewer times than the least count is not told: its count is 0. Where the
    choices of a column, or the classes, add up to the rows less a few that are not told, the
    smallest that could be told is not told either: what is left of the total is never one that
    is counted fewer times. How many values of a number are missing is left, rows less count.

    Parameters
    ----------
    rows : int
    counts : tuple of int
        Of each of `schema.scaled`, how many values are there.
    sums, squares : tuple of float
        Of each, the sum of the values and of their squares; dates in days since 1970-01-01. A
        standard deviation below a millionth of the mean is lost in the rounding of squares.
    choices : tuple of tuples of int
        Of each of `schema.chosen`, how often each value stands, then unknown ones, then
        missing ones.
    classes : tuple of int
        Rows of each class; empty where the label is a number.
    """

    rows: int
    counts: tuple[int, ...]
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    choices: tuple[tuple[int, ...], ...]
    classes: tuple[int, ...]

    def to_json(self) -> str:
        """Write it as one line; numbers come back as they were."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, schema: TableSchema) -> Statistics:
        """Read what a node sent, and believe none of it.

        Parameters
        ----------
        text : str
        schema : TableSchema
            What the rows are said to fit.

        Raises
        ------
        ValueError
            If rows that fit the schema cannot have such statistics: saying which and why.
        """
        return cls(**read_told(text, schema))


@dataclass(frozen=True, slots=True)
class Scales:
    """What `schema.scaled` is standardised by: (value - centre) / spread.

    Parameters
    ----------
    centres : tuple of float
    spreads : tuple of float
        > 0.
    """

    centres: tuple[float, ...]
    spreads: tuple[float, ...]


def statistics_of(rows: Rows, least: int = LEAST) -> Statistics:
    """Count and sum up what may be told of a site's training rows.

    Parameters
    ----------
    rows : Rows
    least : int
        What is counted fewer times is told as 0, and its sums as well; 1 tells everything.

    Examples
    --------
    >>> from anml_fl.tables.rows import Rows
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(NumberColumn(name="age", low=0, high=130),),
    ... )
    >>> nothing, nobody = np.zeros((6, 0), np.int32), np.full(6, -1)
    >>> labels = np.array([0, 0, 0, 0, 0, 1])
    >>> rows = Rows("a.csv", schema, np.full((6, 1), 50.0), nothing, labels, (), nobody)
    >>> told = statistics_of(rows)
    >>> told.rows, told.counts, told.sums, told.classes
    (6, (6,), (300.0,), (0, 0))
    """
    schema = rows.schema
    scaled = [np.ascontiguousarray(rows.numbers[:, i]) for i in range(rows.numbers.shape[1])]
    if isinstance(schema.label, ValueLabel):
        scaled.append(np.asarray(rows.labels, dtype=np.float64))
    counts, sums, squares = [], [], []
    for column in scaled:
        values = column[~np.isnan(column)]
        with np.errstate(over="ignore"):
            square = float(np.square(values).sum())
        # Squares that no float holds tell nothing either.
        told = values.size >= least and math.isfinite(square)
        counts.append(values.size if told else 0)
        sums.append(float(values.sum()) if told else 0.0)
        squares.append(square if told else 0.0)
    of_classes = isinstance(schema.label, ClassLabel)
    return Statistics(
        rows=len(rows.labels) if len(rows.labels) >= least else 0,
        counts=tuple(counts),
        sums=tuple(sums),
        squares=tuple(squares),
        choices=tuple(
            _parts(_counted(rows.codes[:, i], len(column.values)), least)
            for i, column in enumerate(schema.chosen)
        ),
        classes=_parts(np.bincount(rows.labels, minlength=schema.classes), least)
        if of_classes
        else (),
    )


def combined(of_sites: Sequence[Statistics], schema: TableSchema) -> Scales:
    """Take the median over sites, each as good as any other.

    The centre is the median m of the sites' means, each kept within the schema's range. The
    spread is the root of the median of their variances, plus the square of 1.4826 times the
    median distance of their means from m: within sites and between them. While those who lie
    are fewer than half, m lies between two honest means, each median is between two honest
    figures, and no distance counts that is larger than the honest means lie apart.

    Numbers that the schema fixes stand. Of a column that is constant at most sites, or that
    nobody tells of, the spread is a quarter of the range, so that the whole range stays within
    four spreads; in the latter case the centre is the middle of the range.

    Parameters
    ----------
    of_sites : sequence of Statistics
        In any order.
    schema : TableSchema

    Examples
    --------
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(NumberColumn(name="age", low=0, high=130),),
    ... )
    >>> site = Statistics(5, (5,), (250.0,), (12545.0,), (), (5, 0))
    >>> combined([site], schema)
    Scales(centres=(50.0,), spreads=(3.0,))
    >>> combined([], schema)
    Scales(centres=(65.0,), spreads=(32.5,))
    """
    scales = [_scale(of_sites, place, column) for place, column in enumerate(schema.scaled)]
    return Scales(tuple(c for c, _ in scales), tuple(s for _, s in scales))


def _scale(
    of_sites: Sequence[Statistics], place: int, column: Scaled | ValueLabel
) -> tuple[float, float]:
    if column.centre is not None and column.spread is not None:
        return column.centre, column.spread
    low, high = bounds(column)
    told = [(s.counts[place], s.sums[place], s.squares[place]) for s in of_sites]
    if not (told := [one for one in told if one[0]]):
        return (low + high) / 2, _bounded((high - low) / 4)
    counts, sums, squares = np.array(told, dtype=np.float64).T
    variances = np.clip(squares / counts - (sums / counts) ** 2, 0, ((high - low) / 2) ** 2)
    means = np.clip(sums / counts, low, high)
    centre = float(np.median(means))
    between = _NORMAL * float(np.median(abs(means - centre)))
    spread = math.hypot(math.sqrt(float(np.median(variances))), between)
    if spread <= max(_ROUNDING * abs(centre), _LEAST_SPREAD * (high - low)):
        spread = (high - low) / 4
    return centre, _bounded(spread)


def _bounded(spread: float) -> float:
    """Keep a spread within what a schema may fix."""
    return max(LEAST_SPREAD, min(spread, LARGEST))


def _counted(codes: NDArray[np.int32], values: int) -> NDArray[np.intp]:
    # Missing ones go behind those that are not known.
    return np.bincount(np.where(codes == MISSING, values + 1, codes), minlength=values + 2)


def _parts(counts: NDArray[np.intp], least: int) -> tuple[int, ...]:
    """Tell the parts of a total, and leave no part to be found as the rest of it."""
    told = np.where(counts >= least, counts, 0)
    if 0 < counts.sum() - told.sum() < least and told.any():
        told[np.argmin(np.where(told, told, told.max() + 1))] = 0
    return tuple(told.tolist())
