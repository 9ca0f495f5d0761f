"""Which step the server makes of a round's update, beside adding it to the model.

FedAvgM: Hsu, Qi, Brown: Measuring the effects of non-identical data distribution for
federated visual classification, 2019. FedAdagrad, FedAdam, FedYogi: Reddi, Charles, Zaheer,
Garrett, Rush, Konecny, Kumar, McMahan: Adaptive federated optimization, ICLR 2021.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from anml_fl.method.checks import number
from anml_fl.settings.aggregation import Aggregation, ServerStep

if TYPE_CHECKING:
    from collections.abc import Mapping

# By kind: learning rate and momentum where none are given.
_OWN: Mapping[str, tuple[float, float]] = {
    "fedavgm": (1.0, 0.9),
    "fedadagrad": (0.1, 0.0),
    "fedadam": (0.1, 0.9),
    "fedyogi": (0.01, 0.9),
}


@dataclass(frozen=True, slots=True)
class ServerOptimizer:
    """Which step the server makes.

    Parameters
    ----------
    kind : str
        "fedavgm", "fedadagrad", "fedadam" or "fedyogi".
    learning_rate : float, optional
        eta > 0. Flower's defaults: 1 for FedAvgM, 0.01 for FedYogi, 0.1 for the others.
    momentum : float, optional
        beta_1 in [0, 1), FedAvgM's beta. By default 0.9, and 0 for FedAdagrad: as Flower has
        them, but for FedAvgM, whose 0 there is plain averaging.
    beta_2 : float
        In [0, 1): of FedAdam's and FedYogi's second moment.
    tau : float
        Degree of adaptivity, > 0, in the update's unit: FedAvgM has none.

    Raises
    ------
    ValueError
        If there is no such kind, or a number lies outside its range.

    Examples
    --------
    >>> chosen = ServerOptimizer("fedyogi")
    >>> chosen.eta, chosen.beta_1
    (0.01, 0.9)
    """

    kind: ServerStep
    learning_rate: float | None = None
    momentum: float | None = None
    beta_2: float = 0.99
    tau: float = 1e-3

    def __post_init__(self) -> None:
        if self.kind not in _OWN:
            raise ValueError(
                f"unknown server optimizer {self.kind!r}; known: {', '.join(_OWN)}"
            )
        above_0, below_1 = np.nextafter(0.0, 1.0), np.nextafter(1.0, 0.0)
        number("learning_rate", self.eta, above_0, np.finfo(float).max)
        number("momentum", self.beta_1, 0, below_1)
        number("beta_2", self.beta_2, 0, below_1)
        number("tau", self.tau, above_0, np.finfo(float).max)

    @property
    def eta(self) -> float:
        """The learning rate; the kind's own where none was given."""
        return _OWN[self.kind][0] if self.learning_rate is None else self.learning_rate

    @property
    def beta_1(self) -> float:
        """The momentum; the kind's own where none was given."""
        return _OWN[self.kind][1] if self.momentum is None else self.momentum


def server_optimizer(settings: Aggregation) -> ServerOptimizer | None:
    """Make the step that settings name; None where the update is added as it is.

    Examples
    --------
    >>> server_optimizer(Aggregation()) is None
    True
    >>> server_optimizer(Aggregation(server_optimizer="fedadam", server_tau=0.01)).tau
    0.01
    """
    if settings.server_optimizer == "none":
        return None
    return ServerOptimizer(
        settings.server_optimizer,
        settings.server_learning_rate,
        settings.server_momentum,
        settings.server_beta_2,
        settings.server_tau,
    )


def server_settings(chosen: str | ServerOptimizer | None) -> dict[str, Any]:
    """Say in settings which step is meant: by its name, or with all its numbers.

    Raises
    ------
    ValueError
        If there is no such step; it lists those that there are.
    TypeError
        If it is anything else.

    Examples
    --------
    >>> server_settings("fedyogi")
    {'server_optimizer': 'fedyogi'}
    >>> server_settings(ServerOptimizer("fedavgm", momentum=0.5))["server_momentum"]
    0.5
    """
    if isinstance(chosen, ServerOptimizer):
        numbers = asdict(chosen)
        kind = numbers.pop("kind")
        own = {f"server_{name}": value for name, value in numbers.items()}
        return {"server_optimizer": kind, **own}
    name = "none" if chosen is None else chosen
    if not isinstance(name, str):
        raise TypeError(
            "server_optimizer must be a name or a ServerOptimizer, got"
            f" {type(chosen).__name__}"
        )
    if name not in get_args(ServerStep):
        known = ", ".join(get_args(ServerStep))
        raise ValueError(f"unknown server optimizer {name!r}; known: {known}")
    return {"server_optimizer": name}
