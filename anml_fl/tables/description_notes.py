"""What to look at in a table before it is used: said so that it can be acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.site_name import alike
from anml_fl.tables.cell import number_of
from anml_fl.tables.copies import copies
from anml_fl.tables.label_leak import told_by_columns
from anml_fl.tables.profile import profiled
from anml_fl.tables.schema import (
    CategoryColumn,
    ClassLabel,
    IgnoredColumn,
    NumberColumn,
)
from anml_fl.tables.statistics import LEAST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.profile import Profile
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.site_description import SiteDescription

NAMELESS = "(none)"
"""What rows are called that name no site."""
_LISTED = 8
_FEW_ROWS = 10
_RARE = 0.1
_MOST_CODES = 10
_MANY_CLASSES = 20
_MAY_BE_NAMES = 20
# Numbers that people write where nothing was measured.
_STAND_INS = (0, -1, -9, -99, -999, -9999, 9, 99, 999, 9999, 99999)
_STAND_INS_SHARE = 0.01


def notes_on(
    columns: Columns, schema: TableSchema, sites: Sequence[SiteDescription]
) -> Iterator[str]:
    """Note what is odd about columns, categories, classes and sites.

    Parameters
    ----------
    sites : sequence of SiteDescription
        What was counted.
    """
    there = dict.fromkeys(columns.table.column_names)
    yield from _ignored(schema)
    known = {column.name for column in schema.columns} | {schema.label.name, schema.site}
    if lacking := [name for name in sorted(known - {""}) if name not in there]:
        yield f"columns that are lacking: {_some(lacking)}"
    if others := [name for name in there if name not in known]:
        yield f"columns that the schema does not name, and that are not read: {_some(others)}"
    yield from _alike("columns", there)
    yield from _of_columns(columns, schema)
    yield from told_by_columns(columns, schema)
    if isinstance(schema.label, ClassLabel):
        yield from _alike("classes", [v for one in schema.label.classes for v in one])
        yield from _of_classes(schema.label, sites)
        if len(schema.label.classes) > _MANY_CLASSES and all(
            number_of(value) is not None for one in schema.label.classes for value in one
        ):
            yield (
                f"{schema.label.name}: {len(schema.label.classes)} numbers, read as classes;"
                ' to predict how large it is, write kind = "value", low and high instead'
            )
    yield from _of_cells(sites)
    if schema.site:
        yield from _alike("sites", [one.site for one in sites])
        yield from _of_sites(sites)


def stand_ins(columns: Columns, schema: TableSchema) -> Iterator[str]:
    """Note numbers that may say that nothing was measured: whoever runs unawares learns them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> from anml_fl.tables.inference import inferred
    >>> x = [str(i / 7) for i in range(40)] + ["-999"] * 10
    >>> columns = Columns("a.csv", pa.table({"x": x, "y": ["u", "v"] * 25}), str)
    >>> [note] = stand_ins(columns, inferred(columns, "y"))
    >>> note[:32]
    'x: -999 stands in 10 of 50 rows,'
    """
    there = set(columns.table.column_names)
    for column in schema.columns:
        if isinstance(column, NumberColumn) and column.name in there:
            yield from _of_numbers(column, profiled(columns, column.name, schema.missing))


def _ignored(schema: TableSchema) -> Iterator[str]:
    why: dict[str, list[str]] = {}
    for column in schema.columns:
        if isinstance(column, IgnoredColumn):
            why.setdefault(column.why or "the schema says so", []).append(column.name)
    for reason, names in why.items():
        yield f"not learned from ({reason}): {_some(names)}"


def _of_columns(columns: Columns, schema: TableSchema) -> Iterator[str]:
    codes = []
    there, twice = set(columns.table.column_names), copies(columns)
    for column in schema.columns:
        if isinstance(column, IgnoredColumn) or column.name not in there:
            continue
        if column.name in twice:
            yield f"{column.name}: the same as {twice[column.name]}"
        profile = profiled(columns, column.name, schema.missing)
        if isinstance(column, NumberColumn):
            codes += [column.name] if _may_be_codes(profile) else []
            yield from _of_numbers(column, profile)
        elif isinstance(column, CategoryColumn):
            yield from _alike(f"{column.name}: categories", column.values)
            if len(column.values) == 1 and profile.missing:
                yield (
                    f"{column.name}: one category, and gaps: all it tells is whether it was"
                    " filled in"
                )
            if len(column.values) > _MAY_BE_NAMES:
                yield (
                    f"the schema lists {len(column.values)} values of {column.name}: if they"
                    ' name people, set kind = "ignored"'
                )
        if profile.missing and not column.gaps:
            yield (
                f"{column.name}: {profile.missing} of {profile.rows} rows have no value, which"
                " the schema expects of none: gaps = true gives them an indicator"
            )
    if codes:
        yield (
            f"a few different whole numbers, read as numbers: {_some(codes)}; where they are"
            ' codes without an order, write kind = "category" and values = ["1", "2", ...]'
        )


def _may_be_codes(profile: Profile) -> bool:
    different = np.unique(profile.numbers)
    whole = bool((different == np.trunc(different)).all())
    return 2 < different.size <= _MOST_CODES and whole


def _of_numbers(column: NumberColumn, profile: Profile) -> Iterator[str]:
    numbers, counts = profile.numbers, profile.counts
    used = ~np.isnan(numbers) & ~np.isin(numbers, column.absent)
    numbers, counts = numbers[used], counts[used]
    for value in _stand_ins(np.unique(numbers)):
        times = int(counts[numbers == value].sum())
        if times >= max(LEAST, _STAND_INS_SHARE * profile.present):
            yield (
                f"{column.name}: {value:g} stands in {times} of {profile.rows} rows, far from"
                f" all others; if it says that nothing was measured, add absent = [{value:g}]"
                " to the column in the schema, which `anml data describe` writes"
            )


def _stand_ins(different: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Iterator[float]:
    """Give the least and the largest number, if it may stand for none and lies far off."""
    if different.size < _MOST_CODES:
        return
    for value, next_one, rest in (
        (different[0], different[1], different[1:]),
        (different[-1], different[-2], different[:-1]),
    ):
        low, high = np.quantile(rest, [0.25, 0.75])
        if value in _STAND_INS and abs(value - next_one) > (high - low) / 2:
            yield float(value)


def _of_classes(label: ClassLabel, sites: Sequence[SiteDescription]) -> Iterator[str]:
    counts = np.sum([one.classes for one in sites], axis=0)
    if not np.size(counts) or not counts.sum():
        return
    for place in np.flatnonzero(counts == 0):
        yield f"class {label.classes[place][0]} has no rows"
    there = np.flatnonzero(counts)
    rare = there[counts[there] < _RARE * counts.max()]
    if rare.size:
        named = _some([label.classes[place][0] for place in rare])
        share = counts[rare].sum() / counts.sum()
        are = (
            f"class {named} is {_percent(share)}"
            if rare.size == 1
            else f"classes {named} are together {_percent(share)}"
        )
        yield (
            f"{are} of the rows: consider --metric balanced_accuracy or average_precision, or"
            " --weight-classes"
        )


def _of_cells(sites: Sequence[SiteDescription]) -> Iterator[str]:
    if beyond := sum(one.out_of_range for one in sites):
        yield (
            f"cells that are out of range, and will be refused: {beyond}; `anml data"
            " check` names the first of each column"
        )
    for said, of in (("have the same", "constant"), ("have no value", "empty")):
        found = [(one, getattr(one, of)) for one in sites if getattr(one, of)]
        for one, names in found[:_LISTED]:
            where = f"{one.site or NAMELESS}: " if one.site or len(sites) > 1 else ""
            yield f"{where}all rows {said} in {_some(names)}"
        if (more := len(found) - _LISTED) > 0:
            yield f"{more} more sites have columns in which all rows {said}"


def _of_sites(sites: Sequence[SiteDescription]) -> Iterator[str]:
    for one in sites:
        if not one.site:
            yield f"{one.rows} rows name no site, and will be refused"
    if few := [one.site or NAMELESS for one in sites if one.rows < _FEW_ROWS]:
        yield f"sites with fewer than {_FEW_ROWS} rows: {_some(few)}"
    if one_class := [
        one.site or NAMELESS
        for one in sites
        if one.rows >= 1 and np.count_nonzero(one.classes) == 1
    ]:
        yield (
            f"sites with rows of one class alone: {_some(one_class)}; what they learn pulls"
            " towards it, and no score tells their model from a guess"
        )


def _alike(what: str, names: Iterable[str]) -> Iterator[str]:
    if found := alike(names):
        yield f"{what} {found[0]!r} and {found[1]!r} differ in case or blanks alone"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 0.001 else "less than 0.1 %"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
