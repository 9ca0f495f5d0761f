"""The report's tables: rows of text from what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.page.grid import Grid
from studies.arena.choice import up_to
from studies.arena.costs import cost, seconds_of_a_run
from studies.arena.doubts import marks
from studies.arena.payouts import stability
from studies.arena.results import UNDEFENDED, Place
from studies.arena.setup import NOBODY
from studies.arena.shares import percent
from studies.arena.trigger import SUCCESS
from studies.reproduction.numbers import p_value, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.arena.choice import Choice
    from studies.arena.grid import Deal
    from studies.arena.ranks import Ranking
    from studies.arena.results import Results

OURS = ("anml", "calibrated")
"""Rules of this project: with settings behind their names, too, and on top of others."""


def ours(rule: str) -> bool:
    """Whether a rule is this project's.

    Examples
    --------
    >>> [ours(rule) for rule in ("anml;tau=1", "nnm+calibrated", "krum")]
    [True, True, False]
    """
    return rule.partition(";")[0].rpartition("+")[2] in OURS


def choice_table(found: Sequence[Choice]) -> Grid:
    """List what to choose, by deal and number of attackers."""
    rows = [
        (
            one.deal.label,
            f"{one.attackers} of {one.deal.contributors}",
            _advised(one),
            percent(one.worst.error),
            one.worst.attack,
            ", ".join(one.as_good) or "—",
            percent(one.undefended),
        )
        for one in found
    ]
    titles = (
        "Data", "At most attack", "Choose", "Its worst error (%)*", "Under", "As good",
        "No defence (%)*",
    )  # fmt: skip
    return Grid(titles, tuple(rows))


def _advised(one: Choice) -> str:
    """Say that no defence helps where to keep everybody is as good."""
    if UNDEFENDED in (one.rule, *one.as_good) and one.attackers:
        return f"{one.rule}: no defence helps"
    return one.rule


def worst_table(results: Results, deal: Deal, rules: Sequence[str]) -> Grid:
    """Show each rule's error where nobody attacks, and under its worst attack by share."""
    counts = results.counts(deal)
    last = counts[-1]
    order = sorted(rules, key=lambda rule: _nan_last(up_to(results, rule, deal, last).error))
    rows = []
    for rule in order:
        cells = [rule]
        for count in counts:
            worst = results.worst(rule, deal, count)
            named = worst.attack not in ("", NOBODY)
            place = Place(deal, worst.attack, count)
            said = percent(worst.error) + (f" {worst.attack}" if named else "")
            cells.append(said + marks(results, rule, place))
        rows.append(tuple(cells))
    heads = [f"{c} of {deal.contributors} attack (%)" if c else "Nobody (%)" for c in counts]
    titles = ("Rule", *heads)
    return Grid(titles, tuple(rows))


def every_table(results: Results, deal: Deal, attackers: int) -> Grid:
    """Show each rule's error under each attack of so many attackers, mean over seeds."""
    places = results.among(deal, attackers)
    rows = [
        (
            rule,
            *(percent(results.mean(rule, one)) + marks(results, rule, one) for one in places),
        )
        for rule in results.rules
    ]
    return Grid(("Rule", *(f"{one.attack} (%)" for one in places)), tuple(rows))


def rank_table(found: Ranking) -> Grid:
    """List rules by mean rank; those marked = cannot be told from the best."""
    rows = [
        (
            rule,
            plain(rank, 2),
            "best"
            if not place
            else ("=" if rank - found.ranks[0] < found.critical else "worse"),
            p_value(p),
        )
        for place, (rule, rank, p) in enumerate(
            zip(found.rules, found.ranks, found.holm, strict=True)
        )
    ]
    return Grid(
        ("Rule", "Mean rank*", "By Nemenyi", "p against the best (Holm)*"), tuple(rows)
    )


_KEPT = (
    ("honest_kept", "Honest"),
    ("minority_kept", "Minority"),
    ("worst_site_kept", "Worst site"),
    ("worst_class_kept", "Worst class"),
)


def kept_table(results: Results, deal: Deal, rules: Sequence[str], attackers: int) -> Grid:
    """Show whom rules keep, beside the error: mean over all attacks of so many."""
    places = results.among(deal, attackers)
    metrics = [*_KEPT, *([("attackers_kept", "Attackers")] if attackers else [])]

    def mean(rule: str, metric: str) -> float:
        found = [results.mean(rule, place, metric) for place in places]
        known = [value for value in found if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    order = sorted(rules, key=lambda rule: _nan_last(mean(rule, "error")))
    rows = [
        (rule, percent(mean(rule, "error")), *(percent(mean(rule, one)) for one, _ in metrics))
        for rule in order
    ]
    titles = ("Rule", "Error (%)*", *(f"{title} (%)*" for _, title in metrics))
    return Grid(titles, tuple(rows))


def payout_table(results: Results, rules: Sequence[str]) -> Grid:
    """Show whom rules pay, and how stably."""
    rows = []
    for rule in rules:
        found = stability(results, rule)
        if found is None:
            continue
        where = found.worst
        rows.append(
            (
                rule,
                percent(found.attackers),
                percent(found.most),
                "—"
                if where is None
                else f"{where.attackers} {where.attack}, {where.deal.label}",
                percent(found.spread),
                plain(found.under_attack, 2),
                plain(found.across_rules, 2),
                plain(found.across_seeds, 2),
            )
        )
    titles = (
        "Rule", "To attackers (%)*", "At most (%)*", "Where", "Spread over seeds (%)*",
        "Order under attack*", "Order as FedAvg's*", "Order over seeds*",
    )  # fmt: skip
    # Only a table of one's own has the same contributors under every seed.
    kept = len(titles) if any(row[-1] != "—" for row in rows) else len(titles) - 1
    return Grid(titles[:kept], tuple(row[:kept] for row in rows))


def cost_table(results: Results, rules: Sequence[str], rounds: int) -> Grid:
    """Show what rules cost beyond FedAvg."""
    by_cost = sorted(rules, key=lambda rule: _nan_last(cost(results, rule, rounds)))
    rows = [
        (
            rule,
            plain(1000 * cost(results, rule, rounds), 2),
            plain(seconds_of_a_run(results, rule), 2),
        )
        for rule in by_cost
    ]
    titles = ("Rule", "Beyond FedAvg, a round (CPU ms)*", "A whole run (CPU s)*")
    return Grid(titles, tuple(rows))


def loss_table(results: Results, rules: Sequence[str], least: float) -> Grid:
    """List where a rule of ours is worse than somebody else's by more than a difference."""
    others = [rule for rule in rules if not ours(rule)]
    rows = []
    for rule in filter(ours, rules):
        for deal in results.deals:
            for count in results.counts(deal):
                mine = results.worst(rule, deal, count)
                theirs = [(results.worst(other, deal, count).error, other) for other in others]
                known = [one for one in theirs if not math.isnan(one[0])]
                if known and mine.error - min(known)[0] > least:
                    error, other = min(known)
                    rows.append(
                        (
                            rule,
                            deal.label,
                            str(count),
                            mine.attack,
                            percent(mine.error),
                            other,
                            percent(error),
                            percent(mine.error - error),
                        )
                    )
    rows.sort(key=lambda row: -float(row[-1]))
    titles = (
        "Rule", "Data", "Attackers*", "Worst attack", "Error (%)*", "Better", "Its error (%)*",
        "By*",
    )  # fmt: skip
    return Grid(titles, tuple(rows))


def backdoor_table(results: Results, rules: Sequence[str]) -> Grid:
    """Show how often a trigger works, of attacks that have one."""
    metric = SUCCESS
    places = [
        place
        for place in results.places
        if any(results.by_seed(rule, place, metric) for rule in rules)
    ]
    heads = [f"{place.attackers}, {place.deal.label}*" for place in places]
    rows = [
        (rule, *(percent(results.mean(rule, place, metric)) for place in places))
        for rule in rules
    ]
    return Grid(("Rule", *heads), tuple(rows) if places else ())


def backdoor_loss_table(results: Results, rules: Sequence[str], least: float) -> Grid:
    """List where a backdoor opens more often under a rule of ours than under another.

    The other is the one, of those that err no more than ours plus `least` there, that lets it
    open least; the oracle, which is told who is honest, is none.
    """
    others = [rule for rule in rules if not ours(rule)]
    rows = []
    for place in results.places:
        for rule in filter(ours, rules):
            mine, error = (results.mean(rule, place, metric) for metric in (SUCCESS, "error"))
            known = [
                (results.mean(other, place, SUCCESS), results.mean(other, place), other)
                for other in others
            ]
            sound = [
                one for one in known if one[0] <= mine - least and one[1] <= error + least
            ]
            if sound:
                success, its, other = min(sound)
                rows.append(
                    (
                        rule,
                        place.deal.label,
                        str(place.attackers),
                        percent(mine),
                        percent(error),
                        other,
                        percent(success),
                        percent(its),
                    )
                )
    titles = (
        "Rule", "Data", "Attackers*", "Opens (%)*", "Error (%)*", "Better", "Opens (%)*",
        "Error (%)*",
    )  # fmt: skip
    return Grid(titles, tuple(rows))


def by_class_table(results: Results, deal: Deal, rules: Sequence[str]) -> Grid:
    """Show which share of each class's honest rows is kept where nobody attacks."""
    place = Place(deal, NOBODY, 0)
    classes = sorted(
        {metric for rule, there, metric in results.values if there == place and "/" in metric},
        key=lambda metric: int(metric.partition("/")[2]),
    )
    rows = [
        (rule, *(percent(results.mean(rule, place, metric)) for metric in classes))
        for rule in rules
        if any(results.by_seed(rule, place, metric) for metric in classes)
    ]
    return Grid(("Rule", *(f"{one.partition('/')[2]}*" for one in classes)), tuple(rows))


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
