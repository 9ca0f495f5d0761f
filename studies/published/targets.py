"""What others published, figure by figure."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Published:
    """One figure.

    Parameters
    ----------
    study : str
        Ours, which tries it.
    condition, method, metric : str
        As in our study.
    values : tuple of float
        In per cent: one a seed where the authors' logs are public, else the mean alone.
    """

    study: str
    condition: str
    method: str
    metric: str
    values: tuple[float, ...]


@cache
def load_published() -> tuple[Published, ...]:
    """Read them, in the order of the file.

    Examples
    --------
    >>> load_published()[0].values
    (0.87, 1.04, 1.09)
    """
    text = files("studies.published").joinpath("targets.csv").read_text(encoding="utf-8")
    return tuple(
        Published(
            row["study"],
            row["condition"],
            row["method"],
            row["metric"],
            tuple(map(float, row["values"].split())),
        )
        for row in csv.DictReader(text.splitlines())
    )
