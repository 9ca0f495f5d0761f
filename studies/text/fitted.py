"""Trials with the network that each has fitted: what q is taken from, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.gradients import sample_gradients
from anml_fl.models.state import error_rate
from anml_fl.seeding import stream
from studies.sample.fitted import Fitted
from studies.text.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from anml_fl.method.gradient_set import SampleGradients
    from studies.sample.drawing import Drawn
    from studies.sample.recipe import Recipe
    from studies.text.drawing import DrawnForNetwork
    from studies.text.recipe import NetworkRecipe


@dataclass(frozen=True)
class FittedNetworks(Fitted):
    """What `Fitted` is for MLPs in full batches: all methods of a trial, one network each.

    The network that q is taken from is the uniformly weighted one on its way, and every
    network of a trial starts from the same weights; batches of a training set have the same
    order whatever they hold.
    """

    recipe: NetworkRecipe

    @cached_property
    def _given(self) -> tuple[DrawnForNetwork, ...]:
        return tuple(draw(self.dataset, self.recipe, self.seed, t) for t in self.trials)

    @cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """Each trial's data."""
        return tuple(one.samples for one in self._given)

    @cached_property
    def networks(self) -> tuple[dict[int, nn.Module], ...]:
        """Each trial's networks by their number of epochs on all samples."""
        return tuple(
            self._trained(place, np.arange(one.bad.size), self.lengths)
            for place, one in enumerate(self.drawn)
        )

    def gradients(self, place: int, length: int) -> SampleGradients:
        """Per-sample gradients of a trial's network after so many epochs."""
        one = self.drawn[place]
        return sample_gradients(self.networks[place][length], one.features, one.targets)

    def trained(
        self, chosen: Sequence[tuple[int, NDArray[np.intp]]], recipe: Recipe
    ) -> list[float]:
        """Train on chosen samples, and test: as `Fitted.trained`."""
        values = []
        for place, samples in chosen:
            one = self.drawn[place]
            everything = samples.size == one.bad.size
            if everything and recipe.epochs in self.lengths:
                model = self.networks[place][recipe.epochs]
            else:
                model = self._trained(place, samples, (recipe.epochs,))[recipe.epochs]
            truth = one.test_targets.astype(np.int64)
            values.append(error_rate(model, one.test_features, truth))
        return values

    def _trained(
        self, place: int, samples: NDArray[np.intp], lengths: Sequence[int]
    ) -> dict[int, nn.Module]:
        one, network = self.drawn[place], self._given[place].network
        rng = stream(self.seed, "network study", self.dataset, self.trials[place], "model")
        steps = {epochs: network.steps(samples.size, epochs) for epochs in lengths}
        models = network.train(
            one.features[samples],
            one.targets[samples].astype(np.int64),
            int(rng.integers(2**32)),
            tuple(steps.values()),
        )
        return {epochs: models[step] for epochs, step in steps.items()}
