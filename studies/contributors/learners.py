"""Models that learn from samples: MLPs as one tensor program, or CNNs one by one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from anml_fl.models import cohort
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.sample.fitted import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from studies.contributors.dealing import Given
    from studies.contributors.recipe import ContributorRecipe

Models = dict[int, "nn.Module"]
"""Epochs of training to the model after them."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """What one model learns from.

    Parameters
    ----------
    features : (n, d) float32
    targets : (n,) int64
    start : int
        Seed of the initial weights, and of the order of the samples.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    start: int

    @property
    def key(self) -> bytes:
        """Hash of all that is learnt from: sets of one key teach the same."""
        found = sha256(f"{self.start} {self.features.shape}".encode())
        found.update(self.targets.tobytes())
        found.update(self.features.tobytes())
        return found.digest()


class Learner(Protocol):
    """Trains a model on each of several sets."""

    def train(self, sets: Sequence[TrainingSet], lengths: Sequence[int]) -> list[Models]:
        """Train on each set, and keep its model after each of some numbers of epochs.

        Parameters
        ----------
        sets : sequence of TrainingSet
        lengths : sequence of int
            Epochs, >= 0.

        Returns
        -------
        list of dict of int to torch.nn.Module
            One a set, by number of epochs; models take (n, d) and return logits.
        """
        ...


@dataclass(frozen=True, slots=True)
class Perceptrons:
    """MLPs (64, 32), trained by Adam on all samples at once."""

    classes: int
    learning_rate: float = 1e-3

    def train(self, sets: Sequence[TrainingSet], lengths: Sequence[int]) -> list[Models]:
        """Train those of one size together: as `Learner.train`."""
        sizes: dict[tuple[int, ...], list[int]] = {}
        for place, one in enumerate(sets):
            sizes.setdefault(one.features.shape, []).append(place)
        found: dict[int, Models] = {}
        for (_, width), places in sizes.items():
            group = [sets[place] for place in places]
            trained = cohort.train(
                cohort.initial([one.start for one in group], (width, *HIDDEN, self.classes)),
                np.stack([one.features for one in group]),
                np.stack([one.targets for one in group]),
                epochs=max(lengths),
                learning_rate=self.learning_rate,
                checkpoints=tuple(sorted(set(lengths))),
            ).at
            for row, place in enumerate(places):
                found[place] = {at: cohort.module(trained[at], row) for at in lengths}
        return [found[place] for place in range(len(sets))]


@dataclass(frozen=True, slots=True)
class Convolutions:
    """Small CNNs, trained by Adam on minibatches.

    Parameters
    ----------
    image : tuple of int
        (channels, height, width).
    classes : int
    learning_rate : float
    batch_size : int
    """

    image: tuple[int, int, int]
    classes: int
    learning_rate: float = 1e-3
    batch_size: int = 64

    def train(self, sets: Sequence[TrainingSet], lengths: Sequence[int]) -> list[Models]:
        """Train one after the other: as `Learner.train`."""
        return [self._trained(one, lengths) for one in sets]

    def _trained(self, one: TrainingSet, lengths: Sequence[int]) -> Models:
        width = one.features.shape[1]
        model = build("cnn", width, self.image, self.classes, one.start)
        optimiser = torch.optim.Adam(model.parameters(), lr=self.learning_rate, fused=True)
        features, targets = torch.tensor(one.features), torch.tensor(one.targets)
        rng = stream(one.start, "order")
        kept: Models = {}
        for epoch in range(max(lengths) + 1):
            if epoch in lengths:
                kept[epoch] = build("cnn", width, self.image, self.classes, one.start)
                kept[epoch].load_state_dict(model.state_dict())
            if epoch == max(lengths):
                break
            order = torch.from_numpy(rng.permutation(targets.numel()))
            for batch in order.split(self.batch_size):
                optimiser.zero_grad()
                cross_entropy(model(features[batch]), targets[batch]).backward()
                optimiser.step()
        return kept


def learner_for(given: Given, recipe: ContributorRecipe) -> Learner:
    """Choose how models learn.

    Parameters
    ----------
    given : Given
        Classes, and shape of the images.
    recipe : ContributorRecipe
        Model, learning rate, batch size.

    Raises
    ------
    ValueError
        If a CNN is asked for, and the samples are no images.
    """
    if recipe.model == "mlp":
        return Perceptrons(given.classes, recipe.learning_rate)
    if given.image is None:
        raise ValueError("model = 'cnn' needs images, and these samples are none: use 'mlp'")
    return Convolutions(given.image, given.classes, recipe.learning_rate, recipe.batch_size)


def train_once(
    learner: Learner, sets: Sequence[TrainingSet], lengths: Sequence[int]
) -> list[Models]:
    """Train on sets, on those that are the same once: as `Learner.train`."""
    different = {one.key: one for one in sets}
    models = learner.train(list(different.values()), lengths)
    by_key = dict(zip(different, models, strict=True))
    return [by_key[one.key] for one in sets]
