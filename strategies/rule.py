"""A rule as a strategy has it: what decides, and what it is given beside a round."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.plugins import PRE_AGGREGATIONS, RULES, STRATEGIES
from anml_fl.settings.aggregation import Aggregation
from strategies.composition import Composed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What turns the valid updates of a round into a new model.

    Parameters
    ----------
    decide : callable
        From a `Cohort` and a `Context` to a `Decision`; it keeps nothing to itself.
    name : str
        In the records.
    settings : Aggregation
        Whether example counts weigh and how many attackers Krum's scores allow for, too.
    honest : frozenset of str
        As in `Context`.
    root : callable, optional
        Trains on the server's own data: from the global model's arrays by name to the trained
        ones. One that is `strategies.root_set.Rows` can be asked more: a `RootSet`.
    """

    decide: Callable[[Cohort, Context], Decision]
    name: str
    settings: Aggregation = field(default_factory=Aggregation)
    honest: frozenset[str] = frozenset()
    root: Callable[[Arrays], Arrays] | None = None


def named_rule(
    name: str,
    settings: Aggregation,
    honest: Collection[str] = (),
    root: Callable[[Arrays], Arrays] | None = None,
) -> Rule:
    """Look a rule up, and the pre-aggregations before it.

    Parameters
    ----------
    name : str
        Of `plugins.RULES`, or `module:object`: a function, or a `Rule` where it needs a
        root set. Before it, each with a "+", any of `plugins.PRE_AGGREGATIONS` or
        `module:object`: they work on the updates in this order.
    settings : Aggregation
    honest : collection of str
        Who is honest, for `oracle`.
    root : callable, optional
        As in `Rule`, for a rule that brings none.

    Raises
    ------
    UnknownNameError
        If the name is unknown; it lists the known ones.
    UnusableError
        If it stands for no rule.

    Examples
    --------
    >>> named_rule("krum", Aggregation()).decide.__module__
    'strategies.rules.krum'
    >>> [part for part, _ in named_rule("arc+nnm+krum", Aggregation()).decide.before]
    ['arc', 'nnm']
    """
    before, last = STRATEGIES.split(STRATEGIES.check(name))
    found = RULES.load(last)
    if not isinstance(found, Rule):
        _check_function(
            found,
            f"strategy {last!r} must be a function from a cohort and a context to a"
            " strategies.decision.Decision, or a strategies.rule.Rule",
        )
        found = Rule(found, last)
    decide = found.decide
    if before:
        parts = tuple((one, PRE_AGGREGATIONS.load(one)) for one in before)
        for one, part in parts:
            _check_function(
                part,
                f"pre-aggregation {one!r} must be a function from a cohort and a context to a"
                " strategies.pre_aggregation.Mixed",
            )
        decide = Composed(parts, last, decide)
    return replace(
        found,
        decide=decide,
        name=name,
        settings=settings,
        honest=frozenset(honest),
        root=found.root or root,
    )


def _check_function(found: object, must: str) -> None:
    if not callable(found) or isinstance(found, type):
        raise UnusableError(f"{must}, got {shown_kind(found)}")
