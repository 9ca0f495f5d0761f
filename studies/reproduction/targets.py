"""What the paper reports, figure by figure, and what its tables are called."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

TABLES = {
    "5": ("Combination methods at signal correlations", "4.4"),
    "7": ("ANML against Krum, main result", "5.2.1"),
    "8": ("Improvement across data sets and signal reliability", "5.2.2"),
    "9": ("Clean share of what is selected", "5.3"),
    "10": ("Ablation of the factors", "5.4"),
    "11": ("Error against signal quality", "5.5"),
    "12": ("Data efficiency", "5.7"),
    "13": ("Error against the share of bad data", "5.8"),
    "14": ("Large data sets", "5.9"),
    "15": ("Selection by group of contributors", "5.10"),
    "16": ("Contributor level against sample level", "5.11"),
    "17": ("Strategic attacks", "5.12"),
    "18": ("Label drift", "5.13"),
    "A1": ("Fraction that is kept", "A.1"),
    "A2": ("Threshold tau_c", "A.2"),
}
"""Title and section of each table that these studies redo, in the paper's order."""


@dataclass(frozen=True, slots=True)
class Target:
    """One figure of the paper.

    Parameters
    ----------
    table : str
        As the paper numbers it, "7" or "A1".
    dataset, condition, method, metric : str
        What was measured, on what, and how.
    value : float
        In the unit that the metric's name ends with.
    low, high : float or None
        The paper's 95 % interval, where it gives one.
    trials : int
        That the paper ran.
    """

    table: str
    dataset: str
    condition: str
    method: str
    metric: str
    value: float
    low: float | None
    high: float | None
    trials: int

    @property
    def half_width(self) -> float:
        """Half the paper's interval; 0 where it gives none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2


def load_targets() -> tuple[Target, ...]:
    """Read the paper's figures.

    Returns
    -------
    tuple of Target
        In the order of the file.

    Examples
    --------
    >>> load_targets()[1].value
    12.4
    """
    text = files("studies.paper").joinpath("targets.csv").read_text(encoding="utf-8")
    return tuple(
        Target(
            table=row["table"],
            dataset=row["dataset"],
            condition=row["condition"],
            method=row["method"],
            metric=row["metric"],
            value=float(row["value"]),
            low=float(row["ci_low"]) if row["ci_low"] else None,
            high=float(row["ci_high"]) if row["ci_high"] else None,
            trials=int(row["trials"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


def study_of(table: str) -> str:
    """Name the study that redoes a table.

    Examples
    --------
    >>> study_of("7"), study_of("A1")
    ('table-7', 'appendix-a1')
    """
    return f"appendix-{table.lower()}" if table.startswith("A") else f"table-{table}"


def label_of(table: str) -> str:
    """Say a table's number in words.

    Examples
    --------
    >>> label_of("7"), label_of("A1")
    ('Table 7', 'Appendix A.1')
    """
    return f"Appendix A.{table[1:]}" if table.startswith("A") else f"Table {table}"
