"""What evidence says of a contributor, in words for whoever is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.method.records import ContributorRecord

NONE = "none"
"""As `RoundJudgement.root` says that nothing vouches for the evidence."""

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
}
_CREDENTIALS = "those with such v and r sent what the evidence on others speaks against"


def kinds(people: tuple[ContributorRecord, ...]) -> tuple[str, ...]:
    """List the kinds of evidence on some contributors, those that are known first."""
    found = dict.fromkeys(
        kind for one in people if one.judgement for kind in one.judgement.evidence
    )
    known = [kind for kind in _AGAINST if kind in found]
    return (*known, *sorted(set(found) - set(known)))


def against_it(person: ContributorRecord) -> str | None:
    """Say what speaks most against a contributor that was judged and left out.

    Parameters
    ----------
    person : ContributorRecord

    Returns
    -------
    str or None
        A part of a sentence, with the amount in nats; None for whoever was kept, or never
        judged.

    Examples
    --------
    >>> from anml_fl.method.judgement import ContributorJudgement
    >>> from anml_fl.method.records import ContributorRecord
    >>> found = ContributorJudgement(
    ...     evidence={"company": -2.8, "output rows": 0.4},
    ...     l=-2.4, worth=0.0, posterior=0.1, copies=1.0, norm=1.0, bound=0.2,
    ... )
    >>> one = ContributorRecord("a", 0.5, 1, 1, 1, 1, 0.0, False, judgement=found)
    >>> against_it(one)
    'with its update the common model does worse on the trusted rows (company −2.8)'
    """
    if person.judgement is None or person.selected:
        return None
    against = {
        **{
            kind: (person.judgement.evidence[kind], _spoken(kind)) for kind in kinds((person,))
        },
        "worth of its v and r": (person.judgement.worth, _CREDENTIALS),
    }
    kind, (amount, words) = min(against.items(), key=lambda item: item[1][0])
    if amount >= 0:
        return "too little speaks for it"
    return f"{words} ({visible(kind, 40)} {signed(amount)})"


def _spoken(kind: str) -> str:
    return _AGAINST.get(kind, f"“{visible(kind, 40)}” speaks against it")


def signed(amount: float, digits: int = 1) -> str:
    """Write a number with its sign, as an amount of evidence, in nats.

    Examples
    --------
    >>> signed(-2.04), signed(0.3), signed(-0.04), signed(-0.04, 2)
    ('−2.0', '+0.3', '0.0', '−0.04')
    """
    text = f"{abs(amount):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'−' if amount < 0 else '+'}{text}"
