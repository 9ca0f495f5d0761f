"""The arena's results on disk: one tidy table, and beside it what made each part of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from anml_fl.system.files import make_folder, read_text, write_whole, writing_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from studies.study import Row

TABLE, ABOUT = "arena.parquet", "arena.json"

DIGEST = "table"
"""Where `arena.json` keeps the SHA-256 of the table that it was written beside."""

_WORDS = ("dataset", "partition", "rule", "attack", "metric")
_COUNTS = ("contributors", "attackers", "seed")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _WORDS),
        *((name, pa.int64()) for name in _COUNTS),
        ("value", pa.float64()),
    ]
)


class Line(NamedTuple):
    """One measured value of one run.

    Parameters
    ----------
    dataset, partition, rule, attack, metric : str
    contributors, attackers, seed : int
    value : float
    """

    dataset: str
    partition: str
    rule: str
    attack: str
    metric: str
    contributors: int
    attackers: int
    seed: int
    value: float


def line_of(row: Row) -> Line:
    """Take the condition of a pairing's row apart.

    Examples
    --------
    >>> from studies.study import Row
    >>> one = Row("arena", "digits", "alie|iid|20|4", "krum", "error", 0.5, 1, 0)
    >>> line_of(one)[:5], line_of(one)[5:]
    (('digits', 'iid', 'krum', 'alie', 'error'), (20, 4, 1, 0.5))
    """
    attack, partition, contributors, attackers = row.condition.split("|")
    return Line(
        row.dataset,
        partition,
        row.method,
        attack,
        row.metric,
        int(contributors),
        int(attackers),
        row.trial,
        row.value,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What a folder of results holds.

    Parameters
    ----------
    lines : mapping
        By rule and attack.
    about : mapping
        `pairings`: of each, by RULE|ATTACK, the hash of its code and the keys of its cells;
        and how it was run.
    """

    lines: Mapping[tuple[str, str], list[Line]]
    about: Mapping[str, Any]

    @property
    def every(self) -> list[Line]:
        """All lines."""
        return [line for lines in self.lines.values() for line in lines]


def save_table(lines: Iterable[Line], about: Mapping[str, Any], folder: Path) -> Path:
    """Write the table, sorted, and what made it: the same results give the same bytes.

    Returns
    -------
    Path
        Of the table.
    """
    rows = sorted(lines)
    columns = [[row[place] for row in rows] for place in range(len(Line._fields))]
    arrays = dict(zip(Line._fields, columns, strict=True))
    table = pa.table({name: arrays[name] for name in _SCHEMA.names}, schema=_SCHEMA)
    make_folder(folder)
    with writing_whole(folder / TABLE) as sink:
        pq.write_table(table, sink, compression="zstd", compression_level=19)
    about = {**about, DIGEST: sha256((folder / TABLE).read_bytes()).hexdigest()}
    text = json.dumps(about, indent=1, sort_keys=True) + "\n"
    write_whole(folder / ABOUT, text.encode())
    return folder / TABLE


def load_table(folder: Path) -> Kept:
    """Read what `save_table` wrote.

    Raises
    ------
    FileNotFoundError
        If there is none; it says which command makes it.
    ValueError
        If a file is not what it should be.
    """
    file = folder / TABLE
    if not file.is_file() or not (folder / ABOUT).is_file():
        raise FileNotFoundError(
            f"{folder} holds no {TABLE} and {ABOUT}: `anml arena run quick --out {folder}`"
            " makes them"
        )
    try:
        table = pq.read_table(file)
        about: Any = json.loads(read_text(folder / ABOUT))
    except pa.ArrowException as error:
        raise ValueError(f"{file} is no Parquet file: {error}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{folder / ABOUT} is not JSON: {error}") from error
    if not table.schema.equals(_SCHEMA):
        raise ValueError(
            f"{file} must have the columns {', '.join(_SCHEMA.names)}, got"
            f" {', '.join(table.schema.names)}"
        )
    if not isinstance(about, dict) or not isinstance(about.get("pairings"), dict):
        raise ValueError(f"{folder / ABOUT} must say which pairings there are")
    if not isinstance(about.get("failed", {}), dict):
        raise ValueError(f"{folder / ABOUT}: failed must say by pairing why it is not there")
    if about.get(DIGEST) != sha256(file.read_bytes()).hexdigest():
        raise ValueError(
            f"{file} is not the table that {folder / ABOUT} tells of: one was changed, or"
            " two commands wrote at once; remove both, and `anml arena run` makes them again"
        )
    columns = [table.column(name).to_pylist() for name in Line._fields]
    found: dict[tuple[str, str], list[Line]] = {}
    for values in zip(*columns, strict=True):
        line = Line(*values)
        found.setdefault((line.rule, line.attack), []).append(line)
    return Kept(found, about)
