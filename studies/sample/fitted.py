"""Trials with the model that each has fitted: what q is taken from, and where training ends.

The fit that q is taken from is the uniformly weighted model on its way, and every model of a
trial starts from the same initial weights: differences between methods are due to what they
chose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency
from anml_fl.method.sample_krum import sample_krum_scores
from anml_fl.models import cohort
from anml_fl.seeding import stream
from studies.sample.drawing import REGRESSION, Drawn, draw
from studies.sample.signals import Signals, signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.method.gradient_set import SampleGradients
    from anml_fl.models.cohort import Cohort
    from studies.sample.recipe import Recipe
    from studies.study import Cell, Variant

HIDDEN = (64, 32)


@dataclass(frozen=True)
class Fitted:
    """Trials of one data recipe, and the model that each has fitted to all its samples.

    Parameters
    ----------
    dataset : str
    seed : int
    recipe : Recipe
        Only what `Recipe.data_key` names counts.
    trials : tuple of int
    lengths : tuple of int
        Epochs at which a fit is wanted, ascending.
    """

    dataset: str
    seed: int
    recipe: Recipe
    trials: tuple[int, ...]
    lengths: tuple[int, ...]
    _consistencies: dict[tuple[int, int, int | None], NDArray[np.float64]] = field(
        default_factory=dict
    )

    @cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """Each trial's data."""
        return tuple(draw(self.dataset, self.recipe, self.seed, t) for t in self.trials)

    @classmethod
    def of(cls, cell: Cell, variants: Sequence[Variant]) -> Fitted:
        """Take the trials of a cell, for variants that agree in `Recipe.data_key`."""
        lengths = {v.recipe.fit for v in variants}
        if cell.trained:
            # The uniformly weighted model is the fit, trained on.
            lengths |= {v.recipe.epochs for v in variants if "uniform" in v.methods}
        recipe = variants[0].recipe
        return cls(cell.dataset, cell.seed, recipe, cell.trials, tuple(sorted(lengths)))

    def signals(self, place: int, recipe: Recipe) -> Signals:
        """Draw v, r and T of a trial's samples."""
        return signals(self.dataset, self.drawn[place], recipe, self.seed, self.trials[place])

    @property
    def loss(self) -> cohort.Loss:
        """What is minimised."""
        return "squared" if self.dataset == REGRESSION else "cross_entropy"

    @cached_property
    def initial(self) -> Cohort:
        """Each trial's initial weights."""
        one = self.drawn[0]
        seeds = [
            int(stream(self.seed, "sample study", self.dataset, t, "model").integers(2**32))
            for t in self.trials
        ]
        return cohort.initial(seeds, (one.features.shape[1], *HIDDEN, one.outputs))

    @cached_property
    def fits(self) -> dict[int, Cohort]:
        """The models by their number of epochs on all samples."""
        return cohort.train(
            self.initial,
            np.stack([one.features for one in self.drawn]),
            np.stack([one.targets for one in self.drawn]),
            epochs=self.lengths[-1],
            learning_rate=self.recipe.learning_rate,
            loss=self.loss,
            checkpoints=self.lengths,
        ).at

    def gradients(self, place: int, length: int) -> SampleGradients:
        """Per-sample gradients of a trial's model after so many epochs."""
        one = self.drawn[place]
        model = cohort.module(self.fits[length], place)
        return sample_gradients(model, one.features, one.targets, loss=self.loss)

    def consistency(self, place: int, recipe: Recipe) -> NDArray[np.float64]:
        """Q of a trial's samples, as the recipe takes it: (n,) in [0, 1], Eq. 2 and 3."""
        key = place, recipe.fit, recipe.neighbours
        if key not in self._consistencies:
            gradients = self.gradients(place, recipe.fit)
            f = round(recipe.beta * len(gradients))
            scores = sample_krum_scores(
                gradients, n_byzantine=f, n_neighbours=recipe.neighbours
            )
            self._consistencies[key] = consistency(scores)
        return self._consistencies[key]

    def trained(
        self, chosen: Sequence[tuple[int, NDArray[np.intp]]], recipe: Recipe
    ) -> list[float]:
        """Train on chosen samples, and test.

        Parameters
        ----------
        chosen : sequence of (int, (m,) int array)
            Place of a trial, and the samples that it trains on.
        recipe : Recipe

        Returns
        -------
        list of float
            Test errors, or mean absolute errors in the data's own unit.
        """
        values = [float("nan")] * len(chosen)
        sizes: dict[int, list[int]] = {}
        for at, (place, samples) in enumerate(chosen):
            everything = np.array_equal(samples, np.arange(self.drawn[place].bad.size))
            if everything and recipe.epochs in self.fits:
                values[at] = self._tested(self.fits[recipe.epochs].take([place]), [place])[0]
            else:
                sizes.setdefault(samples.size, []).append(at)
        for members in sizes.values():
            pairs = [chosen[at] for at in members]
            places = [place for place, _ in pairs]
            models = cohort.train(
                self.initial.take(places),
                np.stack([self.drawn[place].features[samples] for place, samples in pairs]),
                np.stack([self.drawn[place].targets[samples] for place, samples in pairs]),
                epochs=recipe.epochs,
                learning_rate=recipe.learning_rate,
                loss=self.loss,
            ).final
            for at, value in zip(members, self._tested(models, places), strict=True):
                values[at] = value
        return values

    def _tested(self, models: Cohort, places: Sequence[int]) -> list[float]:
        features = np.stack([self.drawn[place].test_features for place in places])
        targets = np.stack([self.drawn[place].test_targets for place in places])
        if self.loss == "cross_entropy":
            return [float(e) for e in cohort.error_rates(models, features, targets)]
        outputs = cohort.predict(models, features)[..., 0].double().cpu().numpy()
        units = [self.drawn[place].unit for place in places]
        return [
            float(np.abs(out - target).mean() * unit)
            for out, target, unit in zip(outputs, targets, units, strict=True)
        ]
