"""A schema as a file that people read, edit and agree on: `schema.toml`."""

from __future__ import annotations

import hashlib
import textwrap
import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w
from pydantic import ValidationError

from anml_fl.settings.section import ConfigError
from anml_fl.system.files import TextError, read_text
from anml_fl.tables.reading.regular import naming, regular
from anml_fl.tables.schema import LARGEST, TableSchema
from anml_fl.tables.schema_mistakes import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

_WIDTH = 95
_HEAD = """\
What a table must hold, for `--schema`. No row is in it: names of columns, values of
categories, and ranges that are wider than what was seen.

May be edited, before a federation begins: all its sites then need the same file.
- Leave a column out by `kind = "ignored"`, or by taking its part away.
- A number that is a code becomes a category: `kind = "category"`, `values = ["1", "2"]`.
- low and high: a value beyond them is refused, as a mistake or in another unit.
- gaps: whether values may be missing; then an indicator says of each row whether its is.
- missing: the cells that say that a value is missing, the empty one among them.
- The order of columns is that of the features."""
_OF_KIND = {
    "number": "Numbers. absent = [-9, 999] lists numbers that say that nothing was measured;"
    " centre and spread (both) fix what they are standardised by, else the sites' statistics"
    " do.",
    "date": "Dates, as days: YYYY-MM-DD, with or without a time; low and high as for numbers.",
    "boolean": "Two values: no, yes, in this order.",
    "category": "Categories: an indicator for each value; one that is not listed is unknown,"
    " and no mistake. Numbers are compared as numbers: 3.0 is 3.",
    "ignored": "Not learned from; why is a note.",
    "class": "What is predicted: one of several classes, the first being 0. A class may have"
    ' several values: classes = ["0", ["1", "2"]].',
    "value": "What is predicted: a number. low and high as for columns.",
    "picture": "What every picture is.",
}


def read_schema(path: Path) -> TableSchema:
    """Read a schema.

    Raises
    ------
    ConfigError
        Naming the file and every mistake in it: which column, key and value, and what would
        be right.
    OSError
        If it cannot be read, or is no regular file.
    """
    try:
        with naming(regular(path)):
            tree = tomllib.loads(read_text(path))
    except TextError as error:
        raise ConfigError(str(error)) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{path}: no schema: not valid TOML: {error}; `anml data describe TABLE --label"
            " COLUMN --out schema.toml` writes one"
        ) from None
    except ValueError:  # Python's words for it are about Python's own settings
        raise ConfigError(
            f"{path}: a whole number in it has too many digits; numbers lie between"
            f" {-LARGEST:g} and {LARGEST:g}"
        ) from None
    try:
        return TableSchema.model_validate(tree)
    except ValidationError as error:
        mistakes = explained(error, tree)
    raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))


def schema_text(schema: TableSchema) -> str:
    r"""Write a schema as TOML, with comments that say what may be edited.

    Examples
    --------
    >>> from anml_fl.tables.schema import BooleanColumn, ClassLabel
    >>> sick = ClassLabel(name="sick", classes=(("0",), ("1", "2")))
    >>> fever = BooleanColumn(name="fever", values=("n", "y"))
    >>> text = schema_text(TableSchema(label=sick, missing=("",), columns=(fever,)))
    >>> print(text.partition("the features.\n")[2])
    <BLANKLINE>
    version = 1
    missing = [""]
    <BLANKLINE>
    # What is predicted: one of several classes, the first being 0. A class may have several
    # values: classes = ["0", ["1", "2"]].
    [label]
    name = "sick"
    kind = "class"
    classes = ["0", ["1", "2"]]
    <BLANKLINE>
    # Two values: no, yes, in this order.
    [[columns]]
    name = "fever"
    kind = "boolean"
    values = ["n", "y"]
    <BLANKLINE>
    """
    parts = [_comment(_HEAD)]
    told = set()
    for kind, part in _parts(schema):
        about = "" if kind in told or kind not in _OF_KIND else _comment(_OF_KIND[kind]) + "\n"
        told.add(kind)
        parts.append(about + part)
    return "\n\n".join(parts) + "\n"


def schema_hash(schema: TableSchema) -> str:
    """Hash what a schema says, without comments and the way it is laid out.

    Returns
    -------
    str
        SHA-256, in hexadecimal digits.
    """
    text = "\n\n".join(part for _, part in _parts(schema))
    return hashlib.sha256(text.encode()).hexdigest()


def _parts(schema: TableSchema) -> Iterator[tuple[str, str]]:
    """Give each table of the file, with what kind it is."""
    top: dict[str, Any] = {"version": schema.version}
    if schema.site:
        top["site"] = schema.site
    yield "", _lines({**top, "missing": schema.missing})
    yield schema.label.kind, "[label]\n" + _lines(_told(schema.label))
    if schema.picture:
        yield "picture", "[picture]\n" + _lines(_told(schema.picture))
    for column in schema.columns:
        yield column.kind, "[[columns]]\n" + _lines(_told(column))


def _told(part: BaseModel) -> dict[str, Any]:
    first = {key: getattr(part, key) for key in ("name", "kind") if hasattr(part, key)}
    return {**first, **part.model_dump(exclude_defaults=True, exclude={"name", "kind"})}


def _lines(told: dict[str, Any]) -> str:
    return "\n".join(_line(key, value) for key, value in told.items())


def _line(key: str, value: Any) -> str:
    if not isinstance(value, list | tuple):
        return f"{key} = {_value(value)}"
    items = [
        # A class with one value is written as that value.
        _value(item[0]) if isinstance(item, tuple) and len(item) == 1 else _value(item)
        for item in value
    ]
    if len(line := f"{key} = [{', '.join(items)}]") <= _WIDTH:
        return line
    rows, row = [], ""
    for item in items:
        if row and len(row) + len(item) + 2 > _WIDTH:
            rows.append(row)
            row = ""
        row += f" {item}," if row else f"  {item},"
    return "\n".join([f"{key} = [", *rows, row, "]"])


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")


def _comment(text: str) -> str:
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, _WIDTH - 2) or [""]
    ]
    return "\n".join(f"# {line}".rstrip() for line in lines)
