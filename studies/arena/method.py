"""The report on itself: how the arena was run, and what was chosen for its rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from studies.arena.arena import grid_of
from studies.arena.federation import CPU
from studies.arena.shares import percent
from studies.reproduction.document import Grid, Section, Text
from studies.reproduction.numbers import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.arena.results import Results
    from studies.arena.table import Kept


def hyper_parameters(tuned: Mapping[str, Any]) -> Section:
    """Say which hyper-parameters were chosen, and beside which others."""
    if not tuned:
        text = Text("Nothing was chosen: every rule has the defaults of anml run.")
        return Section("tuned", "Hyper-parameters", (text,))
    rows = tuple(
        (
            rule,
            _settings(one["settings"]),
            percent(one["worst_error"]),
            "chosen" if one["settings"] == of["chosen"] else "",
        )
        for rule, of in tuned["rules"].items()
        for one in of["tried"]
    )
    seeds = ", ".join(map(str, tuned["grid"]["seeds"]))
    return Section(
        "tuned",
        "Hyper-parameters",
        (
            Text(
                "Of each rule's candidates the one whose error under its worst attack is"
                f" least, on other seeds ({seeds}), mean over deals. Rules that are not listed"
                " have their defaults, calibrated among them. Every rule that asks how many"
                " attack is told."
            ),
            Grid(("Rule", "Settings", "Worst error (%)*", "Verdict"), rows),
        ),
    )


def _settings(given: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in given.items()) or "(default)"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{plain(seconds, 1)} seconds"
    if seconds < 3600:
        return f"{plain(seconds / 60, 1)} minutes"
    return f"{plain(seconds / 3600, 1)} hours"


def method(kept: Kept, results: Results) -> Section:
    """Say on which federations all was measured, and what its results are bound to."""
    grid = grid_of(kept)
    deals = "; ".join(
        f"{deal.label} ({deal.contributors} contributors)" for deal in grid.deals
    )
    runs = sum(
        len(results.by_seed(rule, place)) for rule in results.rules for place in results.places
    )
    seconds = math.fsum(
        value
        for (_, _, metric), of in results.values.items()
        if metric == CPU
        for value in of.values()
    )
    return Section(
        "method",
        "How it was run",
        (
            Text(
                f"{runs} runs, {_time(seconds)} of processor time. {deals}."
                f" Shares that attack: {', '.join(map(percent, grid.fractions))} %; seeds:"
                f" {', '.join(map(str, grid.seeds))}; {grid.rounds} rounds of"
                f" {grid.local_epochs} epochs, batches of {grid.batch_size}, learning rate"
                f" {grid.learning_rate:g}. Unless a rule's name says otherwise the registry"
                " knows nobody, so that no rule has outside credentials. A rule that asks how"
                " many attack is told their number, and where nobody attacks that of a fifth."
                " All are tested on the same rows, of which none is in a root set. The"
                " constants of calibrated were set on Digits and other data, by other seeds."
            ),
            Text(
                "Each pairing of a rule and an attack is bound to the hash of the code that it"
                " reaches: another rule, or another attack, makes none of the others stale. A"
                " file of one's own counts as a whole. anml arena show RULE ATTACK prints the"
                " commands that run these federations alone."
            ),
            Text(f"Made by: {kept.about.get('command', 'anml arena run')}", muted=True),
        ),
    )
