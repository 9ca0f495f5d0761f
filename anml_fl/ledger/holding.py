"""Which rounds are not paid yet: those that would pay for harm, beyond a bound."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from anml_fl.method.checks import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEVEL = 0.01
"""Chance, per round, of calling somebody harmful while everybody who is paid helps."""
SLACK = 0.03
"""Of the test score that the harmful may cost together: honest updates cost a little where
labels are skewed."""
# More digits differ from one build of NumPy to the next.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Holding:
    """When a round is held.

    Parameters
    ----------
    bound : float
        Share of a round's pool that may go to harmful contributors, in (0, 1).
    level : float
        Of the tests by which one is called harmful, all of a round together; in (0, 0.5).
    slack : float
        Of the test score that the harmful may cost together, in [0, 1). Together, so that
        nobody gains by sending one harm under several names.

    Raises
    ------
    ValueError
        If one is out of range.
    """

    bound: float
    level: float = LEVEL
    slack: float = SLACK

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, most in (("bound", 1.0), ("level", 0.5)):
            value = getattr(self, name)
            if number(name, value, 0, most) in (0, most):
                raise ValueError(f"{name} must lie between 0 and {most:g}, got {value!r}")
        if number("slack", self.slack, 0, 1) == 1:
            raise ValueError("slack must be below 1, got 1")

    def fields(self) -> dict[str, float]:
        """Give what the open entry says of it."""
        return asdict(self)

    def judge(
        self,
        payouts: Mapping[str, int],
        values: Sequence[float],
        errors: Sequence[float],
    ) -> dict[str, Any] | None:
        """Say why a round is held; None if it is paid.

        A contributor is harmful if its value lies so far below 0 that its test on the normal
        distribution rejects "it does no harm", at the level over the number of those who are
        paid (Bonferroni). The round is held if the harmful would get more than the bound, and
        cost more than the slack.

        Parameters
        ----------
        payouts : mapping
            Those who would be paid, each to micro-units above 0.
        values : sequence of float
            What each was worth, in their order.
        errors : sequence of float
            Standard errors of these.

        Returns
        -------
        dict or None
            `pool`, that would have been paid; `share` of it that goes to harm; and who is
            `harmful`, each with its share, its worth and its error.

        Examples
        --------
        >>> held = Holding(0.05).judge({"a": 90, "b": 10}, [0.2, -0.1], [0.01, 0.01])
        >>> held["share"], [one["contributor"] for one in held["harmful"]]
        (0.1, ['b'])
        >>> Holding(0.05).judge({"a": 90, "b": 10}, [0.2, -0.03], [0.01, 0.01])
        >>> Holding(0.25).judge({"a": 90, "b": 10}, [0.2, -0.1], [0.01, 0.01])
        """
        pool = sum(payouts.values())
        z = -NormalDist().inv_cdf(self.level / max(1, len(payouts)))
        found = [
            (name, paid, round(value, _DIGITS), round(error, _DIGITS))
            for (name, paid), value, error in zip(payouts.items(), values, errors, strict=True)
        ]
        harmful = [
            {
                "contributor": name,
                "share": round(paid / pool, _DIGITS),
                "worth": value,
                "error": error,
            }
            for name, paid, value, error in found
            if value + z * error < 0
        ]
        share = sum(payouts[str(one["contributor"])] for one in harmful) / max(1, pool)
        if share <= self.bound or cost(harmful) <= self.slack:
            return None
        return {"harmful": harmful, "pool": pool, "share": round(share, _DIGITS)}


def cost(harmful: Sequence[Mapping[str, Any]]) -> float:
    """Add up what the harmful cost, of the test score.

    Examples
    --------
    >>> cost([{"worth": -0.25}, {"worth": -0.5}])
    0.75
    """
    return -sum(float(one["worth"]) for one in harmful)


def held_words(held: Mapping[str, Any], bound: float | None = None) -> str:
    """Say in a sentence why a round is held.

    Parameters
    ----------
    held : mapping
        As an entry has it.
    bound : float, optional
        The ledger's, if it is to be named.

    Examples
    --------
    >>> one = {"contributor": "b", "share": 0.1, "worth": -0.0312, "error": 0.004}
    >>> held_words({"harmful": [one], "pool": 100, "share": 0.1}, 0.05)
    '10.0 % of the pool would go to 1 contributor whose update lowers the test score: b (10.0 %
    for -3.12 points, standard error 0.40); 5 % may'
    """
    people = held["harmful"]
    worst = sorted(people, key=lambda one: (-one["share"], one["contributor"]))[:3]
    named = ", ".join(f"{one['contributor']} ({harm_words(one)})" for one in worst)
    more = f" and {len(people) - len(worst)} more" if len(people) > len(worst) else ""
    who = (
        "1 contributor whose update lowers"
        if len(people) == 1
        else f"{len(people)} contributors whose updates lower"
    )
    may = "" if bound is None else f"; {100 * bound:g} % may"
    return f"{held_share(held)} would go to {who} the test score: {named}{more}{may}"


def held_share(held: Mapping[str, Any]) -> str:
    """Say how much of a held round would go to harm.

    Examples
    --------
    >>> held_share({"share": 0.1253})
    '12.5 % of the pool'
    """
    return f"{100 * held['share']:.1f} % of the pool"


def harm_words(one: Mapping[str, Any]) -> str:
    """Say what one harmful contributor would get, and for what.

    Examples
    --------
    >>> harm_words({"share": 0.1, "worth": -0.0312, "error": 0.004})
    '10.0 % for -3.12 points, standard error 0.40'
    """
    return (
        f"{100 * one['share']:.1f} % for {100 * one['worth']:.2f} points, standard error"
        f" {100 * one['error']:.2f}"
    )
