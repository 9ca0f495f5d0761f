"""The server's step: what a round's update does to the model; see `server_optimizer`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from strategies.server_optimizer import ServerOptimizer

STATE = "anml.server-optimizer/"
"""How the names of its arrays begin, beside those that a rule keeps."""

# Coordinates a block, which are worked out in float64.
_BLOCK = 2**16


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server's step leaves for the next one.

    Parameters
    ----------
    steps : int
        How many were made: rounds that changed the model.
    momentum, second_moment : (d,) array
        m and v; empty before the first step, and v always under FedAvgM.
    """

    steps: int = 0
    momentum: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.float32))
    second_moment: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.float32))

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> ServerState:
        """Take it out of the arrays that a strategy keeps from round to round."""
        if STATE + "steps" not in arrays:
            return cls()
        names = ("momentum", "second-moment")
        return cls(int(arrays[STATE + "steps"]), *(arrays[STATE + name] for name in names))

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The same by name, to be kept with what the rule keeps."""
        return {
            STATE + "steps": np.array(self.steps),
            STATE + "momentum": self.momentum,
            STATE + "second-moment": self.second_moment,
        }

    @property
    def finite(self) -> bool:
        """Whether a further step can be made from it."""
        both = (self.momentum, self.second_moment)
        return all(bool(np.isfinite(array).all()) for array in both)


def server_step(
    update: NDArray[Any], state: ServerState, settings: ServerOptimizer
) -> tuple[NDArray[Any], ServerState]:
    """Turn a round's update into what is added to the model.

    With the update d (its sign is the model's: minus the pseudo-gradient):

    - FedAvgM: m = beta_1 m + d, step = eta m;
    - the others: m = beta_1 m + (1 - beta_1) d, step = eta m / (sqrt(v) + tau), where
      FedAdagrad: v = v + d^2; FedAdam: v = beta_2 v + (1 - beta_2) d^2;
      FedYogi: v = v - (1 - beta_2) d^2 sign(v - d^2).

    These are the conventions of Flower 1.41, v begins at 0, and FedAdam alone corrects for
    that: in the t-th step eta is multiplied by sqrt(1 - beta_2^(t+1)) / (1 - beta_1^(t+1)).
    Reddi et al. correct nothing and begin with v >= tau^2; Adam itself has t where this has
    t + 1. Flower counts rounds for t, here a round that changed nothing is no step. Sums are
    float64, where Flower's are of the model's type.

    Parameters
    ----------
    update : (d,) array
        What a rule decided.
    state : ServerState
        From the last step; it is not changed.
    settings : ServerOptimizer

    Returns
    -------
    tuple
        The step (d,), of the update's type, float32 at least, and the state after it, of the
        same type. Where values are too large for it they are not finite.

    Raises
    ------
    ValueError
        If the state is of a model of another size.

    Examples
    --------
    >>> from strategies.server_optimizer import ServerOptimizer
    >>> half = ServerOptimizer("fedavgm", learning_rate=0.5, momentum=0.5)
    >>> step, state = server_step(np.array([1.0, -2.0]), ServerState(), half)
    >>> step, server_step(np.array([1.0, -2.0]), state, half)[0]
    (array([ 0.5, -1. ]), array([ 0.75, -1.5 ]))
    """
    dtype, d = np.result_type(update.dtype, np.float32), update.size
    if state.steps and state.momentum.shape != (d,):
        raise ValueError(
            f"the server optimizer's state has {state.momentum.size} numbers, the update {d}:"
            " it belongs to another model"
        )
    adaptive = settings.kind != "fedavgm"
    step, momentum = np.empty((2, d), dtype)
    second = np.empty(d if adaptive else 0, dtype)
    for start in range(0, d, _BLOCK):
        part = slice(start, start + _BLOCK)
        given = update[part].astype(np.float64)
        before = [
            array[part].astype(np.float64) if state.steps else np.zeros_like(given)
            for array in (state.momentum, state.second_moment)
        ]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if adaptive:
                m = settings.beta_1 * before[0] + (1 - settings.beta_1) * given
                v = _second_moment(before[1], given**2, settings)
                second[part] = v
                step[part] = _rate(settings, state.steps + 1) * m / (np.sqrt(v) + settings.tau)
            else:
                m = settings.beta_1 * before[0] + given
                step[part] = settings.eta * m
            momentum[part] = m
    return step, ServerState(state.steps + 1, momentum, second)


def _second_moment(
    v: NDArray[np.float64], squares: NDArray[np.float64], settings: ServerOptimizer
) -> NDArray[np.float64]:
    if settings.kind == "fedadagrad":
        return v + squares
    if settings.kind == "fedadam":
        return settings.beta_2 * v + (1 - settings.beta_2) * squares
    return v - (1 - settings.beta_2) * squares * np.sign(v - squares)


def _rate(settings: ServerOptimizer, t: int) -> float:
    """Learning rate of the t-th step, from 1."""
    if settings.kind != "fedadam":
        return settings.eta
    corrected = (1 - settings.beta_2 ** (t + 1)) ** 0.5 / (1 - settings.beta_1 ** (t + 1))
    return settings.eta * float(corrected)
