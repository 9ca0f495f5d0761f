"""The table over all runs of a sweep: Parquet, CSV and JSON, a row a run and strategy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from anml_fl.ledger.export import csv_cell
from anml_fl.system.files import write_whole, writing_whole
from studies.sweep.ended import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anml_fl.run.paired_interval import Interval
    from studies.sweep.results import Results, Score

PARQUET, CSV, JSON = "sweep.parquet", "sweep.csv", "sweep.json"
# Numbers that are counts.
_COUNTS = frozenset(("excluded", "rounds", "best_round", "doubted"))


def write_tables(found: Results, out: Path) -> None:
    """Write all three; the same runs give the same bytes.

    Parameters
    ----------
    found : Results
    out : Path
        The sweep's folder.
    """
    table = table_of(found)
    with writing_whole(out / PARQUET) as sink:
        pq.write_table(table, sink, compression="zstd")
    rows = table.to_pylist()
    lines = [",".join(map(csv_cell, table.column_names))]
    lines += [",".join(map(csv_cell, row.values())) for row in rows]
    write_whole(out / CSV, "".join(f"{line}\n" for line in lines).encode())
    told = {
        "metric": found.criterion.metric or "test_error",
        "better": found.criterion.better,
        "conditions": [
            {
                "settings": {
                    axis.key: value
                    for axis, value in zip(
                        found.plan.axes, under.condition.values, strict=True
                    )
                },
                "seeds": [one.run.seed for one in under.ended],
                "strategies": {one.strategy: _told(one) for one in under.scores},
            }
            for under in found.under
        ],
        "failed": dict(found.failed),
        "altered": {one.cell.folder: one.warning for one in found.ended if one.warning},
        "runs": rows,
    }
    text = json.dumps(told, indent=1, allow_nan=False) + "\n"
    write_whole(out / JSON, text.encode())


def table_of(found: Results) -> pa.Table:
    """Lay all runs that have ended out as a table.

    Parameters
    ----------
    found : Results

    Returns
    -------
    pyarrow.Table
        By run and strategy: `run` (its folder), `seed`, each setting that is swept under its
        key, `strategy`, and what `summary.json` says of it.
    """
    axes = found.plan.axes
    values = [
        [under.condition.values[place] for under in found.under] for place in range(len(axes))
    ]
    schema = pa.schema(
        [
            ("run", pa.string()),
            ("seed", pa.int64()),
            *((axis.key, _kind(of)) for axis, of in zip(axes, values, strict=True)),
            ("strategy", pa.string()),
            *((name, pa.int64() if name in _COUNTS else pa.float64()) for name in MEASURES),
        ]
    )
    texts = [pa.types.is_string(schema.field(axis.key).type) for axis in axes]
    rows: list[dict[str, Any]] = []
    for one in found.ended:
        swept = found.plan.conditions[one.cell.condition].values
        for strategy, measures in one.measures.items():
            shared = {"run": one.cell.folder, "seed": one.run.seed, "strategy": strategy}
            for axis, value, text in zip(axes, swept, texts, strict=True):
                shared[axis.key] = str(value) if text else value
            rows.append({**shared, **measures})
    return pa.Table.from_pylist(rows, schema=schema)


def _kind(values: Sequence[object]) -> pa.DataType:
    """Choose a column's type; numbers beside texts, such as none, are texts."""
    kinds = {type(value) for value in values}
    for kind, column in ((bool, pa.bool_()), (int, pa.int64())):
        if kinds == {kind}:
            return column
    return pa.float64() if kinds <= {int, float} else pa.string()


def _told(one: Score) -> dict[str, Any]:
    return {
        "runs": one.runs,
        "mean": one.mean if one.runs else None,
        "interval": _ends(one.interval),
        "lead_of_the_paying_one": _mean_and_ends(one.lead),
        "against_first": _mean_and_ends(one.against_first),
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _mean_and_ends(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else {"mean": interval.mean, "interval": _ends(interval)}
