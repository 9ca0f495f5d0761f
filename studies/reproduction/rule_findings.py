"""Sentences about a rule beside others: where it wins, where it loses, what can be bought.

Each follows from the figures that it quotes, and turns with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.claim import examples
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval, plain
from studies.reproduction.results import paired
from studies.reproduction.rule_places import NO_DEFENCE, over, points, worst
from studies.reproduction.rule_tables import saving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from studies.reproduction.rule_places import Place

HARMLESS = 0.3
"""Points above no defence, with nobody attacking, up to which a rule does no harm."""

BEHIND = 2.5
"""Points above the best other rule from which on that one is named."""

# The table by place has the others.
_LISTED = 6
_TUNED = ("digits", "fashion_mnist", "mnist_writers")
# By them one constant was set.
_LOOKED_AT = ("heart_disease",)


def wins_said(places: Sequence[Place], method: str) -> str:
    """Say by how much a rule errs less than no defence, and where its interval is sure."""
    attacked = [one for one in places if one.attacked]
    sure = [one for one in attacked if one.above(method, NO_DEFENCE).high < 0]
    saved, hurt = saving(places, method)
    listed = examples(
        (-(gap := one.above(method, NO_DEFENCE)).value, f"{one.name} {interval(gap, 1)}")
        for one in sure
    )
    text = (
        f"Where {method} wins. Under attack its error less fedavg's is"
        f" {points(over(attacked, method, NO_DEFENCE))} in the mean of {len(attacked)}"
        f" places, less the oracle's {points(over(attacked, method))}. Of the {hurt} places"
        " where the attack costs fedavg anything, it saves half a point or more in"
        f" {saved}. The interval of the difference lies below 0 in {len(sure)}"
    )
    return f"{text}: {listed}." if sure else f"{text}."


def losses_said(places: Sequence[Place], method: str) -> str:
    """Say where a rule errs more than no defence, another rule, or the oracle."""
    said = [f"Where {method} loses."]
    clean = [one for one in places if not one.attacked]
    harmed = [one for one in clean if one.above(method, NO_DEFENCE).value > HARMLESS]
    highest, where = worst(clean, method, NO_DEFENCE)
    if harmed:
        said.append(
            f"With nobody attacking it errs more than {HARMLESS:g} points above fedavg in"
            f" {len(harmed)} of {len(clean)} places: {_gaps(harmed, method, NO_DEFENCE)}."
        )
    else:
        said.append(
            f"With nobody attacking it is nowhere more than {HARMLESS:g} points above fedavg;"
            f" the most is {plain(highest, 1)} ({where})."
        )
    attacked = [one for one in places if one.attacked]
    worse = [one for one in attacked if one.above(method, NO_DEFENCE).value > HARMLESS]
    said.append(
        f"Attacked, it errs more than fedavg in {len(worse)} of {len(attacked)} places"
        + (f": {_gaps(worse, method, NO_DEFENCE)}." if worse else ".")
    )
    behind = [
        (gap.value, f"{one.name}: {best} errs {interval(gap, 1)} points less")
        for one in places
        if (gap := one.above(method, best := one.best_other(method))).value > BEHIND
    ]
    if behind:
        said.append(
            f"Another rule is more than {BEHIND:g} points better in {len(behind)} of"
            f" {len(places)}: {examples(behind, _LISTED)}."
        )
    else:
        said.append(f"No other rule is more than {BEHIND:g} points better anywhere.")
    above, there = worst(attacked, method)
    said.append(f"The worst against the oracle is {plain(above, 1)} points ({there}).")
    return " ".join(said)


def unseen_said(places: Sequence[Place], method: str) -> str:
    """Hold data on which the rule was tuned against those on which it was not."""
    tuned = [one for one in places if one.dataset in _TUNED]
    unseen = [one for one in places if one.dataset not in (*_TUNED, *_LOOKED_AT)]
    if not (tuned and unseen):
        return ""
    names = ", ".join(dict.fromkeys(one.dataset for one in unseen))
    text = (
        f"On the data that {method} was tuned on ({', '.join(_TUNED)}) its error less the"
        f" oracle's is {points(over(tuned, method))}, on those that it was not ({names})"
        f" {points(over(unseen, method))}."
    )
    between = [one for one in places if one.dataset in _LOOKED_AT]
    if between:
        text += (
            f" On {', '.join(_LOOKED_AT)}, by which one constant was set, it is"
            f" {points(over(between, method))}."
        )
    return text


def bought_said(places: Sequence[Place], method: str) -> str:
    """Say what the same attackers gain by buying credentials, paired by trial."""
    gains = list(_bought(places, method))
    if not gains:
        return ""
    most = max(gains)
    return (
        f"Bought credentials cost {method} {plain(float(np.mean([g for g, _ in gains])), 1)}"
        " points in the mean, against the same attackers without any, where both were"
        f" measured ({len(gains)}); the most is {most[1]}."
    )


def _bought(places: Sequence[Place], method: str) -> Iterator[tuple[float, str]]:
    same = {(p.dataset, p.condition): p for p in places}
    for one in places:
        if one.parts["credentials"] != "bought":
            continue
        bare = one.condition.replace("credentials=bought", "credentials=absent")
        other = same.get((one.dataset, bare))
        if other is not None:
            gap = mean(np.subtract(*paired(one.errors[method], other.errors[method])))
            gap = gap.times(100)
            yield gap.value, f"{interval(gap, 1)} ({one.name})"


def _gaps(places: Sequence[Place], method: str, other: str) -> str:
    told = [
        (gap.value, f"{one.name} {interval(gap, 1)}")
        for one in places
        for gap in (one.above(method, other),)
    ]
    return examples(told, _LISTED)
