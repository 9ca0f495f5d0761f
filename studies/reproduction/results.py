"""Read what the studies measured: one tidy Parquet file a study, its settings beside it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from studies.reproduction.methods import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

COLUMNS = ("study", "dataset", "condition", "method", "metric", "value", "trial", "seed")
"""Columns of a file, in this order."""


class Key(NamedTuple):
    """What a cell holds: one metric of one method under one condition."""

    dataset: str
    condition: str
    method: str
    metric: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The trials of one metric, ordered by trial; those without a number are left out.

    Parameters
    ----------
    trials : ndarray of int64, shape (n,)
        Strictly rising.
    values : ndarray of float64, shape (n,)
        Finite; errors and shares in [0, 1].
    """

    trials: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Study:
    """One study's cells, in the order of its file.

    Parameters
    ----------
    name : str
    cells : mapping of Key to Cell
    about : mapping of str to Any
        Its JSON file: title, command, seed, trials, settings, versions; empty without one.
    """

    name: str
    cells: Mapping[Key, Cell]
    about: Mapping[str, Any]

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition once, in the order of the file."""
        return tuple(dict.fromkeys(key.condition for key in self.cells))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric once, in the order of the file."""
        return tuple(dict.fromkeys(key.metric for key in self.cells))

    def find(self, dataset: str, condition: str, method: str, metric: str) -> Cell | None:
        """Return a method's cell, however it is spelt; None where it was not measured."""
        names = SPELLINGS.get(method, (method,))
        keys = (Key(dataset, condition, name, metric) for name in names)
        return next((self.cells[key] for key in keys if key in self.cells), None)

    def settings_of(self, metric: str) -> Iterator[tuple[str, str, dict[str, Cell]]]:
        """Go through data sets and conditions, with the metric's cell for each method."""
        grouped: dict[tuple[str, str], dict[str, Cell]] = {}
        for key, cell in self.cells.items():
            if key.metric == metric:
                grouped.setdefault((key.dataset, key.condition), {})[key.method] = cell
        for (dataset, condition), methods in grouped.items():
            yield dataset, condition, methods


def paired(one: Cell, other: Cell) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Line up two cells by trial.

    Returns
    -------
    (ndarray, ndarray)
        Values of the trials that both have, shape (n,) each.

    Examples
    --------
    >>> one = Cell(np.array([0, 1, 3]), np.array([0.1, 0.2, 0.3]))
    >>> paired(one, Cell(np.array([1, 3]), np.array([0.5, 0.6])))[0].tolist()
    [0.2, 0.3]
    """
    _, left, right = np.intersect1d(
        one.trials, other.trials, assume_unique=True, return_indices=True
    )
    return one.values[left], other.values[right]


def load_results(folder: Path) -> dict[str, Study]:
    """Read every study of a folder.

    Parameters
    ----------
    folder : Path
        With `<study>.parquet` and `<study>.json` files; other files are not read.

    Returns
    -------
    dict of str to Study
        By name, in alphabetical order; empty if there are none.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If a file is not as the tidy table is laid down; the message names file and fault.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of results at {folder}: anml study run makes one")
    # Table 5 before Table 10.
    files = sorted(
        folder.glob("*.parquet"),
        key=lambda path: [
            int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.stem)
        ],
    )
    return {path.stem: _study(path) for path in files}


def _study(path: Path) -> Study:
    try:
        table = pq.ParquetFile(path).read()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no Parquet file: {error}") from error
    if tuple(table.column_names) != COLUMNS:
        raise ValueError(f"{path} has columns {table.column_names}, expected {list(COLUMNS)}")
    gathered: dict[Key, list[tuple[int, float]]] = {}
    for study, dataset, condition, method, metric, value, trial in zip(
        *(table[name].to_pylist() for name in COLUMNS[:7]), strict=True
    ):
        if study != path.stem:
            raise ValueError(f"{path} has a row of study {study!r}, expected {path.stem!r}")
        key = Key(dataset, condition, method, metric)
        if value is None or trial is None or None in key:
            raise ValueError(f"{path} has a row with a missing entry: {key}")
        gathered.setdefault(key, []).append((trial, value))
    cells = {key: _cell(path, key, rows) for key, rows in gathered.items()}
    return Study(path.stem, cells, _about(path.with_suffix(".json")))


def _cell(path: Path, key: Key, rows: list[tuple[int, float]]) -> Cell:
    trials = np.array([trial for trial, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    order = np.argsort(trials, kind="stable")
    trials, values = trials[order], values[order]
    if (twice := np.flatnonzero(np.diff(trials) == 0)).size:
        raise ValueError(f"{path} has trial {trials[twice[0]]} twice in {key}")
    known = np.isfinite(values)
    return Cell(trials[known], values[known])


def _about(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(about, dict):
        raise ValueError(f"{path} holds {type(about).__name__}, expected an object")
    return about
