"""A strategy's weights as a table, a row a contributor and round, to be downloaded.

It is made round by round: of ten thousand contributors it takes half a minute, in which others
read the run's page.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from anml_fl.ledger.export import csv_cell
from server.page.downloads import Download
from server.page.round_reasons import why
from server.page.watching import LeftError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from server.page.following import Following
    from server.page.watching import Watched

    Rows = list[dict[str, Any]]
    Add = Callable[[Rows], None]

TABLES = {
    "weights.csv": "text/csv; charset=utf-8",
    "weights.parquet": "application/vnd.apache.parquet",
}
"""What there is, with what each of them is."""
COLUMNS = (
    "round", "contributor", "weight", "selected", "q", "v", "r", "T", "s", "why", "paid",
)  # fmt: skip


async def weight_table(
    run: Watched, strategy: str, name: str, left: Callable[[], Awaitable[bool]]
) -> Download:
    """Write a strategy's weights into a file without a name.

    Parameters
    ----------
    run : Watched
    strategy : str
        One of its strategies.
    name : str
        One of `TABLES`.
    left : callable
        Whether the reader has gone.

    Raises
    ------
    LeftError
        If so.
    OSError, ValueError, KeyError, TypeError
        If a round's line is not there any more, or is none.
    """
    numbers = await run.ask(lambda following: list(following.rounds[strategy].places))
    written = {"weights.csv": _csv, "weights.parquet": _parquet}[name]
    with tempfile.TemporaryFile() as file:
        with written(file) as add:
            for number in numbers:
                if await left():
                    raise LeftError
                rows = await run.ask(partial(_rows, strategy=strategy, number=number))
                await asyncio.to_thread(add, rows)
        file.flush()
        return Download(file.fileno())


def _rows(run: Following, strategy: str, number: int) -> Rows:
    """Give a round's rows."""
    line = run.rounds[strategy].line(number)
    people = json.loads(line)["contributors"]
    paid = run.ledger.paid.get(number) if strategy == run.ledger.strategy else None
    earned = dict(zip(*paid, strict=True)) if paid else {}
    told = why(run, strategy, number, line)
    return [
        {
            **{name: one.get(name) for name in COLUMNS},
            "round": number,
            "why": said,
            "paid": earned.get(one["contributor"]),
        }
        for one, said in zip(people, told, strict=True)
    ]


@contextmanager
def _csv(out: IO[bytes]) -> Iterator[Add]:
    out.write((",".join(COLUMNS) + "\n").encode())

    def add(rows: Rows) -> None:
        lines = (",".join(csv_cell(row[name]) for name in COLUMNS) for row in rows)
        out.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))

    yield add


@contextmanager
def _parquet(out: IO[bytes]) -> Iterator[Add]:
    # By name: it takes half a second to import, and most pages are never asked for it.
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = dict.fromkeys(COLUMNS, pa.float64())
    kinds |= {"round": pa.int64(), "paid": pa.int64(), "selected": pa.bool_()}
    kinds |= {"contributor": pa.string(), "why": pa.string()}
    schema = pa.schema(list(kinds.items()))

    def add(rows: Rows) -> None:
        whole = [
            row | {n: row[n].encode(errors="replace").decode() for n in ("contributor", "why")}
            for row in rows
        ]
        writer.write_table(pa.Table.from_pylist(whole, schema=schema))

    with parquet.ParquetWriter(out, schema) as writer:
        yield add
