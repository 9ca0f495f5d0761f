"""Which rule to choose, in words that follow from the table of rules side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reproduction.network_findings import side
from studies.reproduction.numbers import plain
from studies.reproduction.rule_findings import HARMLESS
from studies.reproduction.rule_places import CEILING, NO_DEFENCE, RULE, over, points, worst
from studies.reproduction.rule_tables import rules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.reproduction.rule_places import Place


def choice_said(places: Sequence[Place]) -> str:
    """Say which rule to choose: with a root set, without, and where nobody attacks."""
    everywhere = [m for m in rules_of(places) if all(m in one.errors for one in places)]
    rooted = [m for m in everywhere if m == RULE]
    free = [m for m in everywhere if m != CEILING and m not in rooted and "donated" not in m]
    asked = [m for m in everywhere if m.endswith("donated")]
    best = _least([*rooted, *free, *asked], places)
    lone = _least(free, places)
    said = ["Which rule should I choose?"]
    if best in rooted:
        said.append(f"Where the coordinator has a root set, {best}: {_summed(places, best)}.")
    else:
        said.append(
            f"{best}, even where the coordinator has a root set: {_summed(places, best)};"
            f" {RULE} with it: {_summed(places, RULE)}."
        )
    if asked:
        given = asked[0]
        gap = over(places, given, lone)
        word = side(
            gap, "not worth asking for", "worth asking for", "not surely worth asking for"
        )
        said.append(
            f"Without one, samples that contributors donate are {word}: the error of {given}"
            f" less that of {lone}, the best that needs none, is {points(gap)}."
        )
    said.append(f"With no trusted sample at all, {lone}: {_summed(places, lone)}.")
    harmless = [m for m in (*rooted, *free, *asked) if _harm(places, m) <= HARMLESS]
    others = [m for m in harmless if m != NO_DEFENCE]
    said.append(
        "If you are sure that nobody attacks, fedavg; "
        + (
            f"{', '.join(others)} cost at most {HARMLESS:g} points then."
            if others
            else f"every defence costs more than {HARMLESS:g} points somewhere."
        )
    )
    costly = sorted(
        ((_harm(places, m), m) for m in everywhere if m not in (*harmless, CEILING)),
        reverse=True,
    )
    if costly:
        listed = ", ".join(f"{m} {plain(harm, 1)}" for harm, m in costly)
        said.append(f"With nobody attacking, the others cost at worst, in points: {listed}.")
    return " ".join(said)


def _least(methods: Sequence[str], places: Sequence[Place]) -> str:
    return min(methods, key=lambda name: over(places, name).value)


def _harm(places: Sequence[Place], method: str) -> float:
    harm, _ = worst([one for one in places if not one.attacked], method, NO_DEFENCE)
    return harm if math.isfinite(harm) else 0.0


def _summed(places: Sequence[Place], method: str) -> str:
    highest, where = worst(places, method)
    return (
        f"{points(over(places, method))} from the oracle in the mean of {len(places)}"
        f" places, {plain(highest, 1)} at worst ({where})"
    )
