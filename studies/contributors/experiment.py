"""A cell of experiments with contributors: deal, fit, score, weigh, drop, train, test.

Trials that have the same data share one fit, and methods that keep the same samples share
one training. All models of a trial start from the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from anml_fl.method.combination import pearson
from anml_fl.models.state import error_rate
from anml_fl.plugins import SCENARIOS
from studies.contributors.dealing import give, trial_stream
from studies.contributors.learners import TrainingSet, learner_for, train_once
from studies.contributors.scores import Scored, gradient_scores, out_of_fold_scores
from studies.contributors.weighing import LEVEL, check_method, decide, needed_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from studies.contributors.dealing import Given
    from studies.contributors.learners import Learner
    from studies.contributors.recipe import ContributorRecipe
    from studies.contributors.weighing import Selection
    from studies.study import Cell, Row, Variant


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """One trial of one variant."""

    variant: Variant
    trial: int
    given: Given
    start: int

    def kept(self, samples: NDArray[np.bool_]) -> TrainingSet:
        return TrainingSet(
            self.given.features[samples], self.given.targets[samples], self.start
        )

    @property
    def whole(self) -> TrainingSet:
        return TrainingSet(self.given.features, self.given.targets, self.start)


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Parameters
    ----------
    cell : Cell
        Its variants' recipes are `ContributorRecipe`, its methods as in `weighing.METHODS`.

    Returns
    -------
    list of Row
        For each variant, method and trial: `error`, `kept_bad` (share of the wrong labels
        that stay), and what goes with the method: `auc` of its weights for good samples, or
        for honest contributors where it weighs these; `kept_good_contributors` (share of the
        honest ones); `rho_c` and the branches of the gate. Under `loss`, whether or not it is
        compared: `detectability` |rho_d|, Spearman's correlation of loss and corruption, and
        `detectability_pearson`.

    Raises
    ------
    ValueError
        If a method or a setting is refused.
    """
    groups: dict[tuple[object, ...], list[_World]] = {}
    for variant in cell.variants:
        recipe = variant.recipe
        for method in variant.methods:
            check_method(method)
        together = recipe.model, recipe.learning_rate, recipe.batch_size, recipe.pool
        schedule = recipe.fit, recipe.epochs
        for trial in cell.trials:
            given = give(cell.dataset, recipe, cell.seed, trial)
            rng = trial_stream(cell.dataset, cell.seed, trial, "model")
            world = _World(variant, trial, given, int(rng.integers(2**32)))
            groups.setdefault(together + schedule, []).append(world)
    return [row for worlds in groups.values() for row in _compared(cell, worlds)]


def credentials(
    cell: Cell, recipe: ContributorRecipe, given: Given, trial: int
) -> NDArray[np.float64]:
    """Draw s = v r of each contributor, as the recipe's scenario has them.

    Parameters
    ----------
    cell : Cell
        Data set and seed.
    recipe : ContributorRecipe
    given : Given
        Who is malicious.
    trial : int

    Returns
    -------
    (c,) float64
        In [0, 1].
    """
    rng = trial_stream(cell.dataset, cell.seed, trial, "credentials", recipe.scenario)
    draw = SCENARIOS.load(recipe.scenario)
    drawn = [draw(bool(good), rng) for good in ~given.malicious]
    v, r = np.array(drawn).T
    s: NDArray[np.float64] = v * r
    return s


def _compared(cell: Cell, worlds: Sequence[_World]) -> Iterator[Row]:
    """Rows of worlds that learn alike."""
    recipe = worlds[0].variant.recipe
    learner = learner_for(worlds[0].given, recipe)
    lengths = {recipe.fit}
    if cell.trained and any("uniform" in world.variant.methods for world in worlds):
        # The uniformly weighted model is the fit, trained on.
        lengths.add(recipe.epochs)
    fits = train_once(learner, [world.whole for world in worlds], sorted(lengths))
    scored = _scored(cell, worlds, learner, [fit[recipe.fit] for fit in fits])
    decided = [
        (world, _selections(cell, world, one))
        for world, one in zip(worlds, scored, strict=True)
    ]
    errors: dict[bytes, float] = {}
    if cell.trained:
        for world, fit in zip(worlds, fits, strict=True):
            if recipe.epochs in fit:
                errors[world.whole.key] = _error(fit[recipe.epochs], world.given)
        _add_errors(errors, learner, decided, recipe.epochs)
    for (world, selections), one in zip(decided, scored, strict=True):
        for name, value in _detectability(one.losses, world.given.bad):
            yield cell.row(world.variant, "loss", name, value, world.trial)
        for selection in selections:
            found = list(_measured(selection, world.given))
            if cell.trained:
                found.insert(0, ("error", errors[world.kept(selection.kept).key]))
            for name, value in found:
                yield cell.row(world.variant, selection.method, name, value, world.trial)


def _scored(
    cell: Cell, worlds: Sequence[_World], learner: Learner, models: Sequence[nn.Module]
) -> list[Scored]:
    """Scores of each world; of those with the same data, taken once."""
    keys = [(world.whole.key, world.variant.recipe.dropped_samples) for world in worlds]
    needed: dict[tuple[bytes, float], set[str]] = {}
    for world, key in zip(worlds, keys, strict=True):
        needed.setdefault(key, set()).update(needed_scores(world.variant.methods))
    different = dict(zip(keys, zip(worlds, models, strict=True), strict=True))
    found = {}
    for key, (world, model) in different.items():
        f = round(world.variant.recipe.dropped_samples * world.given.targets.size)
        found[key] = gradient_scores(world.given, model, f if "krum" in needed[key] else None)
    asked = [key for key in different if "out_of_fold" in needed[key]]
    asking = [different[key][0] for key in asked]
    probabilities = out_of_fold_scores(
        learner,
        [world.given for world in asking],
        [trial_stream(cell.dataset, cell.seed, world.trial, "folds") for world in asking],
        worlds[0].variant.recipe.fit,
    )
    for key, scores in zip(asked, probabilities, strict=True):
        one = found[key]
        found[key] = Scored(one.losses, {**one.scores, "out_of_fold": scores})
    return [found[key] for key in keys]


def _selections(cell: Cell, world: _World, scored: Scored) -> list[Selection]:
    recipe = world.variant.recipe
    s = credentials(cell, recipe, world.given, world.trial)
    return [
        decide(method, world.given, scored.scores, s, recipe)
        for method in world.variant.methods
    ]


def _add_errors(
    errors: dict[bytes, float],
    learner: Learner,
    decided: Sequence[tuple[_World, Sequence[Selection]]],
    epochs: int,
) -> None:
    """Train on every different training set that has no error yet, and test."""
    wanted: dict[bytes, tuple[TrainingSet, Given]] = {}
    for world, selections in decided:
        for selection in selections:
            kept = world.kept(selection.kept)
            if kept.key not in errors:
                wanted[kept.key] = kept, world.given
    models = learner.train([kept for kept, _ in wanted.values()], (epochs,))
    for (key, (_, given)), model in zip(wanted.items(), models, strict=True):
        errors[key] = _error(model[epochs], given)


def _error(model: nn.Module, given: Given) -> float:
    return error_rate(model, given.test_features, given.test_targets)


def _detectability(
    losses: NDArray[np.float64], bad: NDArray[np.bool_]
) -> Iterator[tuple[str, float]]:
    if 0 < bad.sum() < bad.size and np.ptp(losses) > 0:
        yield "detectability", abs(float(spearmanr(losses, bad).statistic))
        yield "detectability_pearson", abs(pearson(losses, bad.astype(np.float64)))


def _measured(selection: Selection, given: Given) -> Iterator[tuple[str, float]]:
    if given.bad.any():
        yield "kept_bad", float(selection.kept[given.bad].mean())
    good = ~(given.malicious if selection.of_contributors else given.bad)
    if selection.of_contributors and good.any():
        # A contributor stays with all its samples, or goes with them.
        staying = np.isin(np.arange(good.size), given.holder[selection.kept])
        yield "kept_good_contributors", float(staying[good].mean())
    plain = selection.method.removesuffix(LEVEL)
    if plain not in ("uniform", "oracle") and 0 < good.sum() < good.size:
        yield "auc", float(roc_auc_score(good, selection.weighting.weights))
    if plain == "two_stage":
        yield "rho_c", selection.weighting.rho_c
        for branch in ("uniform", "blend", "krum"):
            yield f"branch_{branch}", float(selection.weighting.branch == branch)
