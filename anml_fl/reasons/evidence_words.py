"""What evidence says of a contributor, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.method.records import ContributorRecord

# By kind, in the order in which they are read: what holds where the amount is below 0.
_AGAINST = {
    "company": "with its update the common model does worse on the trusted rows",
    "root direction": (
        "its update hardly goes the way that the trusted rows lead, or goes against it"
    ),
    "root function": (
        "its update alone hardly moves the model's answers on the trusted rows towards their"
        " labels, or moves them away"
    ),
    "output rows": (
        "what it teaches the output layer of each class hardly agrees with what the others"
        " teach, or disagrees"
    ),
    "update direction": "its update points away from the others'",
    "earlier doubt": "earlier rounds spoke against it, and doubt fades slowly",
}
_FOR = {
    "company": "with its update the common model does better on the trusted rows",
    "root direction": "its update goes the way that the trusted rows lead",
    "root function": (
        "its update alone moves the model's answers on the trusted rows towards their labels"
    ),
    "output rows": (
        "what it teaches the output layer of each class agrees with what the others teach"
    ),
    "update direction": "its update points where the others' do",
}

KINDS = tuple(_AGAINST)
"""Those that are known."""


def kinds(people: tuple[ContributorRecord, ...]) -> tuple[str, ...]:
    """List the kinds of evidence on some contributors, those that are known first."""
    found = dict.fromkeys(
        kind for one in people if one.judgement for kind in one.judgement.evidence
    )
    known = [kind for kind in _AGAINST if kind in found]
    return (*known, *sorted(set(found) - set(known)))


def evidence(kind: str, amount: float) -> str:
    """Say what a kind of evidence means, by the sign of its amount in nats.

    Examples
    --------
    >>> evidence("company", 2.0)
    'with its update the common model does better on the trusted rows'
    >>> evidence("another kind", -1.0)
    '“another kind” speaks against it'
    """
    known, way = (_AGAINST, "against") if amount < 0 else (_FOR, "for")
    return known.get(kind, f"“{visible(kind, 40)}” speaks {way} it")


def worth(amount: float) -> str:
    """Say what credentials proved worth, by the sign of their amount in nats.

    Examples
    --------
    >>> worth(-0.5)
    'its v and r speak against it'
    """
    return f"its v and r speak {'against' if amount < 0 else 'for'} it"


def signed(amount: float, digits: int = 1) -> str:
    """Write an amount of evidence, in nats, with its sign.

    Examples
    --------
    >>> signed(-2.04), signed(0.3), signed(-0.04), signed(-0.04, 2)
    ('−2.0', '+0.3', '0.0', '−0.04')
    """
    text = f"{abs(amount):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'−' if amount < 0 else '+'}{text}"
