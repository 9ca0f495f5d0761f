"""What FLANDERS' table makes one model of the clients' by, as Flower's baseline sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from flwr.serverapp.strategy.bulyan import aggregate_n_closest_weights
from flwr.serverapp.strategy.fedtrimmedavg import trim_mean

from anml_fl.method.blockwise_krum import scores_of_distances
from anml_fl.method.robust.flanders import SAMPLED, WINDOW, flanders
from studies.published.by_distances import squared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Models = NDArray[np.float32]
    Model = NDArray[np.float32]

# Of its krum.yaml (`num_clients_to_keep`) and its trimmedmean.yaml, however many attack.
_KEPT, _TRIMMED = 3, 0.2


def rule_of(
    name: str, held: Sequence[int], hostile: int, rng: np.random.Generator
) -> Callable[[Models], Model]:
    """Make a rule: what it remembers begins anew.

    Parameters
    ----------
    name : {"fedavg", "flanders", "multikrum", "bulyan", "trimmed_mean"}
    held : sequence of int
        How many samples each client has.
    hostile : int
        f, which all rules but two are told.
    rng : numpy.random.Generator
        Of the coordinates that FLANDERS looks at.

    Returns
    -------
    callable
        From models (n, d) to one (d,).

    Examples
    --------
    >>> models = np.array([[0.0], [1.0], [2.0], [99.0]], np.float32)
    >>> rng = np.random.default_rng(0)
    >>> rule_of("fedavg", [1, 1, 1, 1], 1, rng)(models)
    array([25.5], dtype=float32)
    >>> rule_of("multikrum", [1, 1, 1, 1], 1, rng)(models)
    array([1.], dtype=float32)
    """
    sizes = np.array(held, dtype=np.float64)
    if name == "flanders":
        return _Flanders(sizes, hostile, rng)

    def multikrum(models: Models) -> Model:
        scores = scores_of_distances(squared(models), n_byzantine=hostile)
        best = np.argsort(scores, kind="stable")[:_KEPT]
        return _mean(models[best], sizes[best])

    def bulyan(models: Models) -> Model:
        distances, left, chosen = squared(models), list(range(len(models))), list[int]()
        for _ in range(len(models) - 2 * hostile):
            scores = scores_of_distances(distances[np.ix_(left, left)], n_byzantine=hostile)
            chosen.append(left.pop(int(scores.argmin())))
        kept = models[chosen]
        closest = len(chosen) - 2 * hostile
        # As np.median has it, in a sixth of the time.
        middle = np.sort(kept, axis=0)[[(len(kept) - 1) // 2, len(kept) // 2]].mean(axis=0)
        found: Model = aggregate_n_closest_weights([middle], [[one] for one in kept], closest)[
            0
        ]
        return found

    def trimmed_mean(models: Models) -> Model:
        found: Model = trim_mean(models, _TRIMMED)
        return found

    rules: dict[str, Callable[[Models], Model]] = {
        "fedavg": lambda models: _mean(models, sizes),
        "multikrum": multikrum,
        "bulyan": bulyan,
        "trimmed_mean": trimmed_mean,
    }
    return rules[name]


class _Flanders:
    """Averages the n - f foreseen ones; in memory the others sent what came of it."""

    def __init__(
        self, sizes: NDArray[np.float64], hostile: int, rng: np.random.Generator
    ) -> None:
        self._sizes, self._hostile, self._rng = sizes, hostile, rng
        self._past: list[NDArray[np.float64]] = []
        self._places: NDArray[np.int64] | None = None

    def __call__(self, models: Models) -> Model:
        if self._places is None:
            self._places = self._rng.integers(models.shape[1], size=SAMPLED)
        now = models[:, self._places].astype(np.float64)
        past = np.array(self._past).reshape(-1, *now.shape)
        kept = flanders(past, now, self._hostile)
        found = _mean(models[kept], self._sizes[kept])
        now[~kept] = found[self._places]
        self._past = [*self._past, now][-WINDOW:]
        return found


def _mean(models: Models, sizes: NDArray[np.float64]) -> Model:
    shares: NDArray[np.float32] = (sizes / sizes.sum()).astype(np.float32)
    found: Model = shares @ models
    return found
