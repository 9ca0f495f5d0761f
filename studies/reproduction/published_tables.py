"""Others' figures beside ours, by the rule that the paper's are judged by.

Where a figure is not reproduced, one thing is tried before it is called so: model and data
here are others than theirs, and so is the level that training reaches while nobody attacks,
which is measured. What agrees once both are held against their own level is explained by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.page.grid import Grid
from studies.published.targets import load_published
from studies.reproduction.document import Text
from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.verdicts import Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studies.published.targets import Published
    from studies.reproduction.document import Block
    from studies.reproduction.results import Study

REFERENCES = {
    "bucketing-3": "krum",
    "byzfl-heatmap": "trimmed_mean",
    "flanders": "fedavg",
    "flamby-heart": "fedavg",
}
"""Studies of others' tables, and the method that gives a direction: see `verdicts.RULE`."""

# Where nobody attacks, in our studies.
_LEVELS = {
    "bucketing-3": ("attack=nobody;momentum={momentum};s=1", "mean"),
    "byzfl-heatmap": ("similarity=1;hostile=0", "mean"),
    "flanders": ("attack=nobody;hostile=0", "fedavg"),
}

_EXPLAINED = "explained by the level"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of theirs beside ours, in per cent.

    Parameters
    ----------
    target : Published
    theirs, ours : Estimate
    verdict : Verdict
    shift : float
        Our level while nobody attacks, less theirs; nan where one of them is not known.
    explained : bool
        Whether it agrees once the levels are taken into account, and only then.
    """

    target: Published
    theirs: Estimate
    ours: Estimate
    verdict: Verdict
    shift: float
    explained: bool


def compared(study: Study) -> Iterator[Compared]:
    """Compare each published figure that a study tries.

    Parameters
    ----------
    study : Study

    Yields
    ------
    Compared
        In the order of the targets; those not measured are left out.
    """
    wanted = [one for one in load_published() if one.study == study.name]
    theirs = {(one.condition, one.method): mean(np.array(one.values)) for one in wanted}
    ours = {key: _ours(study, *key) for key in theirs}
    for one in wanted:
        place = (one.condition, one.method)
        found = ours[place]
        if found is None:
            continue
        published = theirs[place]
        spread = (published.high - published.low) / 2 if published.trials > 1 else 0.0
        other = (one.condition, REFERENCES[study.name])
        reference = ours.get(other)
        pair = None
        if other != place and other in theirs and reference is not None:
            pair = (theirs[other].value, reference.value)
        said = verdict(published.value, found, half_width=spread, references=pair)
        shift = _shift(study, one, theirs)
        moved = Verdict.NOT_REPRODUCED
        if said is not Verdict.REPRODUCED and np.isfinite(shift):
            moved = verdict(published.value + shift, found, half_width=spread)
        explained = moved is Verdict.REPRODUCED
        yield Compared(one, published, found, said, shift, explained)


def published_blocks(study: Study) -> tuple[Block, ...]:
    """Say how a study of others' figures came out; nothing for any other study."""
    if study.name not in REFERENCES or not (found := list(compared(study))):
        return ()
    rows = tuple(
        (
            one.target.condition,
            one.target.method,
            _shown(one.theirs),
            _shown(one.ours),
            _EXPLAINED if one.explained else one.verdict.value,
        )
        for one in found
    )
    inside = sum(one.verdict is Verdict.REPRODUCED for one in found)
    level = sum(one.explained for one in found)
    same = sum(one.verdict is Verdict.SAME_DIRECTION and not one.explained for one in found)
    text = (
        f"Of {len(found)} published figures {inside} are reproduced by the paper's rule and"
        f" {level} are explained by the level that training reaches while nobody attacks"
        f" ({(inside + level) / len(found):.0%} together); {same} more have the same"
        f" direction, and {len(found) - inside - level - same} are not reproduced."
    )
    titles = ("Place", "Rule", "Published (%)*", "Ours (%)*", "Verdict")
    return (Text(text), Grid(titles, rows))


def _ours(study: Study, condition: str, method: str) -> Estimate | None:
    for dataset in dict.fromkeys(key.dataset for key in study.cells):
        cell = study.find(dataset, condition, method, "accuracy")
        if cell is not None and len(cell.values):
            return mean(cell.values).times(100)
    return None


def _shift(study: Study, one: Published, theirs: dict[tuple[str, str], Estimate]) -> float:
    """Our level less theirs: the best of their figures, of the same momentum if any."""
    if study.name not in _LEVELS:
        return float("nan")
    parts = dict(part.split("=") for part in one.condition.split(";"))
    place, rule = _LEVELS[study.name]
    level = _ours(study, place.format(**parts), rule)
    kept = {f"momentum={parts['momentum']}"} if "momentum" in parts else set()
    best = max(
        found.value for (other, _), found in theirs.items() if kept <= set(other.split(";"))
    )
    return float("nan") if level is None else level.value - best


def _shown(one: Estimate) -> str:
    if one.trials < 2:
        return f"{one.value:.1f}"
    return f"{one.value:.1f} [{one.low:.1f}, {one.high:.1f}]"
