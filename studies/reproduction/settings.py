"""How the figures were measured: studies, recipes, versions, as their files say."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from studies.reproduction.document import Grid, Heading, Text
from studies.reproduction.names import described, names_blocks
from studies.reproduction.verdicts import RULE
from studies.sample.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from studies.reproduction.document import Block
    from studies.reproduction.results import Study

STATISTICS = (
    "Means stand with Student's t interval over the trials. An improvement is 100 (1 - mean "
    "error / mean error of Krum, in Table 16 of no defence), with the delta method's interval "
    "for a ratio of means paired by trial; Table 8's averages add the data sets' standard "
    "errors in squares. "
    "Cohen's d is the mean of the paired differences over their standard deviation, with the "
    "large-sample variance 1 / n + d^2 / (2 n). Methods are held against Krum by paired "
    "t-tests, and by Wilcoxon's signed-rank test where Shapiro and Wilk's test finds the "
    "differences not normal (p < 0.05); p is corrected by Holm's method over the comparisons "
    "of a study."
)
"""What stands behind the intervals and tests, in words."""

_CAUTION = (
    "Few trials make a wide interval, which holds the paper's value easily: read a verdict "
    "beside its interval."
)
_SHORT = 12  # digits of a hash that are enough to tell it


def settings_blocks(studies: Mapping[str, Study]) -> tuple[Block, ...]:
    """Say how everything was measured."""
    blocks: list[Block] = [*names_blocks(), Heading("Rules")]
    blocks += [Text(RULE), Text(_CAUTION), Text(STATISTICS), Heading("Runs")]
    if studies:
        blocks.append(_runs(studies))
    blocks += [
        Text(f"{title}: {said}.")
        for title, key in (
            ("Versions", "versions"),
            ("Python", "python"),
            ("Machine", "machine"),
        )
        if (said := _said(studies, key))
    ]
    if usual := usual_recipe(studies):
        rows = tuple((name, _word(value), described(name)) for name, value in usual.items())
        blocks += [Heading("The recipe"), Grid(("Setting", "Value", "Meaning"), rows)]
    return tuple(blocks)


def differences(study: Study, studies: Mapping[str, Study]) -> Grid | None:
    """List where a study's conditions leave the usual recipe.

    Parameters
    ----------
    study : Study
    studies : mapping of str to Study
        All of them, which say what is usual.

    Returns
    -------
    Grid or None
        One row a condition; None where the file does not say.
    """
    rows: dict[tuple[str, str], None] = {}
    for condition, recipe in _recipes(study):
        usual = usual_recipe(studies, recipe)
        other = [
            f"{name} = {_word(value)}"
            for name, value in recipe.items()
            if _key(value) != _key(usual.get(name))
        ]
        rows[condition, ", ".join(other) or "—"] = None
    return Grid(("Condition", "Beside the recipe"), tuple(rows)) if rows else None


def _runs(studies: Mapping[str, Study]) -> Grid:
    rows = []
    for name, study in studies.items():
        about = study.about
        trials = about.get("trials")
        numbers = (
            ", ".join(f"{dataset} {count}" for dataset, count in trials.items())
            if isinstance(trials, dict)
            else _word(trials)
        )
        rows.append(
            (
                name,
                _word(about.get("source")),
                numbers,
                _word(about.get("seed")),
                _word(about.get("code"))[:_SHORT],
                _word(about.get("command")),
            )
        )
    return Grid(("Study", "Source", "Trials", "Seed*", "Code", "Command"), tuple(rows))


def _said(studies: Mapping[str, Study], key: str) -> str:
    found = dict.fromkeys(
        ", ".join(f"{name} {v}" for name, v in value.items())
        if isinstance(value, dict)
        else _word(value)
        for study in studies.values()
        if (value := study.about.get(key))
    )
    return "; or ".join(found)


def _recipes(study: Study) -> Iterator[tuple[str, dict[str, Any]]]:
    variants = study.about.get("variants")
    for listed in variants.values() if isinstance(variants, dict) else ():
        for variant in listed if isinstance(listed, list) else ():
            recipe = variant.get("recipe") if isinstance(variant, dict) else None
            if isinstance(recipe, dict):
                yield _word(variant.get("condition")), recipe
    settings = study.about.get("settings")
    if isinstance(settings, dict) and settings:
        yield "(all)", settings


def usual_recipe(
    studies: Mapping[str, Study], kind: Collection[str] = tuple(Recipe.model_fields)
) -> dict[str, Any]:
    """Give each setting the value that most conditions have.

    Parameters
    ----------
    studies : mapping of str to Study
    kind : collection of str
        Settings of the kind of experiment that is meant: each kind has its own.

    Returns
    -------
    dict of str to Any
        Empty where no file says.
    """
    seen: dict[str, Counter[str]] = {}
    for study in studies.values():
        for _, recipe in _recipes(study):
            if not recipe.keys() <= set(kind):
                continue
            for name, value in recipe.items():
                seen.setdefault(name, Counter())[_key(value)] += 1
    return {name: json.loads(counts.most_common(1)[0][0]) for name, counts in seen.items()}


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _word(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
