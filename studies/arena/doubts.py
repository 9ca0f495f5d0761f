"""What is no result: attacks that attacked nobody, and models that stood still."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anml_fl.page.grid import Grid
from studies.arena.measures import LEFT_OUT, STOOD
from studies.arena.shares import percent
from studies.reproduction.document import Heading, Section, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from studies.arena.results import Place, Results
    from studies.reproduction.document import Block

DOUBTFUL = 0.1
"""From this share on it is said."""

UNSENT, STILL = "†", "‡"
"""Marks of an error under an attack of which updates were left out, and of rounds without a
new model."""


class Doubt(NamedTuple):
    """What is doubtful of an attack, or of a rule.

    Parameters
    ----------
    of : str
        An attack's or a rule's name.
    share : float
        Mean over runs, in [0, 1].
    most : float
        The largest, mean over seeds.
    where : str
        Of it: the rule and the attack, and the deal.
    """

    of: str
    share: float
    most: float
    where: str


def unsent(results: Results) -> list[Doubt]:
    """List attacks by the share of updates that no rule saw, if it is much."""
    return _doubts(results, LEFT_OUT, lambda _, place: place.attack)


def still(results: Results) -> list[Doubt]:
    """List rules by the share of rounds that kept the old model, if it is much somewhere."""
    return _doubts(results, STOOD, lambda rule, _: rule)


def marks(results: Results, rule: str, place: Place) -> str:
    """Mark what a rule's error on a place cannot be trusted for; "" if nothing is doubtful."""
    found = ((LEFT_OUT, UNSENT), (STOOD, STILL))
    # nan, where it was not measured, is not much.
    return "".join(
        mark for metric, mark in found if results.mean(rule, place, metric) >= DOUBTFUL
    )


def warnings(results: Results) -> list[str]:
    """Say it in sentences, for who has just run them."""
    return [
        *(
            f"{one.of}: {percent(one.share)} % of its updates were left out before any rule"
            f" saw them (at most {percent(one.most)} %, {one.where}): what is left out attacks"
            " nobody, and no rule has withstood it"
            for one in unsent(results)
        ),
        *(
            f"{one.of}: kept the old model in {percent(one.share)} % of its rounds (at most"
            f" {percent(one.most)} %, {one.where})"
            for one in still(results)
        ),
    ]


def doubts(results: Results, failed: Mapping[str, str]) -> list[Section]:
    """Write the section on what is no result; none where there is nothing to say."""
    blocks: list[Block] = []
    if failed:
        blocks += [
            Heading("Runs that could not be carried out"),
            Text(
                "They are in no table. A rule that lacks one is in no rank, and is not among"
                " those that can be chosen."
            ),
            Grid(
                ("Rule", "Attack", "Why"),
                tuple(
                    (*name.partition("|")[::2], why) for name, why in sorted(failed.items())
                ),
            ),
        ]
    for title, text, found in (
        (
            "Attacks that attacked nobody",
            "Shares of attackers' updates that were left out before any rule saw them, because"
            " they were no update or making them failed. Errors under them, marked"
            f" {UNSENT}, say nothing of a rule.",
            unsent(results),
        ),
        (
            "Models that stood still",
            f"Shares of rounds in which the old model was kept, because the new one would not"
            f" have been finite or nothing was left to make it of. Marked {STILL}.",
            still(results),
        ),
    ):
        if found:
            rows = tuple((o.of, percent(o.share), percent(o.most), o.where) for o in found)
            titles = ("Of", "Mean (%)*", "At most (%)*", "Where")
            blocks += [Heading(title), Text(text), Grid(titles, rows)]
    return [Section("doubts", "What is no result", tuple(blocks))] if blocks else []


def _doubts(results: Results, metric: str, of: Callable[[str, Place], str]) -> list[Doubt]:
    shares: dict[str, list[tuple[float, str]]] = {}
    for rule, place, measured in results.values:
        if measured == metric:
            where = f"{rule} under {place.attack}, {place.deal.label}"
            value = results.mean(rule, place, metric)
            shares.setdefault(of(rule, place), []).append((value, where))
    found = []
    for name, known in shares.items():
        # Of equal ones the first by name.
        most, where = min(known, key=lambda one: (-one[0], one[1]))
        mean = float(np.mean([value for value, _ in known]))
        found.append(Doubt(name, mean, most, where))
    return sorted(
        (one for one in found if one.most >= DOUBTFUL), key=lambda one: (-one.share, one.of)
    )
