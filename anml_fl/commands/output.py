"""Facts of the registry as JSON for programs and as tables for people."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DATE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,}Z")
# Its first 16 digits name a key: `revoke` takes them. A hash of data is shown in full.
_KEY_ID = re.compile(r"^([0-9a-f]{16})[0-9a-f]{48}(?=$|/)")


def plain(value: object) -> Any:
    """Turn a fact into what JSON holds.

    Parameters
    ----------
    value : object
        A dataclass, a date, bytes, a set, a level, or what JSON holds anyway.

    Returns
    -------
    object
        Dates in ISO 8601 with "Z", bytes in base64, sets sorted, enumerations by name in
        lower case with dashes.

    Examples
    --------
    >>> from datetime import UTC
    >>> from anml_fl.registry.domain import Contribution
    >>> plain(Contribution("key-0", "sha256:...", 5, datetime(2026, 1, 1, tzinfo=UTC)))
    {'contributor': 'key-0', 'data_hash': 'sha256:...', 'size': 5,
     'collected': '2026-01-01T00:00:00Z'}
    """
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Enum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, frozenset):
        return sorted(plain(one) for one in value)
    return value


def show_json(value: object) -> None:
    """Print JSON."""
    click.echo(json.dumps(value, indent=2))


def show_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str, title: str = ""
) -> None:
    """Print rows for people.

    Parameters
    ----------
    rows : sequence of mapping
        As `plain` makes them.
    columns : sequence of str
        Which of their fields, in this order; underscores become blanks.
    empty : str
        What to say of no rows.
    title : str
        What stands above, where several tables follow one another.
    """
    from rich.table import Table
    from rich.text import Text

    from anml_fl.system.terminal import console, show

    if not rows:
        click.echo(empty)
        return
    shown = Table(title=title or None)
    for column in columns:
        number = type(rows[0][column]) in (int, float)
        shown.add_column(column.replace("_", " "), justify="right" if number else "left")
    for row in rows:
        # Text: names come from strangers, and brackets are markup otherwise.
        shown.add_row(*(Text(_cell(row[column])) for column in columns))
    show(shown, console())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    if _DATE.fullmatch(text):
        return text[:10] if "T00:00:00Z" in text else text[:19].replace("T", " ")
    text = _KEY_ID.sub(r"\1", text)
    return "".join(letter if letter.isprintable() else "�" for letter in text)
