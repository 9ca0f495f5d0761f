"""A cell of experiments: draw, fit, score, weigh, select, train, test.

Variants whose data agree share one fit, and methods that choose the same samples share one
training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from anml_fl.method.combination import pearson
from anml_fl.method.selection import sample_proportional, select_top
from anml_fl.seeding import stream
from studies.sample.baselines import out_of_fold_scores
from studies.sample.drawing import GROUPS, REGRESSION
from studies.sample.fitted import Fitted
from studies.sample.weighing import BASELINES, check_method, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from anml_fl.method.combination import Weighting
    from studies.sample.drawing import Drawn
    from studies.sample.recipe import Recipe
    from studies.study import Cell, Row, Variant

_OUT_OF_FOLD = ("out_of_fold", "cleanlab")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a method decided in one trial of one variant, and which samples it takes."""

    variant: Variant
    place: int
    method: str
    weighting: Weighting
    samples: NDArray[np.intp]


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Returns
    -------
    list of Row
        For each variant, method and trial `error` (or `mae`), `selected_clean`, and what
        goes with the method: `rho_c` and the branches of the gate, `auc` of the weights
        for clean samples under `krum` and the baselines, `rho_product` beside `krum`, shares
        selected of each group or of the attackers.

    Raises
    ------
    ValueError
        If a method or a setting is refused.
    """
    for variant in cell.variants:
        for method in variant.methods:
            check_method(method)
    rows: list[Row] = []
    for variants in _by_data(cell.variants):
        rows += compared(cell, variants, Fitted.of(cell, variants))
    return rows


def compared(cell: Cell, variants: Sequence[Variant], fitted: Fitted) -> list[Row]:
    """Compare the methods of variants on trials that are given.

    Parameters
    ----------
    cell : Cell
    variants : sequence of Variant
        Those of the cell that agree in `Recipe.data_key`.
    fitted : Fitted
        Data, signals and models of the cell's trials.

    Returns
    -------
    list of Row
        As `run` lists them.
    """
    rows: list[Row] = []
    chosen = [c for v in variants for c in choices(fitted, v, cell)]
    errors = _errors(fitted, chosen) if cell.trained else {}
    metric = "mae" if cell.dataset == REGRESSION else "error"
    for choice in chosen:
        trial = cell.trials[choice.place]
        found = list(_decided(choice, fitted.drawn[choice.place]))
        if cell.trained:
            found.insert(0, (metric, errors[_training_key(choice)]))
        rows += [
            cell.row(choice.variant, choice.method, name, value, trial)
            for name, value in found
        ]
    return rows + _agreement(fitted, variants, cell)


def _by_data(variants: Iterable[Variant]) -> Iterator[list[Variant]]:
    groups: dict[tuple[object, ...], list[Variant]] = {}
    for variant in variants:
        groups.setdefault(variant.recipe.data_key(), []).append(variant)
    yield from groups.values()


def choices(fitted: Fitted, variant: Variant, cell: Cell) -> Iterator[Choice]:
    """Weigh and select by every method of a variant, in every trial.

    Parameters
    ----------
    fitted : Fitted
    variant : Variant
    cell : Cell
        The one that both belong to.
    """
    recipe = variant.recipe
    for place, trial in enumerate(cell.trials):
        drawn = fitted.drawn[place]
        q = fitted.consistency(place, recipe)
        outside = fitted.signals(place, recipe)
        scores = _baselines(fitted, place, variant)
        for method in variant.methods:
            weighting = weigh(method, q, outside, recipe, bad=drawn.bad, scores=scores)
            rng = stream(cell.seed, "sample study", cell.dataset, trial, "sampling", method)
            yield Choice(
                variant, place, method, weighting, chosen_samples(weighting, recipe, rng)
            )


def chosen_samples(
    weighting: Weighting, recipe: Recipe, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Choose what a model trains on: the heaviest (Eq. 6), or draws by weight (Eq. 7).

    Parameters
    ----------
    weighting : Weighting
    recipe : Recipe
        Its use and fraction.
    rng : numpy.random.Generator
        For sampling.

    Returns
    -------
    (m,) int
        Indices, ascending; all where the weighting says that selection does not apply.
    """
    n = weighting.weights.size
    if not weighting.select:
        return np.arange(n)
    if recipe.use == "sampling":
        return np.sort(sample_proportional(weighting.weights, n, rng))
    return np.flatnonzero(select_top(weighting.weights, recipe.fraction))


def _baselines(fitted: Fitted, place: int, variant: Variant) -> dict[str, NDArray[np.float64]]:
    scores: dict[str, NDArray[np.float64]] = {}
    if {"gradient_norm", "loss"} & set(variant.methods):
        gradients = fitted.gradients(place, variant.recipe.fit)
        scores["gradient_norm"] = -np.sqrt(gradients.squared_norms)
        scores["loss"] = -gradients.losses
    if set(_OUT_OF_FOLD) & set(variant.methods):
        drawn = fitted.drawn[place]
        scores |= out_of_fold_scores(
            drawn, variant.recipe, stream(fitted.seed, "folds", fitted.trials[place])
        )
    return scores


def _training_key(choice: Choice) -> tuple[int, int, bytes]:
    return choice.place, choice.variant.recipe.epochs, choice.samples.tobytes()


def _errors(fitted: Fitted, choices: Sequence[Choice]) -> dict[tuple[int, int, bytes], float]:
    """Test error of every different training set."""
    wanted: dict[int, dict[tuple[int, int, bytes], Choice]] = {}
    for choice in choices:
        wanted.setdefault(choice.variant.recipe.epochs, {})[_training_key(choice)] = choice
    errors: dict[tuple[int, int, bytes], float] = {}
    for different in wanted.values():
        one = next(iter(different.values()))
        pairs = [(c.place, c.samples) for c in different.values()]
        values = fitted.trained(pairs, one.variant.recipe)
        errors |= dict(zip(different, values, strict=True))
    return errors


def _decided(choice: Choice, drawn: Drawn) -> Iterator[tuple[str, float]]:
    yield "selected_clean", float((~drawn.bad)[choice.samples].mean())
    if drawn.group.max() >= 0:
        for place, name in enumerate(GROUPS):
            members = np.flatnonzero(drawn.group == place)
            yield f"selected_{name}", float(np.isin(members, choice.samples).mean())
    elif drawn.attacker.any():
        yield (
            "selected_attackers",
            float(np.isin(np.flatnonzero(drawn.attacker), choice.samples).mean()),
        )
    if choice.method in ("krum", *BASELINES) and 0 < drawn.bad.sum() < drawn.bad.size:
        yield "auc", roc_auc_score(~drawn.bad, choice.weighting.weights)
    if choice.method.startswith("two_stage"):
        yield "rho_c", choice.weighting.rho_c
        for branch in ("uniform", "blend", "krum"):
            yield f"branch_{branch}", float(choice.weighting.branch == branch)


def _agreement(fitted: Fitted, variants: Sequence[Variant], cell: Cell) -> list[Row]:
    """What rho_c of the gate comes to: corr(q, clean) times corr(s, clean)."""
    rows = []
    for variant in variants:
        for place, trial in enumerate(cell.trials):
            bad = fitted.drawn[place].bad
            if "krum" not in variant.methods or not 0 < bad.sum() < bad.size:
                continue
            q, s = (
                fitted.consistency(place, variant.recipe),
                fitted.signals(place, variant.recipe).s,
            )
            clean = (~bad).astype(np.float64)
            product = pearson(q, clean) * pearson(s, clean)
            rows.append(cell.row(variant, "krum", "rho_product", product, trial))
    return rows
