"""Out-of-fold probabilities of the paper's MLP, fitted anew as samples gain or lose belief."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.models import cohort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.models.cohort import Cohort
    from studies.sample.drawing import Drawn

_FOLDS = 3
# Few samples are dealt out several times: each deal is another opinion.
_SAMPLES = 600
_MOST_DEALS = 4
# Epochs at which the models are looked at, and a rate that gets there soon.
_EPOCHS = (3, 5, 8, 12, 20, 30, 45, 60)
_RATE = 0.01


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Models that each leave a fold out; calling it trains them.

    Parameters
    ----------
    drawn : Drawn
        Of a classification.
    held : (models, n) bool
        Which samples a model does not see.
    orders : (models, n) int
        In which order a model's samples are drawn from.
    starts : (models,) float64
        Where the draw begins, in [0, 1).
    initial : Cohort
        Weights that all fits begin from.
    """

    drawn: Drawn
    held: NDArray[np.bool_]
    orders: NDArray[np.int64]
    starts: NDArray[np.float64]
    initial: Cohort

    @classmethod
    def of(cls, drawn: Drawn, rng: np.random.Generator, hidden: tuple[int, ...]) -> CrossFit:
        """Deal out the folds, each with its share of every class, and draw initial weights.

        Parameters
        ----------
        drawn : Drawn
        rng : numpy.random.Generator
        hidden : tuple of int
            Widths of the hidden layers.
        """
        n = drawn.targets.size
        deals = int(np.clip(round(_SAMPLES / n), 1, _MOST_DEALS))
        held = []
        for _ in range(deals):
            order = rng.permutation(n)
            order = order[np.argsort(drawn.targets[order], kind="stable")]
            fold = np.empty(n, dtype=np.int64)
            fold[order] = np.arange(n) % _FOLDS
            held += [fold == one for one in range(_FOLDS)]
        models = len(held)
        seeds = [int(one) for one in rng.integers(2**32, size=models)]
        return cls(
            drawn,
            np.stack(held),
            np.stack([rng.permutation(n) for _ in range(models)]),
            rng.random(models),
            cohort.initial(seeds, (drawn.features.shape[1], *hidden, drawn.outputs)),
        )

    def __call__(self, weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Train every model on samples drawn by weight, and predict what it has not seen.

        Parameters
        ----------
        weights : (n,) float64
            How far each sample is believed, in [0, 1].

        Returns
        -------
        list of (n, classes) float64
            Out-of-fold probabilities after 3 to 60 epochs; the mean over the deals.
        """
        # Every calibration of the same samples begins so.
        return self._unweighted if (weights == 1).all() else self._fitted(weights)

    @cached_property
    def _unweighted(self) -> list[NDArray[np.float64]]:
        return self._fitted(np.ones(self.drawn.targets.size))

    def _fitted(self, weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        seen = weights * ~self.held
        size = max(int(np.ceil(seen.sum(axis=1).max())), self.drawn.outputs)
        chosen = [
            drawn_by_weight(one[order], size, start, order)
            for one, order, start in zip(seen, self.orders, self.starts, strict=True)
        ]
        trained = cohort.train(
            self.initial,
            np.stack([self.drawn.features[one] for one in chosen]),
            np.stack([self.drawn.targets[one] for one in chosen]),
            epochs=_EPOCHS[-1],
            learning_rate=_RATE,
            checkpoints=_EPOCHS,
        )
        deals = len(self.held) // _FOLDS
        found = []
        for epochs in _EPOCHS:
            logits = cohort.predict(trained.at[epochs], self.drawn.features)
            given = logits.double().softmax(dim=2).cpu().numpy()
            found.append((given * self.held[:, :, None]).sum(axis=0) / deals)
        return found


def drawn_by_weight(
    weights: NDArray[np.float64], size: int, start: float, names: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Draw systematically: each as often as its share of the draws, rounded up or down.

    Parameters
    ----------
    weights : (n,) float64
        >= 0, not all zero.
    size : int
        How many draws.
    start : float
        In [0, 1).
    names : (n,) int
        What the drawn are called.

    Examples
    --------
    >>> drawn_by_weight(np.array([1.0, 0.0, 0.5, 0.5]), 4, 0.5, np.arange(4))
    array([0, 0, 2, 3])
    """
    sums = np.cumsum(weights)
    points = (np.arange(size) + start) / size * sums[-1]
    places = np.searchsorted(sums, points, side="right")
    # Rounding may leave the last point at the very end.
    last = np.flatnonzero(weights)[-1]
    drawn: NDArray[np.int64] = names[np.minimum(places, last)]
    return drawn
