"""What became of each contributor over a run: a row a strategy and contributor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.run.frames.columns import COUNT, FLAG, TEXT, joined, schema_of, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from anml_fl.method.records import ContributorRecord
    from anml_fl.run.reading import Run, StrategyRun

SCHEMA = schema_of(
    {
        TEXT: "run strategy contributor behaviour",
        COUNT: "seed asked replied selected payout samples",
        FLAG: "attacker",
    },
    "run seed strategy contributor behaviour attacker asked replied selected weight q v r T s"
    " payout samples own_error own_score",
)
"""Names and types, in this order."""

_MEANS = ("weight", "q", "v", "r", "T", "s")


def contributors_table(run: Run, label: str, paid: Mapping[str, int] | None) -> pa.Table:
    """Sum up what each contributor did, and what came of it.

    Parameters
    ----------
    run : Run
    label : str
        What the column `run` says.
    paid : mapping, optional
        Contributor to micro-units, as the ledger has them; None if that says nothing.
    """
    shared = {"run": label, "seed": run.summary.seed}
    return joined(SCHEMA, (_strategy(run, of, paid, shared) for of in run.strategies))


def _strategy(
    run: Run, of: StrategyRun, paid: Mapping[str, int] | None, shared: dict[str, Any]
) -> pa.Table:
    names = list(run.summary.contributors)
    place = {name: row for row, name in enumerate(names)}
    people = [one for record in of.records for one in record.contributors]
    whose = np.fromiter((place[one.contributor] for one in people), int, len(people))
    payouts = paid if of.name == run.lead.name else None
    held = [run.summary.holdings.get(name) for name in names]
    columns: dict[str, Sequence[Any]] = {
        "contributor": names,
        "behaviour": [run.summary.contributors[name] if run.known else None for name in names],
        "attacker": [run.attacks(name) if run.known else None for name in names],
        "asked": np.bincount(whose, minlength=len(names)).tolist(),
        "replied": _count(whose, [one.reason is None for one in people], len(names)),
        "selected": _count(whose, [one.selected for one in people], len(names)),
        "payout": [None if payouts is None else payouts.get(name, 0) for name in names],
        "samples": [one and one.samples for one in held],
        "own_error": [one and one.errors.get(of.name) for one in held],
        "own_score": [one and one.scores.get(of.name) for one in held],
    }
    columns |= {name: _mean(whose, people, name, len(names)) for name in _MEANS}
    return table_of(SCHEMA, columns, len(names), {**shared, "strategy": of.name})


def _count(whose: np.ndarray, flags: Sequence[bool], size: int) -> list[int]:
    kept = whose[np.array(flags, dtype=bool)]
    found: list[int] = np.bincount(kept, minlength=size).tolist()
    return found


def _mean(
    whose: np.ndarray, people: Sequence[ContributorRecord], name: str, size: int
) -> Sequence[float]:
    """Average over the rounds that have a value; nan without any."""
    values = np.array([getattr(one, name) for one in people], dtype=float)
    known = np.isfinite(values)
    count = np.bincount(whose[known], minlength=size)
    total = np.bincount(whose[known], weights=values[known], minlength=size)
    found: list[float] = np.where(count > 0, total / np.maximum(count, 1), np.nan).tolist()
    return found
