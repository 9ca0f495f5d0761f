"""Finding out what a column is: numbers, dates, categories, or nothing to learn from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.table import TableError
from anml_fl.tables.cell import key, may_be_thousands, no_and_yes
from anml_fl.tables.copies import copies
from anml_fl.tables.natural_values import listed, short
from anml_fl.tables.profile import MOSTLY, can_be_read, profiled
from anml_fl.tables.schema import (
    MISSING,
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
)
from anml_fl.tables.statistics import LEAST
from anml_fl.tables.wide_ranges import wide_dates, wide_range

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.profile import Profile
    from anml_fl.tables.schema import Column

TINY = 50
"""Of fewer rows all values are listed: nothing could be learned otherwise."""
_MOST_VALUES = 200
_FEW_TEXTS = 50
_FEW_NUMBERS = 10
_MANY = 10_000
_DIFFERING = 0.2
_LONGEST_NAME = 200
_UNPRINTABLE = "text with characters that cannot be printed, as line ends"
# `id` as a word of its own, or at the end of one: PassengerId, patient_id, rowid.
_ID_WORDS = {"id", "ids", "uid", "uuid", "guid", "key", "index", "idx", "mrn", "no", "nr"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_SLASHES = r"\d{1,2}/\d{1,2}/(\d{4}|\d\d).*"


def inferred_columns(
    columns: Columns, leave_out: tuple[str, ...] = (), missing: tuple[str, ...] = MISSING
) -> tuple[Column, ...]:
    """Say of each column of a table what it is.

    Parameters
    ----------
    leave_out : tuple of str
        Label and site: a column that is the same as one of them is ignored, for it would
        foretell what it is.
    """
    twice = copies(columns, leave_out)
    return tuple(
        _inferred(columns, name, twice.get(name, ""), missing)
        for name in columns.table.column_names
        if name not in leave_out
    )


def _inferred(columns: Columns, name: str, same: str, missing: tuple[str, ...]) -> Column:
    """Infer a column, unless its type tells nothing or it is another one again."""
    if not (1 <= len(name) <= _LONGEST_NAME and name.isprintable()):
        raise TableError(
            f"{columns.where}: a column's name must have 1 to {_LONGEST_NAME} printable"
            f" characters, got one of {len(name)}: {name[:_LONGEST_NAME]!a}"
        )
    kind = columns.table.schema.field(name).type
    if not can_be_read(kind):
        return IgnoredColumn(name=name, why=f"of type {kind}, which is not learned from")
    if same:
        return IgnoredColumn(name=name, why=f"the same as {same!a}")
    return inferred_column(profiled(columns, name, missing))


def inferred_column(profile: Profile) -> Column:
    """Say what a column is by the cells that stand in it.

    Examples
    --------
    >>> from anml_fl.tables.profile import Profile
    >>> import pyarrow as pa
    >>> cells = pa.array(["0", "1"])
    >>> inferred_column(Profile("smokes", 9, 1, cells, np.array([5, 3])))
    BooleanColumn(name='smokes', gaps=True, kind='boolean', values=('0', '1'))
    """
    name, gaps = profile.name, profile.missing > 0
    if not profile.present:
        return IgnoredColumn(name=name, why="no row has a value", gaps=gaps)
    numeric = _is_numeric(profile)
    # Of many numbers nothing is listed, and to write each as a text takes long.
    values = {} if numeric and profile.different > _MANY else _by_key(profile)
    if len(values) == 1:
        return _constant(profile, values)
    if (pair := no_and_yes(values)) and len(values) == 2:
        return BooleanColumn(name=name, values=pair, gaps=gaps)
    if _identifies(profile, numeric=numeric):
        return IgnoredColumn(name=name, why="identifies rows", gaps=gaps)
    if numeric:
        if len(values) == 2 and min(values.values()) >= LEAST:
            no, yes = listed(values)
            return BooleanColumn(name=name, values=(no, yes), gaps=gaps)
        low, high = wide_range(profile.numbers)
        return NumberColumn(name=name, low=low, high=high, gaps=gaps)
    if profile.share(~np.isnan(profile.dates)) >= MOSTLY:
        first, last = wide_dates(profile.dates)
        return DateColumn(name=name, low=first, high=last, gaps=gaps)
    return _category(profile, values)


def _is_numeric(profile: Profile) -> bool:
    """Say whether cells are numbers; of a few different ones none may be a text."""
    numbers = ~np.isnan(profile.numbers)
    share = profile.share(numbers)
    return share == 1 or (share >= MOSTLY and int(numbers.sum()) > _FEW_NUMBERS)


def _category(profile: Profile, values: dict[str, int]) -> Column:
    name, gaps = profile.name, profile.missing > 0
    if why := _no_numbers(profile):
        return IgnoredColumn(name=name, why=why, gaps=gaps)
    if len(values) > max(_FEW_TEXTS, _DIFFERING * profile.present):
        return IgnoredColumn(name=name, why="text: its values are too many", gaps=gaps)
    least = 1 if profile.rows < TINY else LEAST
    often = sorted((-times, value) for value, times in values.items() if times >= least)
    kept = [value for _, value in often[:_MOST_VALUES]]
    if not kept:
        why = f"text: no value stands in {LEAST} rows"
        return IgnoredColumn(name=name, why=why, gaps=gaps)
    if not all(value.isprintable() for value in kept):
        return IgnoredColumn(name=name, why=_UNPRINTABLE, gaps=gaps)
    return CategoryColumn(name=name, values=listed(kept), gaps=gaps)


def _no_numbers(profile: Profile) -> str:
    """Say why what looks like numbers or dates is taken for neither."""
    thousands = np.array([may_be_thousands(text) for text in profile.texts], bool)
    numbers = ~np.isnan(profile.numbers)
    if thousands.any() and profile.share(thousands | numbers) >= MOSTLY:
        return (
            "numbers whose commas may part thousands or decimals; write a point before"
            " decimals, and nothing between thousands"
        )
    if profile.matching(_SLASHES) >= MOSTLY:
        return "dates that begin with a day or with a month; write them as 2024-12-31"
    if 2 * profile.share(numbers) >= 1 and profile.different > _FEW_TEXTS:
        return "numbers with texts among them, as units; write numbers alone"
    return ""


def _constant(profile: Profile, values: dict[str, int]) -> Column:
    """Keep a column of one value only where it is missing often enough to tell something."""
    if min(profile.missing, profile.present) < LEAST:
        gaps = profile.missing > 0
        return IgnoredColumn(name=profile.name, why="constant", gaps=gaps)
    if not all(value.isprintable() for value in values):
        return IgnoredColumn(name=profile.name, why=_UNPRINTABLE, gaps=True)
    return CategoryColumn(name=profile.name, values=tuple(values), gaps=True)


def _identifies(profile: Profile, *, numeric: bool) -> bool:
    """Say whether a column's values are names of rows: they foretell nothing."""
    if profile.present < LEAST or not profile.missing <= profile.rows / 2:
        return False
    all_differ = profile.different == profile.present
    words = [word.casefold() for word in _WORDS.findall(profile.name)]
    named = bool(_ID_WORDS & {*words[:1], *words[-1:]})
    if numeric:
        numbers = profile.numbers[~np.isnan(profile.numbers)]
        if not (numbers == np.trunc(numbers)).all():
            return False
        runs_on = all_differ and np.ptp(numbers) == numbers.size - 1
        ends = profile.name.casefold().endswith("id")
        many = profile.different > max(_FEW_TEXTS, _DIFFERING * profile.present)
        return bool(runs_on or (all_differ and ends) or (named and (all_differ or many)))
    if profile.share(~np.isnan(profile.dates)) >= MOSTLY:
        return False
    return all_differ and not profile.share(~np.isnan(profile.numbers)) > 1 / 2


def _by_key(profile: Profile) -> dict[str, int]:
    """Count values, numbers compared as numbers: of 3 and 3.0 the shorter stands for both."""
    if profile.different > _MANY:  # as they are: most will not be listed
        return dict(zip(profile.texts, profile.counts.tolist(), strict=True))
    names: dict[float | str, str] = {}
    counted: dict[str, int] = {}
    for text, times in zip(profile.texts, profile.counts.tolist(), strict=True):
        name = names.setdefault(key(text), short(text))
        counted[name] = counted.get(name, 0) + times
    return counted
