"""Sentences about the study of networks: each follows from the figures that it quotes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reproduction.claim import excess, points, share
from studies.reproduction.intervals import mean, ratio
from studies.reproduction.numbers import interval, plain
from studies.reproduction.results import paired

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.reproduction.intervals import Estimate
    from studies.reproduction.results import Cell, Study

_NETWORKS = {"transformer": "the Transformer", "cnn": "the CNN"}
_CLOSE = 0.95
# The encoder that has all answers in one place, which no federation is.
_POOLED = "pooled"
# Of two classes a coin gets half.
_COIN = 0.5


def side(estimate: Estimate, greater: str, smaller: str, level: str) -> str:
    """Choose the words that a difference bears.

    Parameters
    ----------
    estimate : Estimate
        Of a difference.
    greater, smaller : str
        Where its interval lies above 0, or below it.
    level : str
        Where its interval holds 0, or there is none.

    Examples
    --------
    >>> from studies.reproduction.intervals import Estimate
    >>> side(Estimate(0.2, 0.1, 0.3, 5), "more", "less", "as much")
    'more'
    >>> side(Estimate(0.2, -0.1, 0.5, 5), "more", "less", "as much")
    'as much'
    """
    if estimate.low > 0:
        return greater
    return smaller if estimate.high < 0 else level


def samples_said(sample: Study) -> list[str]:
    """Compare each network with the MLP on the same samples, and Krum with no defence."""
    said = []
    areas = {(d, _model(c)): cells["krum"] for d, c, cells in sample.settings_of("auc")}
    errors = {(d, _model(c)): cells for d, c, cells in sample.settings_of("error")}
    krum = {(d, _model(c)): cells for d, c, cells in sample.settings_of("branch_krum")}
    for (dataset, model), cells in errors.items():
        if model not in _NETWORKS or (dataset, "mlp") not in errors:
            continue
        own, other = areas[dataset, model], areas[dataset, "mlp"]
        tells = side(
            excess(own, other),
            "better than the MLP's",
            "less well than the MLP's",
            "as well as the MLP's, within the interval",
        )
        said.append(
            f"On {dataset}, {_NETWORKS[model]}'s q tells clean labels {tells}: area under the"
            f" ROC curve {interval(mean(own.values), 3)}, the MLP's"
            f" {interval(mean(other.values), 3)}, difference"
            f" {interval(excess(own, other), 3)}."
            f" {_gains(cells, _NETWORKS[model])} {_gains(errors[dataset, 'mlp'], 'the MLP')}"
        )
        taken = [krum.get((dataset, one), {}).get("two_stage") for one in (model, "mlp")]
        if taken[0] is not None and taken[1] is not None:
            here, there = (100 * mean(one.values).value for one in taken if one is not None)
            said[-1] += (
                f" The gate falls back on krum in {here:.0f} % of the trials with"
                f" {_NETWORKS[model]}, in {there:.0f} % with the MLP."
            )
    return said


def _gains(cells: Mapping[str, Cell], who: str) -> str:
    """Say what Krum and the gate change against no defence, and what could be had."""
    told = []
    for method in ("krum", "softmax_blend", "two_stage", "oracle"):
        change = excess(cells[method], cells["uniform"])
        told.append(
            f"{method} {side(change, 'raises', 'lowers', 'does not surely change')} the error"
            f" ({points(change)})"
        )
    return f"With {who}, against no defence, {', '.join(told[:-1])} and {told[-1]}."


def approximations_said(found: Study) -> list[str]:
    """Name which approximation ranks as the exact scores do, at what part of their time."""
    seconds = {c: cells for _, c, cells in found.settings_of("seconds")}
    said = []
    for _, condition, ranks in found.settings_of("spearman"):
        times = seconds[condition]
        others = [name for name in ranks if name != "exact"]
        if "exact" not in times or not others:
            continue
        close = [name for name in others if mean(ranks[name].values).value >= _CLOSE]
        cost = {name: ratio(*paired(times[name], times["exact"])) for name in others}
        cheap = min(close, key=lambda name: cost[name].value, default="")
        dearer = [name for name in others if cost[name].value > 1]
        text = (
            f"With {condition}, {len(close)} of {len(others)} approximations rank samples as"
            f" exact q does (rank correlation {_CLOSE:g} or more)"
        )
        if cheap:
            text += (
                f"; the cheapest of these, {cheap}, takes {interval(cost[cheap], None)} of its"
                f" time and correlates with {interval(mean(ranks[cheap].values), 3)}"
            )
        if dearer:
            text += f". {', '.join(dearer)} cost more than exact q does at this size"
        said.append(f"{text}.")
    return said


def people_said(found: Study) -> list[str]:
    """Say whose weights come nearest to the annotators' true accuracy."""
    said = []
    for metric, what in (
        ("spearman", "true accuracy"),
        ("spearman_unchecked", "accuracy on what was not checked"),
    ):
        for _, _, cells in found.settings_of(metric):
            ranked = sorted(cells, key=lambda name: -mean(cells[name].values).value)
            named = ("r", "two_stage@krum", "two_stage@out_of_fold")
            libraries = [name for name in ("dawid_skene", "crowdlab") if name in cells]
            listed = [
                f"{name} {interval(mean(cells[name].values), 3)}"
                for name in (*named, *libraries)
                if name in cells
            ]
            told = f"Rank correlation with the annotators' {what}: {', '.join(listed)}."
            ours = [name for name in ranked if "@" in name]
            if ours and libraries:
                best = max(libraries, key=lambda name: mean(cells[name].values).value)
                gap = excess(cells[ours[0]], cells[best])
                verdict = side(
                    gap, "comes nearer than", "stays behind", "is not surely apart from"
                )
                told += (
                    f" The nearest of ANML's weights, {ours[0]}, {verdict} {best}"
                    f" (difference {interval(gap, 3)})."
                )
            said.append(told)
    return said


def lessons_said(found: Study) -> list[str]:
    """Say what an encoder errs that was taught by each way to choose labels."""
    said = []
    for _, _, cells in found.settings_of("error"):
        if not {"majority_vote", "truth"} <= cells.keys():
            continue
        listed = [f"{name} {share(cell)}" for name, cell in cells.items()]
        told = []
        for name, cell in cells.items():
            word = side(excess(cell, cells["majority_vote"]), "worse", "better", "")
            if word and name not in ("majority_vote", "truth"):
                told.append(f"{name} is {word}")
        rest = "; ".join(told) or "none is surely better or worse"
        said.append(
            f"Error of an encoder that is taught so: {', '.join(listed)}. Against majority"
            f" vote, {rest}."
        )
    return said


def federation_said(found: Study) -> list[str]:
    """Say whether the federation has learnt anything, whom q follows, and who attacks."""
    said = []
    ranks = {c: cells for _, c, cells in found.settings_of("spearman_q")}
    weights = {c: cells for _, c, cells in found.settings_of("attackers_weight")}
    for _, condition, cells in found.settings_of("error"):
        errors = {name: mean(cell.values) for name, cell in cells.items() if name != _POOLED}
        best = min(errors, key=lambda name: errors[name].value)
        learnt = errors[best].value < _COIN - _MARGIN
        word = "has learnt" if learnt else "has learnt little"
        others = [f"{name} {share(cells[name])}" for name in errors if name != best]
        told = (
            f"As a federation, {condition}, the encoder {word}: the least error is"
            f" {interval(errors[best].times(100), 1)} % ({best}), and a coin's is"
            f" {100 * _COIN:g} %."
        )
        if others:
            told += f" The others': {', '.join(others)}."
        if _POOLED in cells:
            told += f" Trained on all answers in one place it errs {share(cells[_POOLED])}."
        q = [
            f"{interval(mean(cell.values), 3)} ({name})"
            for name, cell in ranks.get(condition, {}).items()
        ]
        if q:
            told += (
                f" Rank correlation of q of updates with the honest annotators' accuracy:"
                f" {', '.join(q)}."
            )
        taken = weights.get(condition, {})
        if taken:
            listed = [
                f"{name} {plain(100 * mean(cell.values).value, 1)} %"
                for name, cell in taken.items()
                if math.isfinite(mean(cell.values).value)
            ]
            told += f" Attackers' share of the model: {', '.join(listed)}."
        said.append(told)
    return said


# Who calls all of the test good errs 47.8 %: less than that is learnt.
_MARGIN = 0.04


def _model(condition: str) -> str:
    """Name the model of a condition."""
    parts = dict(part.partition("=")[::2] for part in condition.split(";"))
    return parts.get("model", "")
