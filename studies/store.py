"""Results of studies on disk: a file for every finished cell, then one table a study."""

from __future__ import annotations

import ast
import json
import platform
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from anml_fl.catalogues import DATASETS
from anml_fl.datasets.loading import load
from anml_fl.system.files import make_folder, write_whole, writing_whole
from studies.study import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from studies.study import Cell, Study

_ROOT = Path(__file__).parent.parent
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


@cache
def code_hash(study: Study) -> str:
    """Hash the code that a study's figures depend on, without its comments and docstrings.

    That is the modules that define it, and all that they import of this project.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> from studies.catalogue import STUDIES
    >>> len(code_hash(STUDIES["table-7"]))
    64
    """
    told = sha256()
    for file in _sources(study.variants.__module__, study.run.__module__, Row.__module__):
        tree = _parsed(file)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and _is_text(body[0]):
                body[0] = ast.Pass()
        place = file.relative_to(_ROOT).as_posix()
        told.update(f"{place}\n{ast.dump(tree)}\n".encode())
    return told.hexdigest()


def _sources(*modules: str) -> list[Path]:
    """Files of modules, and of everything of this project that they import in turn."""
    files: set[Path] = set()
    names = list(modules)
    while names:
        path = _ROOT.joinpath(*names.pop().split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not file.is_file() or file in files:
            continue
        files.add(file)
        for node in ast.walk(_parsed(file)):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
                names += [f"{node.module}.{alias.name}" for alias in node.names]
    return sorted(files)


def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


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
    told = sha256()
    if dataset in DATASETS.names:
        table = load(dataset)
        for array in (table.features, table.labels, table.holder, table.truth):
            if array is not None:
                told.update(array.tobytes())
    return told.hexdigest()


def _made_with(study: Study, cell: Cell) -> dict[str, str]:
    """What a cell's rows depend on beside its configuration."""
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "code": code_hash(study),
        "data": data_hash(cell.dataset),
        "versions": json.dumps(versions, sort_keys=True),
    }


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


def save_rows(rows: Sequence[Row], file: Path, told: Mapping[str, str]) -> None:
    """Write rows as Parquet: the whole file, or none of it.

    Parameters
    ----------
    rows : sequence of Row
    file : Path
        Replaced if it exists.
    told : mapping of str to str
        What made them, kept in the file's metadata.
    """
    table = pa.Table.from_pylist([row._asdict() for row in rows], schema=_SCHEMA)
    table = table.replace_schema_metadata(dict(told))
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
        "versions": {name: _version(name) for name in _PACKAGES},
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
