"""What of a run may be downloaded: an allow-list of its files, and its weights as tables.

Models, updates, checkpoints and keys never are, nor the seed of a deployment.
"""

from __future__ import annotations

import json
import os
import tempfile
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from anml_fl.ledger.export import csv_cell
from anml_fl.run.files import (
    CONFIG,
    LEDGER,
    MANIFEST,
    PUBLIC_KEY,
    REPORT,
    ROUNDS,
    SUMMARY,
)
from server.page.columns import why
from server.page.opening import opened, piece

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server.page.following import Following

TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
FILES = {
    SUMMARY: JSON,
    MANIFEST: JSON,
    LEDGER: TEXT,
    PUBLIC_KEY: TEXT,
    CONFIG: TEXT,
    REPORT: HTML,
}
"""Of a run's folder, with what each of them is."""
OF_A_STRATEGY = {ROUNDS: TEXT}
"""Of each strategy's folder."""
TABLES = {
    "weights.csv": "text/csv; charset=utf-8",
    "weights.parquet": "application/vnd.apache.parquet",
}
"""Made of each strategy's rounds when they are asked for."""
COLUMNS = (
    "round", "contributor", "weight", "selected", "q", "v", "r", "T", "s", "why", "paid",
)  # fmt: skip
"""Of these, a row a contributor and round."""
_BLOCK = 1 << 16


class Download:
    """An open file: its length is what it had then, however it grows.

    Parameters
    ----------
    file : int
        Its descriptor, which is another one's afterwards: this has its own.
    """

    def __init__(self, file: int) -> None:
        self._file = os.dup(file)
        self.length = os.fstat(file).st_size

    @classmethod
    def of(cls, folder: Path, *names: str) -> Download:
        """Open a plain file below a folder.

        Raises
        ------
        OSError
            As `opening.opened`.
        """
        with opened(folder, *names) as file:
            return cls(file)

    @classmethod
    def table(cls, run: Following, strategy: str, name: str) -> Download:
        """Write a strategy's weights into a file without a name, as one of `TABLES`."""
        with tempfile.TemporaryFile() as file:
            {"weights.csv": _csv, "weights.parquet": _parquet}[name](run, strategy, file)
            file.flush()
            return cls(file.fileno())

    def begin(self, length: int) -> bytes:
        """Read its beginning."""
        return piece(self._file, 0, min(length, self.length))

    def blocks(self) -> Iterator[bytes]:
        """Give it piece by piece."""
        place = 0
        while place < self.length:
            block = piece(self._file, place, min(_BLOCK, self.length - place))
            if not block:
                return  # it was cut off
            place += len(block)
            yield block

    def close(self) -> None:
        """Close it."""
        os.close(self._file)


def _rows(run: Following, strategy: str) -> Iterator[list[dict[str, Any]]]:
    """Give each round's rows."""
    for number in list(run.rounds[strategy].places):
        line = run.rounds[strategy].line(number)
        people = json.loads(line)["contributors"]
        paid = run.ledger.paid.get(number) if strategy == run.ledger.strategy else None
        earned = dict(zip(*paid, strict=True)) if paid else {}
        told = why(run, strategy, number, line)
        yield [
            {
                **{name: one.get(name) for name in COLUMNS},
                "round": number,
                "why": said,
                "paid": earned.get(one["contributor"]),
            }
            for one, said in zip(people, told, strict=True)
        ]


def _csv(run: Following, strategy: str, out: IO[bytes]) -> None:
    out.write((",".join(COLUMNS) + "\n").encode())
    for rows in _rows(run, strategy):
        lines = (",".join(csv_cell(row[name]) for name in COLUMNS) for row in rows)
        out.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))


def _parquet(run: Following, strategy: str, out: IO[bytes]) -> None:
    # By name: it takes half a second to import, and most pages are never asked for it.
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = dict.fromkeys(COLUMNS, pa.float64())
    kinds |= {"round": pa.int64(), "paid": pa.int64(), "selected": pa.bool_()}
    kinds |= {"contributor": pa.string(), "why": pa.string()}
    schema = pa.schema(list(kinds.items()))
    with parquet.ParquetWriter(out, schema) as writer:
        for rows in _rows(run, strategy):
            whole = [
                row
                | {n: row[n].encode(errors="replace").decode() for n in ("contributor", "why")}
                for row in rows
            ]
            writer.write_table(pa.Table.from_pylist(whole, schema=schema))
