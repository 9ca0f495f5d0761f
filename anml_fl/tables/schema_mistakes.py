"""What is wrong with a schema that somebody edited, said so that it can be put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from anml_fl.system.near import known_ones
from anml_fl.tables.schema import (
    LARGEST,
    LEAST_SPREAD,
    Column,
    Picture,
    TableLabel,
    TableSchema,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 60
_NUMBERS = ("low", "high", "absent", "centre", "spread")


def _by_kind(union: Any) -> dict[str, type[BaseModel]]:
    return {
        model.model_fields["kind"].default: model for model in get_args(get_args(union)[0])
    }


_COLUMNS, _LABELS = _by_kind(Column), _by_kind(TableLabel)


def explained(error: ValidationError, tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Say every mistake in a schema: where it is, what is given, what would be right.

    Parameters
    ----------
    tree : mapping
        What was given.

    Examples
    --------
    >>> from pydantic import ValidationError
    >>> label = {"kind": "class", "name": "sick", "classes": ["0", "1"]}
    >>> tree = {"label": label, "columns": [{"name": "age", "kind": "numbr"}]}
    >>> try:
    ...     TableSchema.model_validate(tree)
    ... except ValidationError as error:
    ...     print(*explained(error, tree))
    column 'age', kind: unknown 'numbr'; did you mean number? known: number, date, ...
    """
    problems = error.errors(include_url=False, include_context=True)
    # Values that are wrong are not counted: that too few are left says nothing more.
    wrong = {one["loc"][:-1] for one in problems} | {one["loc"][:-2] for one in problems}
    told = [one for one in problems if one["type"] != "too_short" or one["loc"] not in wrong]
    return tuple(dict.fromkeys(_explained(problem, tree) for problem in told))


def _explained(problem: ErrorDetails, tree: Mapping[str, Any]) -> str:
    where, model, rest = _place(problem["loc"], tree)
    key = str(rest[0]) if rest else ""
    kind, given = problem["type"], problem["input"]
    inside = f"{where}, " if where else ""
    if kind == "extra_forbidden":
        return f"{inside}unknown key {key!r}; {known_ones(key, model.model_fields)}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = _LABELS if where == "[label]" else _COLUMNS
        tag = given.get("kind") if isinstance(given, dict) else None
        wrong = "kind is missing" if tag is None else f"kind: unknown {_shown(tag)}"
        return f"{inside}{wrong}; {known_ones(str(tag), kinds)}"
    if kind == "missing" and len(rest) == 1:
        if key == "label":
            return (
                "[label] is missing; what is to be predicted needs a name and a kind:"
                f" {', '.join(_LABELS)}"
            )
        return f"{inside}{key} is missing"
    if kind == "value_error":
        said = problem["msg"].removeprefix("Value error, ")
        # A model's own says where; one value's has its place here.
        return f"{inside}{key}: {said}, got {_shown(given)}" if key else said
    if kind in ("model_attributes_type", "model_type", "dict_type"):
        return f"{where or key}: must be a table of keys and values, got {_shown(given)}"
    place = f"{inside}{key}" if key else where
    return f"{place}: {_wanted(kind, key, problem)}{_got(given)}"


def _wanted(kind: str, key: str, problem: ErrorDetails) -> str:
    if key in ("values", "missing") and kind in ("missing", "unexpected_positional_argument"):
        return "must be two texts, no and yes"
    if key == "values" and kind == "string_type" and isinstance(problem["input"], list):
        return "must be texts in quotes; spellings of one category are made one in the table"
    if key in ("values", "missing", "classes") and kind in ("string_type", "tuple_type"):
        return "must be texts in quotes"
    if kind == "string_type":
        return "must be a text in quotes"
    if key in ("values", "classes") and kind == "too_short":
        context = problem["ctx"]
        return f"must be {context['min_length']} at least, got {context['actual_length']}"
    if kind == "too_long" and key == "values":
        return "must be two texts, no and yes"
    if kind == "tuple_type":
        return "must be a list in square brackets"
    beyond = kind.startswith("float") and type(problem["input"]) is int
    if (beyond or kind in ("greater_than_equal", "less_than_equal")) and key in _NUMBERS:
        least = LEAST_SPREAD if key == "spread" else -LARGEST
        return f"must lie between {least:g} and {LARGEST:g}; take another unit"
    if kind.startswith("float"):
        return "must be a number, with a point before its decimals"
    if kind.startswith("date"):
        return "must be a date, as 2024-12-31"
    if kind.startswith("bool"):
        return "must be true or false"
    if kind == "literal_error":
        return "must be " + str(problem["ctx"]["expected"])
    message = problem["msg"]
    return message.replace("Input should", "must").replace("must be a valid", "must be a")


def _place(
    loc: tuple[int | str, ...], tree: Mapping[str, Any]
) -> tuple[str, type[BaseModel], tuple[int | str, ...]]:
    """Name the part that a problem is in, its model, and what is left of the place."""
    if loc[:1] == ("columns",) and len(loc) > 1 and isinstance(loc[1], int):
        column = tree["columns"][loc[1]]
        name = column.get("name") if isinstance(column, dict) else None
        named = isinstance(name, str) and name
        where = f"column {_shown(name)}" if named else f"column {loc[1] + 1}"
        kind = str(loc[2]) if len(loc) > 2 else ""
        return where, _COLUMNS.get(kind, TableSchema), loc[3:]
    if loc[:1] == ("label",) and len(loc) > 1:
        return "[label]", _LABELS.get(str(loc[1]), TableSchema), loc[2:]
    if loc[:1] == ("picture",) and len(loc) > 1:
        return "[picture]", Picture, loc[1:]
    if loc == ("label",) and "label" in tree:
        return "[label]", TableSchema, ()
    return "", TableSchema, loc


def _got(given: Any) -> str:
    return "" if isinstance(given, dict | list) else f", got {_shown(given)}"


def _shown(given: Any) -> str:
    """Show what was given; a file that is no schema at all may hold a row in one place."""
    if isinstance(given, dict | list | tuple):
        return f"a {'table' if isinstance(given, dict) else 'list'}"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int) and abs(given) > LARGEST:
        return f"a number of {len(str(abs(given)))} digits"
    shown = ascii(given) if isinstance(given, str) else str(given)
    return shown if len(shown) <= _LONGEST_SHOWN else f"a text of {len(str(given))} characters"
