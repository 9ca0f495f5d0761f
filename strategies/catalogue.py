"""Every strategy by name: ANML's combinations, the baselines, and the ceiling."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from strategies import rules
from strategies.anml import Anml
from strategies.screened import ScreenedStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from anml_fl.config import Aggregation
    from strategies.rules import Cohort, Decision

    Baseline = Callable[[Aggregation, Cohort], Decision]

BASELINES: Mapping[str, Baseline] = {
    "fedavg": rules.fedavg,
    "krum": rules.krum,
    "multikrum": rules.multikrum,
    "q_only": rules.q_only,
    "bulyan": rules.bulyan,
    "median": rules.median,
    "trimmed_mean": rules.trimmed_mean,
}
COMBINATIONS: Mapping[str, Any] = {
    "anml": "two_stage",
    "softmax_blend": "softmax_blend",
    "multiplicative": "multiplicative",
}
ORACLE = "oracle"
NAMES = (*BASELINES, *COMBINATIONS, ORACLE)


def strategy(
    name: str, settings: Aggregation, honest: Collection[str] = (), **options: Any
) -> ScreenedStrategy:
    """Make a strategy by name.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    settings : Aggregation
    honest : collection of str
        The honest contributors: for `oracle` alone, which is told.
    **options
        As in `ScreenedStrategy`: registry, roster, at.

    Raises
    ------
    ValueError
        If the name is unknown; it lists the known ones.

    Examples
    --------
    >>> from anml_fl.config import Aggregation
    >>> strategy("krum", Aggregation()).name
    'krum'
    """
    if name in COMBINATIONS:
        return Anml(COMBINATIONS[name], settings, name=name, **options)
    if name == ORACLE:
        rule: Callable[[Cohort], Decision] = partial(_oracle, frozenset(honest))
    elif name in BASELINES:
        rule = partial(BASELINES[name], settings)
    else:
        raise ValueError(f"unknown strategy {name!r}; known: {', '.join(NAMES)}")
    return ScreenedStrategy(
        rule,
        name=name,
        n_byzantine=settings.n_byzantine,
        example_weighting=settings.example_weighting,
        **options,
    )


def _oracle(honest: frozenset[str], cohort: Cohort) -> Decision:
    """Average the honest alone; nobody, if none of them replied."""
    selected = np.array([name in honest for name in cohort.contributors])
    if not selected.any():
        return rules.Decision(
            np.zeros_like(cohort.updates[0]),
            np.zeros(selected.size),
            selected,
            note="no honest contributor replied",
        )
    update, shares = rules.weighted(cohort, np.ones(selected.size), selected)
    return rules.Decision(update, shares, selected)
