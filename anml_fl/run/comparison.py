"""Runs that are compared: what repeats say together, and which runs are apart."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from anml_fl.run.comparable import differences
from anml_fl.run.repeats import Repeats, repeats
from anml_fl.settings.run import settling_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from anml_fl.run.repeats import FinishedRun, RepeatedStrategy

COLUMNS = (
    *("set", "runs", "seeds", "strategy", "metric", "scored", "mean", "low", "high", "lead"),
    *("difference", "difference_low", "difference_high", "pairs", "p", "p_holm", "verdict"),
)
"""Of a row of a comparison, in this order."""
_VERDICT = {1: "better", 0: "not shown to differ", -1: "worse"}
# Settings that a sentence names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs, set by set: those that repeat each other are one.

    Parameters
    ----------
    sets : tuple of (tuple of FinishedRun, Repeats or None)
        The runs that count, and what they say together; None of one run alone.
    apart : tuple of str
        Sentences: which runs are not taken together, and what they differ in.
    """

    sets: tuple[tuple[tuple[FinishedRun, ...], Repeats | None], ...]
    apart: tuple[str, ...]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give a row a set and strategy, by the names in `COLUMNS`; None is not known.

        Yields
        ------
        dict
            `difference` is how much better `lead` is, the strategy that pays: above 0 it is.
            Intervals are of three runs or more, tests of five or more.
        """
        for number, (runs, found) in enumerate(self.sets, start=1):
            together = {} if found is None else {one.name: one for one in found.strategies}
            for name in runs[0].scores:
                yield _row(number, runs, name, together.get(name))


def compared(runs: Sequence[FinishedRun]) -> Comparison:
    """Compare runs.

    Parameters
    ----------
    runs : sequence of FinishedRun
        At least one; each with a name of its own.

    Examples
    --------
    >>> from anml_fl.run.repeats import FinishedRun
    >>> def run(name, seed, rounds):
    ...     settings = f'{{"training": {{"rounds": {rounds}}}}}'
    ...     return FinishedRun(name, seed, settings, "", "", 0.0, {"anml": 0.1})
    >>> found = compared([run("a", 1, 8), run("b", 2, 8), run("c", 1, 9)])
    >>> [[one.name for one in runs] for runs, _ in found.sets]
    [['a', 'b'], ['c']]
    >>> found.apart
    ('c is not taken together with a: they differ in training.rounds (8 and 9).',)
    """
    by_name = {run.name: run for run in runs}
    sets: list[tuple[tuple[FinishedRun, ...], Repeats | None]] = [
        (tuple(by_name[name] for name in one.runs), one) for one in repeats(runs)
    ]
    counted = {run.name for members, _ in sets for run in members}
    told = {n for _, one in sets if one for n in (*one.same_seed, *one.other_code)}
    sets += [((run,), None) for run in runs if run.name not in counted | told]
    order = {run.name: place for place, run in enumerate(runs)}
    sets.sort(key=lambda one: min(order[run.name] for run in one[0]))
    return Comparison(tuple(sets), tuple(_apart(sets)))


def _apart(
    sets: Iterable[tuple[tuple[FinishedRun, ...], Repeats | None]],
) -> Iterator[str]:
    (first, *_), *others = [members for members, _ in sets]
    for other, *_ in others:
        said = f"{other.name} is not taken together with {first.name}"
        if not (first.settings and other.settings):
            whose = first.name if not first.settings else other.name
            yield (
                f"{said}: {whose} is of a Flower app, whose settings do not say what it"
                " trained on, or earned reputation that goes on from run to run."
            )
        elif found := differences(json.loads(first.settings), json.loads(other.settings)):
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            yield f"{said}: they differ in {', '.join(found[:_NAMED])}{more}."
        else:
            yield (
                f"{said}: "
                + (
                    "other code made it."
                    if first.code != other.code
                    else "its seed is the same."
                )
            )


def _row(
    number: int, runs: Sequence[FinishedRun], name: str, found: RepeatedStrategy | None
) -> dict[str, Any]:
    scores = [run.scores.get(name) for run in runs]
    known = [one for one in scores if one is not None and math.isfinite(one)]
    score = found and found.score
    ahead = found and found.lead
    test = found and found.test
    values = (
        number,
        " ".join(run.name for run in runs),
        " ".join(str(run.seed) for run in runs),
        name,
        runs[0].metric or "error",
        len(known),
        fmean(known) if known else None,
        *((score.low, score.high) if score else (None, None)),
        settling_of(tuple(runs[0].scores)),
        *((ahead.mean, ahead.low, ahead.high, ahead.pairs) if ahead else (None,) * 4),
        *((test.p, test.holm) if test else (None, None)),
        _VERDICT[found.verdict] if found and ahead else None,
    )
    return dict(zip(COLUMNS, values, strict=True))
