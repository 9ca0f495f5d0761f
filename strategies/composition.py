"""A rule behind pre-aggregations: it decides on what they make of a round's updates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.krum import FEWEST, consistency
from anml_fl.registry.interface import Signals
from strategies.cohort import Cohort
from strategies.pre_aggregation import checked
from strategies.updates import Updates
from strategies.usable import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from strategies.context import Context
    from strategies.decision import Decision
    from strategies.pre_aggregation import Mixed, PreAggregation

    State = Mapping[str, NDArray[Any]]

# How the names of the rule's own state begin.
_RULE = "rule/"


@dataclass(frozen=True, slots=True)
class Composed:
    """Pre-aggregations in a chain, and the rule at its end.

    A contributor's share is its part of the step: A^T w of the rule's weights w, divided by
    its sum. Where something was clipped off, the step is so much shorter than the mean of the
    updates by these shares. Under a coordinate-wise rule nobody has a share, and selected is
    who is in a row that the rule selected.

    Parameters
    ----------
    before : tuple
        Name and function of each pre-aggregation, in the order of their work.
    name : str
        Of the rule, for messages.
    inner : callable
        The rule, as `strategies.rule.Rule.decide`.
    """

    before: tuple[tuple[str, PreAggregation], ...]
    name: str
    inner: Callable[[Cohort, Context], Decision]

    def __call__(self, cohort: Cohort, context: Context) -> Decision:
        """Decide on what the pre-aggregations make of the updates."""
        now, known = cohort, context
        steps: list[Mixed] = []
        kept: dict[str, NDArray[Any]] = {}
        for place, (name, function) in enumerate(self.before):
            own = f"{place}:{name}/"
            given = replace(known, state=_below(own, context.state))
            mixed = checked(function(now, given), name, now)
            kept |= _under(own, mixed.state)
            before, now = now, behind(mixed, now, known)
            known = replace(known, honest=_honest(mixed, before, now, known.honest))
            steps.append(mixed)
        given = replace(known, state=_below(_RULE, context.state))
        decision = usable(self.inner(now, given), self.name, now)
        kept |= _under(_RULE, decision.state)
        for mixed in reversed(steps):
            decision = handed_back(mixed, decision)
        return replace(decision, state=kept)


def behind(mixed: Mixed, cohort: Cohort, context: Context) -> Cohort:
    """Make the cohort that comes out of a pre-aggregation: judged anew by what it is now.

    A group goes under the name of one of its members, drawn at random, so that whoever is
    remembered is one of the round's contributors; its v, r, T and example factor are the mean
    of its members'.

    Parameters
    ----------
    mixed : Mixed
    cohort : Cohort
        What the pre-aggregation was given.
    context : Context
    """
    names = cohort.contributors
    if mixed.groups is not None:
        order = context.rng("representatives").permutation(len(names))
        _, first = np.unique(mixed.groups[order], return_index=True)
        names = tuple(names[order[i]] for i in first)
    n, rows = len(names), Updates.of(mixed.updates)
    scores = np.zeros(n)
    if n >= FEWEST:
        scores = scores_of_distances(rows.distances, n_byzantine=context.settings.n_byzantine)
    told = cohort.signals
    made = Cohort(
        names,
        rows,
        scores,
        consistency(scores),
        Signals(*(mixed.of_rows(signal) for signal in (told.v, told.r, told.T))),
        mixed.of_rows(cohort.examples),
    )
    for array in (
        scores, made.q, made.examples,
        made.signals.v, made.signals.r, made.signals.T,
    ):  # fmt: skip
        array.setflags(write=False)
    return made


def handed_back(mixed: Mixed, decision: Decision) -> Decision:
    """Say of the contributors what a rule decided of the rows that they are in."""
    weights, selected = decision.weights, decision.selected
    note = "; ".join(filter(None, (mixed.note, decision.note))) or None
    judgements, measured = decision.judgements, decision.measured
    if mixed.groups is not None:
        if judgements:
            judgements = tuple(judgements[row] for row in mixed.groups.tolist())
        if measured is not None:
            measured = measured[mixed.groups]
    if np.isnan(weights).any():
        shares = np.full(mixed.mixing.shape[-1], math.nan)
        chosen = mixed.shares(selected.astype(np.float64)) > 0
    else:
        shares = mixed.shares(weights)
        total = float(shares.sum())
        if total > 0:
            shares = shares / total
        elif selected.any():
            note = "; ".join(
                filter(None, (note, "all that was selected is clipped to nothing"))
            )
        chosen = shares > 0
    return replace(
        decision,
        weights=shares,
        selected=chosen,
        note=note,
        judgements=judgements,
        measured=measured,
    )


def _honest(
    mixed: Mixed, before: Cohort, now: Cohort, honest: frozenset[str]
) -> frozenset[str]:
    """Find the rows that honest contributors alone are in, for a rule that is told of them."""
    if mixed.mixing.ndim == 1:
        return honest
    hostile = [i for i, name in enumerate(before.contributors) if name not in honest]
    alone = np.flatnonzero(~mixed.mixing[:, hostile].any(axis=1))
    return frozenset(now.contributors[row] for row in alone)


def _below(prefix: str, state: State) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): a for k, a in state.items() if k.startswith(prefix)}


def _under(prefix: str, state: State) -> dict[str, NDArray[Any]]:
    return {prefix + key: array for key, array in state.items()}
