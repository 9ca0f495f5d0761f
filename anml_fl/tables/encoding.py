"""From rows to what a model learns from: standardised numbers and indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.prepare import Samples
from anml_fl.tables.rows import MISSING
from anml_fl.tables.schema import BooleanColumn, CategoryColumn, Scaled, ValueLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.statistics import Scales

FARTHEST = 20.0
"""How many spreads from the centre a feature may lie.

Statistics come from others, and the schema's range may be wide: a lone value thousands of
spreads away would drown all others in its gradient. Beyond some spreads, far is far.
"""


def samples_of(rows: Rows, scales: Scales) -> Samples:
    """Encode rows, with one scale for all sites.

    Numbers and dates become (value - centre) / spread, 0 where missing; a column of two values
    becomes 0 or 1, and 0.5 where missing or not known; categories become an indicator each,
    and one for all that are not known. A column with gaps adds an indicator of missing ones.

    Parameters
    ----------
    rows : Rows
    scales : Scales
        One for each of `rows.schema.scaled`.

    Returns
    -------
    Samples
        (n, rows.schema.width) features, in the schema's order, pixels of 0 to 1 first. Labels
        that are values are standardised too, and not bounded.

    Raises
    ------
    ValueError
        If there is not one scale for each column that is scaled.

    Examples
    --------
    >>> from anml_fl.tables.rows import Rows
    >>> from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema
    >>> from anml_fl.tables.statistics import Scales
    >>> schema = TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(NumberColumn(name="age", low=0, high=130, gaps=True),),
    ... )
    >>> ages, nobody = np.array([[60.0], [np.nan]]), np.array([-1, -1])
    >>> rows = Rows("a.csv", schema, ages, np.zeros((2, 0), np.int32), [0, 1], (), nobody)
    >>> samples_of(rows, Scales((50.0,), (5.0,))).features.tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    schema = rows.schema
    if not len(scales.centres) == len(scales.spreads) == len(schema.scaled):
        raise ValueError(
            f"scales: one is needed for each of {len(schema.scaled)} columns, got"
            f" {len(scales.centres)} centres and {len(scales.spreads)} spreads"
        )
    features = np.zeros((len(rows.labels), schema.width), dtype=np.float32)
    at = number = choice = 0
    if rows.pixels is not None and schema.picture is not None:
        at = schema.picture.size
        np.divide(rows.pixels.reshape(-1, at), np.float32(255), out=features[:, :at])
    for column in schema.columns:
        block = features[:, at : at + column.width]
        if isinstance(column, Scaled):
            scale = scales.centres[number], scales.spreads[number]
            _standardise(rows.numbers[:, number], *scale, block)
            number += 1
        elif isinstance(column, BooleanColumn):
            _halve(rows.codes[:, choice], block)
            choice += 1
        elif isinstance(column, CategoryColumn):
            _indicate(rows.codes[:, choice], column, block)
            choice += 1
        at += column.width
    if isinstance(schema.label, ValueLabel):
        values = (rows.labels - scales.centres[-1]) / scales.spreads[-1]
        return Samples(features, values.astype(np.float32), 1)
    return Samples(features, np.asarray(rows.labels, dtype=np.int64), schema.classes)


def feature_names(schema: TableSchema) -> tuple[str, ...]:
    """Name what each feature is, in the order of `samples_of`.

    Examples
    --------
    >>> from anml_fl.tables.schema import ClassLabel, TableSchema
    >>> feature_names(TableSchema(
    ...     label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    ...     columns=(CategoryColumn(name="ward", values=("a", "b"), gaps=True),),
    ... ))
    ('ward: a', 'ward: b', 'ward: not known', 'ward: missing')
    """
    names: list[str] = []
    if picture := schema.picture:
        names += [
            f"pixel {channel},{row},{column}"
            for channel in range(picture.channels)
            for row in range(picture.height)
            for column in range(picture.width)
        ]
    for column in schema.columns:
        if isinstance(column, Scaled):
            names.append(column.name)
        elif isinstance(column, BooleanColumn):
            names.append(f"{column.name}: {column.values[1]}")
        elif isinstance(column, CategoryColumn):
            names += [f"{column.name}: {value}" for value in (*column.values, "not known")]
        if column.width and column.gaps:
            names.append(f"{column.name}: missing")
    return tuple(names)


def _standardise(
    values: NDArray[np.float64], centre: float, spread: float, block: NDArray[np.float32]
) -> None:
    missing = np.isnan(values)
    with np.errstate(over="ignore"):  # what is far too large is clipped, as what is too large
        scores = (values - centre) / spread
    np.clip(scores, -FARTHEST, FARTHEST, out=scores)
    block[:, 0] = np.where(missing, 0.0, scores)
    block[:, 1:] = missing[:, None]


def _halve(codes: NDArray[np.int32], block: NDArray[np.float32]) -> None:
    block[:, 0] = np.where((codes == 0) | (codes == 1), codes, 0.5)
    block[:, 1:] = (codes == MISSING)[:, None]


def _indicate(
    codes: NDArray[np.int32], column: CategoryColumn, block: NDArray[np.float32]
) -> None:
    there = np.flatnonzero(codes != MISSING)
    block[there, codes[there]] = 1.0
    if column.gaps:
        block[:, -1] = codes == MISSING
