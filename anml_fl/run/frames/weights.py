"""A run's weights as a table: a row a strategy, round and contributor, with what made them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.words import because
from anml_fl.run.frames.columns import COUNT, FLAG, TEXT, joined, schema_of, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.reasons.schemes import Dials
    from anml_fl.run.reading import Run, StrategyRun

SCHEMA = schema_of(
    {
        TEXT: "run strategy contributor behaviour reason egress",
        COUNT: "seed round refused_credentials",
        FLAG: "selected",
    },
    "run seed strategy round contributor behaviour q v r T s weight selected reason examples"
    " measured l worth posterior copies norm bound refused_credentials egress",
)
"""Names and types, in this order."""
WHY = pa.schema([("decided_by", TEXT), ("why", TEXT)])
"""Columns that follow where reasons were asked for."""
WEIGHTS = {False: SCHEMA, True: pa.unify_schemas([SCHEMA, WHY])}
"""All columns, by whether reasons were asked for."""
EVIDENCE = schema_of(
    {TEXT: "run strategy contributor kind", COUNT: "seed round"},
    "run seed strategy round contributor kind nats",
)
"""Of the table of evidence."""

_OWN = ("contributor", "q", "v", "r", "T", "s", "weight", "selected", "reason", "examples")
_JUDGED = ("l", "worth", "posterior", "copies", "norm", "bound")


def weights_table(run: Run, label: str, dials: Dials | None = None) -> pa.Table:
    """Tell of everybody who was asked, in each round of each strategy.

    Parameters
    ----------
    run : Run
    label : str
        What the column `run` says.
    dials : Dials, optional
        The settings that weights depend on: reasons are told too.
    """
    shared = {"run": label, "seed": run.summary.seed}
    whole = WEIGHTS[dials is not None]
    return joined(whole, (_weights(run, of, shared, dials) for of in run.strategies))


def evidence_table(run: Run, label: str) -> pa.Table:
    """Tell what spoke for and against whom: a row a kind of evidence, in its round's order.

    Parameters
    ----------
    run : Run
    label : str
        What the column `run` says.
    """
    shared = {"run": label, "seed": run.summary.seed}
    return joined(EVIDENCE, (_evidence(of, shared) for of in run.strategies))


def _weights(
    run: Run, of: StrategyRun, shared: dict[str, Any], dials: Dials | None
) -> pa.Table:
    people = [one for record in of.records for one in record.contributors]
    known = run.summary.contributors if run.known else {}
    columns: dict[str, list[Any]] = {
        name: [getattr(one, name) for one in people] for name in (*_OWN, "measured", "egress")
    }
    columns |= {
        name: [one.judgement and getattr(one.judgement, name) for one in people]
        for name in _JUDGED
    }
    columns |= {
        "round": list(_numbers(of)),
        "behaviour": [known.get(one.contributor) for one in people],
        "refused_credentials": [len(one.refused_credentials) for one in people],
    }
    table = table_of(SCHEMA, columns, len(people), {**shared, "strategy": of.name})
    if dials is None:
        return table
    told = [RoundReasons(record, dials).all() for record in of.records]
    reasons = list(chain.from_iterable(told))
    decided = pa.array([one.decided_by for one in reasons], TEXT)
    words = pa.array([because(one) for one in reasons], TEXT)
    return table.append_column("decided_by", decided).append_column("why", words)


def _numbers(of: StrategyRun) -> Iterator[int]:
    for record in of.records:
        for _ in record.contributors:
            yield record.round


def _evidence(of: StrategyRun, shared: dict[str, Any]) -> pa.Table:
    rows = [
        (record.round, one.contributor, kind, nats)
        for record in of.records
        for one in record.contributors
        if one.judgement is not None
        for kind, nats in sorted(one.judgement.evidence.items())
    ]
    names = ("round", "contributor", "kind", "nats")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return table_of(EVIDENCE, columns, len(rows), {**shared, "strategy": of.name})
