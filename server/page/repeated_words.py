"""What runs say together that repeat each other: a sentence, a table and how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.page.grid import Grid
from anml_fl.reasons.words import listed
from anml_fl.run.criterion import Criterion
from anml_fl.run.decimals import decimals, with_half
from anml_fl.run.paired_interval import FEWEST
from anml_fl.run.sign_flip import FEWEST_PAIRS
from anml_fl.settings.run import ORACLE
from anml_fl.system.untrusted_text import visible
from server.report.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.paired_interval import Interval
    from anml_fl.run.repeats import RepeatedStrategy, Repeats

_SHOWN = {1: "better", 0: "not shown to differ", -1: "worse"}


class _Digits:
    """How all figures of some repeats are written."""

    def __init__(self, found: Repeats) -> None:
        self.criterion = Criterion(found.metric)
        self.share = bool(self.criterion.unit)
        both = [(one.score, one.lead) for one in found.strategies]
        intervals = [one for pair in both for one in pair if one is not None]
        scores = [score.mean for score, _ in both if score is not None]
        self.places = 1 if self.share else decimals(scores, intervals)

    def __call__(self, interval: Interval, unit: str = "", *, signed: bool = False) -> str:
        scale = 100 if self.share else 1
        text = with_half(interval, self.places, scale=scale, signed=signed)
        if interval.low == interval.high:
            # Scores of few rows agree by chance: no width is no certainty.
            return f"{text.partition(' ')[0]}{unit} each time"
        return text + unit


def repeated_result(found: Repeats) -> str:
    """Say in one sentence what repeats show, in the order worse, not shown to differ, better.

    Parameters
    ----------
    found : Repeats
        Enough of them.
    """
    digits = _Digits(found)
    of = {one.name: one for one in found.strategies}
    lead, score = visible(found.lead, 40), of[found.lead].score
    runs = f"Over {len(found.runs)} repeats, each with another seed,"
    if score is None:
        return f"{runs} too few models of {lead} were tested for an interval."
    unit = digits.criterion.unit.replace(" ", "\N{NO-BREAK SPACE}")
    said = f"{runs} {lead} ended at {digits(score, unit)} {digits.criterion.title}"
    points = " points" if digits.share else ""
    parts = []
    for sign in (-1, 0, 1):
        those = [
            f"{visible(one.name, 40)} ({digits(one.lead, points, signed=True)})"
            for one in found.strategies
            if one.lead is not None and one.verdict == sign and one.name != ORACLE
        ]
        if those:
            than = "from" if sign == 0 else "than"
            parts.append(f"{_SHOWN[sign]} {than} {listed(those)}")
    if ORACLE in of and (oracle := of[ORACLE].score) is not None and found.lead != ORACLE:
        parts.append(f"{digits(oracle, unit)} with the honest alone ({ORACLE})")
    whole = said + (": " if parts else "") + "; ".join(parts) + "."
    return whole.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def repeated_grid(found: Repeats) -> Grid:
    """List each strategy's mean, and how much better the one that pays is."""
    digits, lead = _Digits(found), visible(found.lead, 40)
    unit, points = (" (%)", " (points)") if digits.share else ("", "")
    alone = len(found.strategies) == 1
    titles = (
        "Strategy",
        "Runs*",
        f"{sentence(digits.criterion.title)}, mean{unit}*",
        *(() if alone else (f"{lead} is better by{points}*", f"{lead} is")),
        *(("p*", "p (Holm)*") if found.tested else ()),
    )
    rows = [_row(one, digits)[: len(titles)] for one in found.strategies]
    return Grid(titles, tuple(rows))


def _row(one: RepeatedStrategy, digits: _Digits) -> tuple[str, ...]:
    return (
        visible(one.name, 40),
        str(one.runs),
        "—" if one.score is None else digits(one.score),
        "—" if one.lead is None else digits(one.lead, signed=True),
        "—" if one.lead is None else _SHOWN[one.verdict],
        *(("—", "—") if one.test is None else (_p(one.test.p), _p(one.test.holm))),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def repeated_note(found: Repeats) -> str:
    """Say what ± is, which seeds there are, and who is not counted."""
    split = (
        ", corrected for rows that each seed splits anew (Nadeau and Bengio, 2003)"
        if found.split_anew
        else ""
    )
    seeds = listed([str(seed) for seed in found.seeds])
    said = (
        f"Settings and code are the same; the seeds are {seeds}. Differences are paired by"
        f" seed; above 0 {visible(found.lead, 40)} is better. ± is half of a 95 % interval"
        f" over the seeds, by Student's t{split}{_cut(found)}. Each interval stands for"
        " itself: of twenty differences one may seem to be shown by chance."
    )
    return said + _tested(found) + _uncounted(found)


def _tested(found: Repeats) -> str:
    """Say what p is, and what it cannot show."""
    tests = [one.test for one in found.strategies if one.test is not None]
    if not tests:
        pairs = len(found.runs)
        alone = len(found.strategies) == 1
        return "" if alone else f" A test takes {FEWEST_PAIRS} pairs; there are {pairs}."
    least = max(one.least for one in tests)
    said = (
        " p is of a sign-flip test, two-sided, which takes seeds as independent; Holm's"
        f" is corrected for {len(tests)} of them."
    )
    if least * len(tests) > 0.05:
        said += (
            f" So few seeds cannot bring it below {_p(min(1.0, least * len(tests)))}: a larger"
            " one is no result, neither that they differ nor that they don't."
        )
    return said


def _cut(found: Repeats) -> str:
    ends = [
        end for one in found.strategies if one.score for end in (one.score.low, one.score.high)
    ]
    if not Criterion(found.metric).unit or not {0.0, 1.0}.intersection(ends):
        return ""
    return "; brackets hold one that is cut at 0 or 100 %, beyond which no score lies"


def too_few(found: Repeats) -> str:
    """Say that an interval takes more of them."""
    return (
        f"{_named(found.runs)} repeat each other, and an interval takes {FEWEST} repeats."
        + (_uncounted(found))
    )


def _uncounted(found: Repeats) -> str:
    said = ""
    for names, why in (
        (found.same_seed, "with the seed of one that is counted"),
        (found.other_code, "made by other code"),
    ):
        if names:
            said += f" Not counted, since {why}: {_named(names)}."
    return said


def _named(names: Sequence[str]) -> str:
    return listed([visible(name, 40) for name in names])
