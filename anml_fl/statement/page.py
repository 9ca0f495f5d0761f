"""A statement for people: one page, A4 when printed, without a script."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from anml_fl.ledger.hashes import sha256_of
from anml_fl.page.document import document
from anml_fl.reasons.amounts import percent
from anml_fl.reasons.evidence_words import KINDS
from anml_fl.reasons.over_rounds_words import sentences_over
from anml_fl.statement.rows import MOST, ROOMY, cut, rows, shown_status
from anml_fl.statement.template import STYLE, TEMPLATE
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from anml_fl.statement.statement import Statement

# Letters of a name and of what was recorded, how many of the latter, letters of a file name
# and of what is said of all rounds: so that it stays one page.
_NAME, _TOLD, _MOST_TOLD, _FILE, _SAID = 40, 80, 3, 120, 600


def page(statement: Statement, content: bytes, name: str, *, signed: bool) -> str:
    """Write a statement's page.

    Parameters
    ----------
    statement : Statement
    content : bytes
        Of its file, from `written`.
    name : str
        Of its file.
    signed : bool
        Whether the file has a signature.

    Returns
    -------
    str
        HTML that needs nothing else; the same arguments give the same text.
    """
    who, told = visible(statement.contributor, _NAME), rows(statement)
    why = "" if statement.over is None else sentences_over(statement.over)
    return document(
        TEMPLATE,
        {
            "title": f"Statement for {who}",
            "run": visible(statement.run, _NAME),
            "signed": signed,
            "closed": statement.closed,
            "settled": statement.settled,
            "earned": _earned(statement),
            "counts": _counts(statement),
            "why": cut(why, _SAID),
            "told": told,
            "dense": len(told) > ROOMY,
            "bound": all(one.record is not None for one in statement.rounds),
            "joined": len(statement.rounds) > MOST,
            "judged": statement.over is not None
            and not {*KINDS}.isdisjoint(statement.over.parts),
            "credentials": _credentials(statement),
            "name": visible(name, _FILE),
            "sha256": sha256_of(content).removeprefix("sha256:"),
            "key": statement.public_key,
            "head": statement.head,
            "entries": statement.entries,
        },
        style=STYLE,
    )


def _earned(statement: Statement) -> str:
    paid, shared = statement.payout, statement.shared
    share = f" ({percent(paid / shared)})" if shared else ""
    rounds = _rounds(statement.settled)
    strategy = visible(statement.strategy, _NAME)
    earned = f"Earned {paid:,} of {shared:,} micro-units{share} in {rounds} of {strategy}."
    held = [one for one in statement.rounds if one.held]
    if not held:
        return earned
    return (
        f"{earned} {len(held)} of them were held and paid nobody when they were settled: in"
        f" round {held[-1].round}, {visible(held[-1].held or '', _TOLD)}."
    )


def _counts(statement: Statement) -> str:
    asked = len(statement.rounds)
    valid = sum(one.valid for one in statement.rounds)
    found = Counter(map(shown_status, statement.rounds))
    statuses = [f"{status} in {count}" for status, count in sorted(found.items())]
    return (
        f"Asked in {asked} of {_rounds(statement.settled)}; a valid reply came in {valid};"
        f" {', '.join(statuses)}."
    )


def _credentials(statement: Statement) -> str:
    """Say which credentials were refused: the most frequent reasons, with their number."""
    found = Counter(why for one in statement.rounds for why in one.refused_credentials)
    told = [
        f"{visible(why, _TOLD)} ({times:,})" for why, times in found.most_common(_MOST_TOLD)
    ]
    rest = found.total() - sum(times for _, times in found.most_common(_MOST_TOLD))
    return "; ".join([*told, *([f"others ({rest:,})"] if rest else [])])


def _rounds(count: int) -> str:
    return "1 round" if count == 1 else f"{count:,} rounds"
