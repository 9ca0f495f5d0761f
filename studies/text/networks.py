"""Networks of any kind, trained by Adam in minibatches and kept on their way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from anml_fl.models.build import build
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn


@dataclass(frozen=True, slots=True)
class Network:
    """What is trained, and how.

    Parameters
    ----------
    name : str
        Of `plugins.MODELS`.
    features : int
        Length of a row.
    classes : int
    image : tuple of int, optional
        (channels, height, width) of a row.
    vocabulary : int
        How many tokens there are, where a row is a text of token ids.
    learning_rate : float
        Of Adam.
    batch_size : int
    """

    name: str
    features: int
    classes: int
    image: tuple[int, int, int] | None
    vocabulary: int
    learning_rate: float
    batch_size: int

    def steps(self, samples: int, epochs: int) -> int:
        """Count the steps of some passes over samples."""
        return epochs * -(-samples // self.batch_size)

    def train(
        self,
        features: NDArray[np.float32],
        targets: NDArray[np.int64],
        start: int,
        lengths: Sequence[int],
    ) -> dict[int, nn.Module]:
        """Train on samples, and keep the model after some numbers of steps.

        Parameters
        ----------
        features : (n, d) float32
        targets : (n,) int64
        start : int
            Seed of the initial weights, and of the order of the samples.
        lengths : sequence of int
            Steps, >= 0: one batch each, epoch after epoch in an order of its own.

        Returns
        -------
        dict
            Steps to the model after them, in evaluation mode.
        """
        model = self._model(start)
        optimiser = torch.optim.Adam(model.parameters(), lr=self.learning_rate, fused=True)
        x, y = torch.tensor(features), torch.tensor(targets)
        batches = self._batches(y.numel(), start)
        found: dict[int, nn.Module] = {}
        done = 0
        for length in sorted(set(lengths)):
            model.train()
            for batch in islice(batches, length - done):
                optimiser.zero_grad()
                cross_entropy(model(x[batch]), y[batch]).backward()
                optimiser.step()
            done = length
            found[length] = self._model(start).eval()
            found[length].load_state_dict(model.state_dict())
        return found

    def _model(self, start: int) -> nn.Module:
        return build(
            self.name, self.features, self.image, self.classes, start, self.vocabulary
        )

    def _batches(self, n: int, start: int) -> Iterator[torch.Tensor]:
        rng = stream(start, "order")
        while True:
            yield from torch.from_numpy(rng.permutation(n)).split(self.batch_size)
