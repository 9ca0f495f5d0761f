"""Known attacks, with which every search begins: published ones, and what a rule invites."""

from __future__ import annotations

from dataclasses import replace

from studies.redteam.attack import Attack

NOTHING = Attack()
"""The check: who does nothing harms nobody."""

KNOWN = (
    Attack(labels="random"),
    Attack(labels="shift", credentials="bought"),
    Attack(labels="shift", credentials="bought", claim=10.0),
    Attack(direction="mean", scale=1.0, knowledge="updates", credentials="bought"),
    Attack(labels="shift", knowledge="root", hiding="half", credentials="bought", claim=10.0),
    Attack(labels="pairs", alignment=0.2, knowledge="root", hiding="greedy", claim=10.0,
           credentials="bought"),
    Attack(labels="shift", rehearsal=0.6, knowledge="root", credentials="bought", claim=10.0),
    Attack(labels="target", credentials="bought", scale=5.0),
    Attack(direction="alie", scale=1.5, knowledge="updates", credentials="bought"),
    Attack(direction="mean", knowledge="rule", hiding="half", credentials="bought",
           claim=10.0),
    Attack(labels="pairs", alignment=0.3, credentials="bought"),
    Attack(labels="pairs", knowledge="root", hiding="half", credentials="bought", claim=10.0),
    Attack(labels="shift", knowledge="rule", hiding="greedy", credentials="bought"),
    Attack(labels="shift", poisoned=0.4, credentials="bought", claim=10.0),
    Attack(labels="shift", copies=True, credentials="bought"),
    Attack(labels="shift", timing="turncoat", start=0.6, credentials="bought", claim=10.0),
    Attack(labels="shift", timing="on_off", credentials="bought"),
    Attack(direction="flip", scale=2.0, credentials="bought"),
    Attack(direction="mean", knowledge="root", hiding="greedy", credentials="bought",
           claim=10.0),
    Attack(labels="pairs", rehearsal=0.7, alignment=0.2, knowledge="root", hiding="half",
           credentials="bought", claim=10.0),
)  # fmt: skip
"""In this order: a small budget reaches the first of them alone."""


def known_attacks(share: float) -> list[Attack]:
    """List them for a share of attackers, doing nothing first.

    Examples
    --------
    >>> known_attacks(0.1)[0]
    Attack(share=0.1, knowledge='own', credentials='none', ...labels='none', ...)
    """
    return [replace(attack, share=share) for attack in (NOTHING, *KNOWN)]
