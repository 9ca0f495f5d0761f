"""The table at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping


def table(summary: Mapping[str, Any]) -> Table:
    """Show a run's summary, a row a strategy.

    Parameters
    ----------
    summary : mapping
        As in `summary.json`.

    Returns
    -------
    rich.table.Table
    """
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    shown.add_column("strategy", no_wrap=True, min_width=14)
    branches = ("rounds: blend", "q only", "uniform")
    for heading in ("test error", "attackers' weight", *branches, "left out"):
        shown.add_column(heading, justify="right")
    for name, one in summary["strategies"].items():
        rounds = one["branches"]
        shown.add_row(
            name,
            _percent(one["test_error"]),
            _percent(one["attacker_weight"]),
            *(str(rounds.get(branch, 0)) for branch in ("blend", "krum", "uniform")),
            str(one["excluded"]),
        )
    return shown


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
