"""A ledger's rounds as a table: CSV, JSON or Parquet, a row a contributor and round.

Rows are written as they are read, so that memory does not grow with the ledger.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from anml_fl.ledger.decisions import Decision

Row = dict[str, Any]
Format = Literal["csv", "json", "parquet"]

_SHARED = ("run", "strategy", "round", "branch", "at", "model", "pool")
_OWN = ("contributor", "q", "v", "r", "T", "weight", "selected", "reason", "payout")
COLUMNS = (*_SHARED, *_OWN, "state")
"""Of the table, in this order; `state` is settled, held, released or void."""
_ROWS_AT_ONCE = 20_000
# What a spreadsheet takes for the beginning of a formula; some skip spaces before it.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def rows(
    lines: Iterable[bytes], decisions: Mapping[int, Decision] | None = None
) -> Iterator[Row]:
    """Unfold the rounds of a verified ledger.

    Parameters
    ----------
    lines : iterable of bytes
        All entries, in their order.
    decisions : mapping, optional
        Held round to what became of it: a released one is told with what it paid.

    Yields
    ------
    dict
        By the names in `COLUMNS`; None for what the ledger has as null.

    Examples
    --------
    >>> list(rows([b'{"kind":"open"}']))
    []
    """
    for line in lines:
        entry = json.loads(line)
        if entry["kind"] == "round":
            shared = {name: entry[name] for name in _SHARED}
            state = "held" if "held" in entry else "settled"
            released: Mapping[str, int] = {}
            if decision := (decisions or {}).get(entry["round"]):
                state, released = decision.state, decision.payouts
                shared["pool"] = sum(released.values())
            for person in entry["contributors"]:
                own = {name: person[name] for name in _OWN}
                own["payout"] = released.get(person["contributor"], own["payout"])
                yield shared | own | {"state": state}


def export(table: Iterable[Row], form: Format, out: IO[bytes]) -> None:
    r"""Write rows in one of the formats.

    Parameters
    ----------
    table : iterable of dict
        From `rows`.
    form : "csv", "json" or "parquet"
    out : binary file

    Examples
    --------
    >>> from io import BytesIO
    >>> out = BytesIO()
    >>> export([], "json", out)
    >>> out.getvalue()
    b'[]\n'
    """
    writers: dict[Format, Callable[[Iterator[Row], IO[bytes]], None]] = {
        "csv": _csv,
        "json": _json,
        "parquet": _parquet,
    }
    writers[form](iter(table), out)


def csv_cell(value: object) -> str:
    """Write one cell so that a spreadsheet takes no stranger's words for a formula.

    Texts stand in quotes, so that nothing in them ends the cell (where commas do); where one
    would begin to calculate, an apostrophe is put before; and control characters are
    spelled out, since a table is also looked at in a terminal.

    Returns
    -------
    str
        Nothing for None; a number with all its digits.

    Examples
    --------
    >>> print(csv_cell('=HYPERLINK("https://example.org")'))
    "'=HYPERLINK(""https://example.org"")"
    >>> csv_cell(-1.5), csv_cell(True), csv_cell(None)
    ('-1.5', 'true', '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value)
    text = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in value
    )
    if text.lstrip().startswith(_FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"'


def _csv(table: Iterator[Row], out: IO[bytes]) -> None:
    out.write((",".join(COLUMNS) + "\n").encode())
    for row in table:
        out.write((",".join(csv_cell(row[name]) for name in COLUMNS) + "\n").encode())


def _json(table: Iterator[Row], out: IO[bytes]) -> None:
    before = b"[\n"
    for row in table:
        out.write(before + json.dumps(row, allow_nan=False).encode())
        before = b",\n"
    out.write(b"\n]\n" if before == b",\n" else b"[]\n")


def _parquet(table: Iterator[Row], out: IO[bytes]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - half a second, for this format alone
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415 - as above

    types = dict.fromkeys(COLUMNS, pa.float64())
    types |= dict.fromkeys(("run", "strategy", "branch", "model", "contributor"), pa.string())
    types |= {"reason": pa.string(), "selected": pa.bool_(), "state": pa.string()}
    types |= dict.fromkeys(("round", "pool", "payout"), pa.int64())
    schema = pa.schema(list(types.items()))
    with ParquetWriter(out, schema) as writer:
        while batch := list(islice(table, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
