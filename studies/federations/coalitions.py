"""FedAvg among some of a federation's contributors: trained anew, the others never there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.federation.run_task import task_of
from anml_fl.method.threads import one_thread
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.seeding import stream
from clients.training import train

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig


def coalition_model(config: RunConfig, members: Collection[str]) -> dict[str, NDArray[Any]]:
    """Train by FedAvg with some contributors alone, on the split of the whole federation.

    Initial model and order of samples are those of the federation: with all its honest
    contributors it is the federation's FedAvg, but for rounding, where nobody holds more than
    five times the median (strategies bound the counts). McMahan et al. 2017.

    Parameters
    ----------
    config : RunConfig
        Of the whole federation. Everybody is taken for honest.
    members : collection of str
        Contributors, at least one.

    Returns
    -------
    dict
        The final model's arrays by name.

    Raises
    ------
    ValueError
        If a member is no contributor of the federation, or there is none.
    """
    task, training = task_of(config), config.training
    data = task.data
    if strangers := set(members) - set(data.names):
        raise ValueError(
            f"members: {sorted(strangers)[0]!r} takes no part; known: {', '.join(data.names)}"
        )
    if not members:
        raise ValueError("members must name at least one contributor, got none")
    held = [(n, p) for n, p in zip(data.names, data.parts, strict=True) if n in members]
    shares = np.array([part.labels.size for _, part in held], dtype=np.float64)
    shares /= shares.sum()
    with one_thread():
        model = task.initial_model()
        arrays: dict[str, NDArray[Any]] = arrays_of(model)
        for server_round in range(1, training.rounds + 1):
            mean = {name: np.zeros(value.shape) for name, value in arrays.items()}
            for share, (who, samples) in zip(shares, held, strict=True):
                load_arrays(model, arrays)
                order = stream(config.seed, "training", who, str(server_round))
                train(model, samples, training, order)
                for name, value in arrays_of(model).items():
                    mean[name] += share * value
            arrays = {name: value.astype(np.float32) for name, value in mean.items()}
    return arrays
