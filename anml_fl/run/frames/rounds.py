"""A run's rounds as a table: a row a strategy and round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from anml_fl.run.frames.columns import COUNT, TEXT, joined, schema_of, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.reading import Run, StrategyRun

SCHEMA = schema_of(
    {
        TEXT: "run strategy branch note measure root",
        COUNT: "seed round asked replies selected excluded refused bytes_sent bytes_received",
    },
    "run seed strategy round branch rho_c min_s test_error test_score claimed attacker_weight"
    " asked replies selected excluded refused note measure root base_rate c slope_v slope_r"
    " cap damping bytes_sent bytes_received at seconds",
)
"""Names and types, in this order."""

_OWN = (
    *("round", "branch", "rho_c", "min_s", "test_error", "test_score", "note", "at"),
    *("bytes_sent", "bytes_received"),
)


def rounds_table(run: Run, label: str) -> pa.Table:
    """Tell a run's rounds, strategy by strategy.

    Parameters
    ----------
    run : Run
    label : str
        What the column `run` says.
    """
    shared = {"run": label, "seed": run.summary.seed}
    return joined(SCHEMA, (_strategy(run, of, shared) for of in run.strategies))


def attackers_share(run: Run, record: RoundRecord) -> float | None:
    """Give the share of a round's new model that came from known attackers, in [0, 1].

    Returns
    -------
    float or None
        None without a new model, under a rule without weights, and where nobody's behaviour is
        known.
    """
    counted = [one for one in record.contributors if one.selected]
    if not counted or not run.known:
        return None
    share = sum(one.weight for one in counted if run.attacks(one.contributor))
    return share if all(math.isfinite(one.weight) for one in counted) else None


def _strategy(run: Run, of: StrategyRun, shared: dict[str, Any]) -> pa.Table:
    records = of.records
    claims = {one.round: one.median for one in of.claims}
    columns = {name: [getattr(one, name) for one in records] for name in _OWN}
    columns |= {
        "claimed": [claims.get(one.round) for one in records],
        "attacker_weight": [attackers_share(run, one) for one in records],
        "asked": [len(one.contributors) for one in records],
        "replies": [sum(p.reason is None for p in one.contributors) for one in records],
        "selected": [sum(p.selected for p in one.contributors) for one in records],
        "excluded": [one.excluded for one in records],
        "refused": [len(one.refused) for one in records],
        "measure": [one.measure and one.measure.name for one in records],
        "seconds": [of.timings.get(one.round) for one in records],
    }
    judged = [one.judgement for one in records]
    columns |= {
        name: [one and getattr(one, name) for one in judged]
        for name in ("root", "base_rate", "c", "cap", "damping")
    }
    columns |= {
        f"slope_{signal}": [one and one.slopes.get(signal) for one in judged]
        for signal in ("v", "r")
    }
    return table_of(SCHEMA, columns, len(records), {**shared, "strategy": of.name})
