"""What a ledger adds up to: who earned how much, and what each round paid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Earned:
    """One contributor in all rounds.

    Parameters
    ----------
    payout : int
        Micro-units.
    share : float
        Of all payouts, in [0, 1].
    selected : int
        Rounds whose new model holds its update.
    rounds : int
        Rounds in which it was asked.
    """

    contributor: str
    payout: int
    share: float
    selected: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Settled:
    """One round.

    Parameters
    ----------
    pool : int
        Micro-units that were shared.
    paid : int
        Contributors with a payout above 0.
    asked : int
        Contributors in all.
    model : str
        Hash of the new model.
    """

    round: int
    branch: str | None
    pool: int
    paid: int
    asked: int
    model: str


def summarise(lines: Iterable[bytes]) -> tuple[list[Earned], list[Settled]]:
    """Sum a verified ledger up.

    Parameters
    ----------
    lines : iterable of bytes
        All entries, in their order.

    Returns
    -------
    tuple of lists
        Contributors, the highest payout first, then by name; rounds in their order.

    Examples
    --------
    >>> summarise([b'{"kind":"open"}'])
    ([], [])
    """
    payout: dict[str, int] = {}
    selected: dict[str, int] = {}
    asked: dict[str, int] = {}
    settled = []
    for line in lines:
        entry = json.loads(line)
        if entry["kind"] != "round":
            continue
        people = entry["contributors"]
        for one in people:
            name = one["contributor"]
            payout[name] = payout.get(name, 0) + one["payout"]
            selected[name] = selected.get(name, 0) + one["selected"]
            asked[name] = asked.get(name, 0) + 1
        paid = sum(one["payout"] > 0 for one in people)
        own = {name: entry[name] for name in ("round", "branch", "pool", "model")}
        settled.append(Settled(**own, paid=paid, asked=len(people)))
    total = sum(payout.values())
    earned = [
        Earned(name, paid, paid / total if total else 0.0, selected[name], asked[name])
        for name, paid in payout.items()
    ]
    return sorted(earned, key=lambda one: (-one.payout, one.contributor)), settled
