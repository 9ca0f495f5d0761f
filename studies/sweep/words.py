"""What a sweep shows, in words and figures: never more than its intervals bear out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.reasons.words import listed
from anml_fl.run.decimals import decimals
from anml_fl.run.paired_interval import FEWEST
from anml_fl.settings.run import ORACLE
from anml_fl.system.untrusted_text import visible
from server.report.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anml_fl.run.criterion import Criterion
    from anml_fl.run.paired_interval import Interval
    from studies.sweep.results import Results, Score, Under

VERDICTS = {1: "better than", 0: "not shown to differ from", -1: "worse than"}
"""Of the strategy that pays, beside another."""


class Digits:
    """How all figures of a sweep are written.

    Parameters
    ----------
    under : sequence of Under
    criterion : Criterion
    """

    def __init__(self, under: Sequence[Under], criterion: Criterion) -> None:
        scores = [one for condition in under for one in condition.scores if one.runs]
        intervals = [
            one
            for score in scores
            for one in (score.interval, score.lead, score.against_first)
            if one is not None
        ]
        self.scale = 100 if criterion.unit else 1
        self.places = 1 if criterion.unit else decimals((s.mean for s in scores), intervals)
        self.unit = criterion.unit.replace(" ", "\N{NO-BREAK SPACE}")
        self.points = " points" if criterion.unit else ""

    def number(self, value: float, *, signed: bool = False) -> str:
        """Write a score, or with its sign a difference."""
        # What rounds to 0 has no sign.
        rounded = round(self.scale * value, self.places) + 0.0
        text = f"{rounded:{'+' if signed and rounded else ''},.{self.places}f}"
        return text.replace("-", "\N{MINUS SIGN}")

    def score(self, of: Score, unit: str = "") -> str:
        """Write a mean with its interval; what has none says of how many runs it is."""
        mean = self.number(of.mean) + unit
        if of.interval is not None:
            return f"{mean} {self.ends(of.interval)}"
        return mean if of.runs == 1 else f"{mean} (mean of {of.runs})"

    def difference(self, interval: Interval, unit: str = "") -> str:
        """Write a difference with its interval; above 0 is better."""
        mean = self.number(interval.mean, signed=True) + unit
        return f"{mean} {self.ends(interval, signed=True)}"

    def ends(self, interval: Interval, *, signed: bool = False) -> str:
        """Write an interval; one without width, as of few rows, is no certainty."""
        if interval.low == interval.high:
            return "each time"
        low, high = (self.number(one, signed=signed) for one in (interval.low, interval.high))
        return f"[{low}, {high}]"


def headline(found: Results) -> str:
    """Say in one sentence what a sweep shows.

    Parameters
    ----------
    found : Results

    Returns
    -------
    str
        Of one condition what the strategy that pays came to, and whom it is shown to be better
        or worse than; of several the best and the worst.
    """
    tested = [one for one in found.under if one.ended and one.leading.runs]
    if not tested:
        return "No run has a tested model yet."
    digits = Digits(found.under, found.criterion)
    title = sentence(found.criterion.title)
    if len(found.under) == 1:
        (one,) = tested
        return f"{title}: {'; '.join([_told(one, digits), *_beside(one, digits)])}."
    sign = 1 if found.criterion.better == "lower" else -1
    order = sorted(tested, key=lambda one: sign * one.leading.mean)
    best, worst = (
        f"{_told(one, digits)} ({visible(one.label, 120)})" for one in (order[0], order[-1])
    )
    if len(order) == 1:
        return f"{title} of 1 of {len(found.under)} settings: {best}."
    of = f"{len(order)} of {len(found.under)}" if len(order) < len(found.under) else len(order)
    if order[0].leading.mean == order[-1].leading.mean:
        return f"{title} of {of} settings: the same mean under each, such as {best}."
    return f"{title} of {of} settings: at best {best}, at worst {worst}."


def _told(one: Under, digits: Digits) -> str:
    of = one.leading
    seeds = "1 seed" if of.runs == 1 else f"{of.runs} seeds"
    mean = digits.number(of.mean) + digits.unit
    if of.interval is None:
        seeds += f", of which an interval takes {FEWEST}"
    else:
        mean += f" {digits.ends(of.interval)}"
    return f"{visible(one.lead, 40)} {mean} over {seeds}"


def _beside(one: Under, digits: Digits) -> Iterator[str]:
    """Set the strategy that pays beside the others, in the order worse, not shown, better."""
    for verdict in (-1, 0, 1):
        those = [
            f"{visible(of.strategy, 40)} ({digits.difference(of.lead, digits.points)})"
            for of in one.scores
            if of.lead is not None and of.verdict == verdict and of.strategy != ORACLE
        ]
        if those:
            yield f"{VERDICTS[verdict]} {listed(those)}"


def facts(found: Results) -> str:
    """Say how many runs there are of what, and how many have not come to their end."""
    plan = found.plan
    count, ended = len(plan.conditions) * len(plan.seeds), len(found.ended)
    config = plan.conditions[0].config
    settings = "1 setting" if len(plan.conditions) == 1 else f"{len(plan.conditions)} settings"
    seeds = "1 seed" if len(plan.seeds) == 1 else f"{len(plan.seeds)} seeds"
    said = f"{settings}, {seeds}, {count} {'run' if count == 1 else 'runs'}"
    if ended < count:
        said += f", of which {ended} have ended"
    swept = {axis.name for axis in plan.axes}
    parts = [
        f"{word}: {visible(str(value), 60)}"
        for name, word, value in (
            ("dataset", "Data set", config.data_name),
            ("contributors", "Contributors", config.federation.contributors),
            ("rounds", "Rounds", config.training.rounds),
            ("engine", "Engine", config.engine),
        )
        if name not in swept
    ]
    return ". ".join([*parts, said[0].upper() + said[1:]]) + "."


def note(found: Results) -> str:
    """Say what the intervals are, and what they do not show."""
    corrected = any(one.found is not None and one.found.split_anew for one in found.under)
    split = (
        ", corrected for rows that each seed splits anew (Nadeau and Bengio, 2003)"
        if corrected
        else ""
    )
    if found.criterion.unit:
        split += ", and cut at 0 and 100 %, beyond which no score lies"
    said = (
        f"Brackets hold 95 % intervals over the seeds, by Student's t{split}; of fewer than"
        f" {FEWEST} seeds there is none. Differences are paired by seed; above 0 is better."
        " Each interval stands for itself: of twenty differences one may seem to be shown by"
        " chance."
    )
    if len(found.under) > 1:
        said += (
            " The best and the worst setting were chosen after all were seen, so that their"
            " intervals do not show that they differ, nor how good the best is on other seeds."
        )
    others = sorted(
        {name for one in found.under if one.found for name in one.found.other_code}
    )
    if others:
        said += (
            " Not counted, since another version of the code made them:"
            f" {listed([visible(name, 80) for name in others[:5]])}"
            f"{f' and {len(others) - 5} more' if len(others) > 5 else ''}."
        )
    return said
