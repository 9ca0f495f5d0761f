"""The rule that attackers attack, applied to what they think of sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import UnusableError
from anml_fl.method.provenance import Reputation, Verification
from anml_fl.registry.interface import Signals
from strategies.cohort import assess
from strategies.context import Context
from strategies.rule import named_rule
from strategies.screening import Screened
from strategies.usable import decided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig
    from strategies.cohort import Cohort


def aggregated(
    config: RunConfig,
    context: Context,
    honest: NDArray[Any],
    crafted: Mapping[str, NDArray[Any]],
    names: Sequence[str],
) -> NDArray[Any] | None:
    """Apply the strategy that settles the run to honest and crafted updates.

    The attackers know the rule and its settings, and not what the server alone has: signals
    are neutral, v = .25, r = .40 and T = 1 of everybody, everybody has one example, and there
    is no state from earlier rounds and no root set. The mean of what they know stands in for
    the step that the server would make on one. What is not finite is left out, as by the
    server.

    Parameters
    ----------
    config : RunConfig
        Its `settling` strategy is the rule under attack: of several the one that pays.
    context : Context
        The round, the model, its shapes, and who is honest.
    honest : (m, d) array
    crafted : mapping
        Attacker to its update (d,).
    names : sequence of str
        Whose the rows of `honest` are.

    Returns
    -------
    (d,) array or None
        None if the rule cannot be applied, as one that needs rows which attackers do not have.
    """
    rows = {**dict(zip(names, honest, strict=True)), **crafted}
    rows = {name: row for name, row in rows.items() if np.isfinite(row).all()}
    if not rows:
        return None
    cohort = _neutral(sorted(rows), rows, config)
    try:
        rule = named_rule(config.settling, config.aggregation, context.honest)
        return decided(rule, cohort, context).update
    except UnusableError:
        return None


def _neutral(
    who: Sequence[str], rows: Mapping[str, NDArray[Any]], config: RunConfig
) -> Cohort:
    n = len(who)
    level = Verification.SELF_ATTESTED.middle, Reputation.NEW.middle, 1.0
    screened = Screened(
        contributors=tuple(who),
        updates=np.stack([rows[name] for name in who]),
        buffers=({},) * n,
        examples=np.ones(n),
        left_out={},
        refused=(),
        credentials={},
        codes={},
        policies={},
        own={},
        echoed=True,
        metrics={},
    )
    signals = Signals(*(np.full(n, value) for value in level))
    settings = config.aggregation
    cohort, _ = assess(
        screened,
        signals,
        n_byzantine=settings.n_byzantine,
        example_weighting=settings.example_weighting,
    )
    return cohort
