"""Results of studies on disk: a file for every finished cell, then one table a study."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import fields
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anml_fl.catalogue import is_own
from anml_fl.datasets.loading import load
from anml_fl.plugins import DATASETS
from anml_fl.system.files import make_folder, write_whole, writing_whole
from studies.closure import closure_of
from studies.study import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from studies.study import Cell, Study

_SCHEMA = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("study", "dataset", "condition", "method", "metric")
        ),
        ("value", pa.float64()),
        ("trial", pa.int64()),
        ("seed", pa.int64()),
    ]
)
_PACKAGES = ("numpy", "torch", "scikit-learn", "scipy", "pyarrow", "cleanlab", "faiss-cpu")


def code_hash(study: Study) -> str:
    """Hash the code that a study's figures depend on: 64 hexadecimal digits.

    Examples
    --------
    >>> from studies.catalogue import STUDIES
    >>> len(code_hash(STUDIES["table-7"]))
    64
    """
    return closure_of(study).digest


@cache
def data_hash(dataset: str) -> str:
    """Hash a data set as it is loaded: another file of the same name is other data.

    Returns
    -------
    str
        64 hexadecimal digits; of nothing for what comes with scikit-learn alone.

    Raises
    ------
    OSError
        If the data cannot be had.
    """
    digest = sha256()
    if dataset in DATASETS.names or is_own(dataset):
        table = load(dataset)
        for part in fields(table):
            value = getattr(table, part.name)
            if isinstance(value, np.ndarray):
                digest.update(f"{part.name} {value.dtype} {value.shape}\n".encode())
                digest.update(value.tobytes())
            elif part.name != "notes":
                digest.update(f"{part.name} {value}\n".encode())
    return digest.hexdigest()


def _made_with(study: Study, cell: Cell) -> dict[str, str]:
    """What a cell's rows depend on beside its configuration."""
    return {
        "code": code_hash(study),
        "data": data_hash(cell.dataset),
        "versions": json.dumps(versions(), sort_keys=True),
    }


def versions() -> dict[str, str]:
    """Versions of the packages that figures depend on."""
    return {name: _version(name) for name in _PACKAGES}


def cell_file(out: Path, cell: Cell) -> Path:
    """Name the file of a cell's rows."""
    return out / "cells" / f"{cell.study}-{cell.key}.parquet"


def finished(out: Path, study: Study, cell: Cell) -> bool:
    """Whether a cell of this configuration has been worked out: by this code, on these data.

    Parameters
    ----------
    out : Path
        Folder of the results.
    study : Study
    cell : Cell

    Returns
    -------
    bool
        False as well for a file that cannot be read: the cell is then worked out anew.
    """
    file = cell_file(out, cell)
    try:
        if not file.is_file():
            return False
        table = pq.read_table(file)
    except (pa.ArrowException, OSError):
        return False
    if not table.schema.equals(_SCHEMA):
        return False
    kept = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
    }
    own = {(row["study"], row["dataset"], row["seed"]) for row in table.to_pylist()}
    return kept == _made_with(study, cell) and own == {(cell.study, cell.dataset, cell.seed)}


def save_cell(rows: Sequence[Row], out: Path, study: Study, cell: Cell) -> None:
    """Keep what a cell's rows are, and what made them.

    Parameters
    ----------
    rows : sequence of Row
    out : Path
        Folder of the results.
    study : Study
    cell : Cell
    """
    save_rows(rows, cell_file(out, cell), _made_with(study, cell))


def save_rows(rows: Sequence[Row], file: Path, metadata: Mapping[str, str]) -> None:
    """Write rows as Parquet: the whole file, or none of it.

    Parameters
    ----------
    rows : sequence of Row
    file : Path
        Replaced if it exists.
    metadata : mapping of str to str
        What made them, kept beside them.
    """
    table = pa.Table.from_pylist([row._asdict() for row in rows], schema=_SCHEMA)
    table = table.replace_schema_metadata(dict(metadata))
    make_folder(file.parent)
    with writing_whole(file) as sink:
        pq.write_table(table, sink, compression="zstd")


def load_rows(file: Path) -> list[Row]:
    """Read rows back.

    Raises
    ------
    ValueError
        If the file is no table of results; it says which columns those have.
    """
    try:
        table = pq.read_table(file)
    except pa.ArrowException as error:
        raise ValueError(f"{file} is no Parquet file: {error}") from error
    if not table.schema.equals(_SCHEMA):
        raise ValueError(
            f"{file} must have the columns {', '.join(_SCHEMA.names)},"
            f" got {', '.join(table.schema.names)}"
        )
    return [Row(*row.values()) for row in table.to_pylist()]


def gather(
    out: Path, study: Study, cells: Iterable[Cell], settings: Mapping[str, Any]
) -> Path:
    """Put a study's cells together: its table, and beside it how it was made.

    Parameters
    ----------
    out : Path
        Folder of the results; every cell must be finished.
    study : Study
    cells : iterable of Cell
    settings : mapping
        What was asked for: trials, seed, profile, overrides.

    Returns
    -------
    Path
        The table, `out / "STUDY.parquet"`.
    """
    cells = list(cells)
    rows = [row for cell in cells for row in load_rows(cell_file(out, cell))]
    # By condition as the study lists them, then by trial: whatever the order of the cells.
    rows.sort(key=lambda row: (row.dataset, row.trial))
    trials: dict[str, int] = {}
    for cell in cells:
        trials[cell.dataset] = trials.get(cell.dataset, 0) + len(cell.trials)
    said = {
        "study": study.name,
        "title": study.title,
        "source": study.source,
        **settings,
        "trials": trials,
        "variants": {
            dataset: [
                {
                    "condition": v.condition,
                    "methods": v.methods,
                    "recipe": v.recipe.model_dump(),
                }
                for v in next(c for c in cells if c.dataset == dataset).variants
            ]
            for dataset in trials
        },
        "code": code_hash(study),
        "data": {dataset: data_hash(dataset) for dataset in trials},
        "versions": versions(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "machine": platform.machine(),
    }
    table = out / f"{study.name}.parquet"
    save_rows(rows, table, {"code": code_hash(study)})
    text = json.dumps(said, indent=1) + "\n"
    write_whole(out / f"{study.name}.json", text.encode())
    return table


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "not installed"
