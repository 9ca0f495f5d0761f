"""A federation in a study: the real apps in this process, its folder thrown away."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from flwr.common.logger import console_handler
from safetensors.numpy import load_file

from anml_fl.federation.run_task import task_of
from anml_fl.run.files import MODEL
from anml_fl.run.parsing import parsed_once
from anml_fl.run.reading import load_run
from anml_fl.settings.reading import from_flat
from clients.app import app
from clients.cohort_round import cohort_of
from server.engines.cohort_grid import grid_in_process
from server.orchestration.federation import train_federation
from studies.federations.throwaway import throwaway_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.run.reading import Run
    from anml_fl.settings.run import RunConfig


@dataclass(frozen=True, slots=True)
class Federated:
    """A finished federation.

    Parameters
    ----------
    config : RunConfig
    run : Run
        Its records.
    models : mapping
        Strategy to the final model's arrays.
    """

    config: RunConfig
    run: Run
    models: Mapping[str, Mapping[str, NDArray[Any]]]

    def error(self, strategy: str, among: NDArray[Any] | None = None) -> float:
        """Test a strategy's final model, on some of the test samples or all.

        Parameters
        ----------
        strategy : str
        among : (m,) int or bool, optional
            Which test samples.

        Returns
        -------
        float
            In [0, 1].
        """
        task = task_of(self.config)
        samples = None if among is None else task.data.test.take(among)
        return task.error(task.model_of(self.models[strategy]), samples)


def federate(**settings: Any) -> Federated:
    """Run a federation under its strategies, one after the other.

    Parameters
    ----------
    **settings
        By their flat names, with `_` for `-`; a round's contributors are trained at once
        unless `engine` says otherwise.

    Raises
    ------
    ConfigError
        If a setting is refused.
    """
    flat = {name.replace("_", "-"): value for name, value in settings.items()}
    config = from_flat({"engine": "cohort", "record-updates": False, **flat})
    # Flower tells of every round; here the progress bar does.
    console_handler.setLevel(logging.WARNING)
    with TemporaryDirectory(dir=throwaway_folder()) as name:
        folder = Path(name)
        grid = grid_in_process(config, app, cohort_of(config))
        parse = parsed_once()
        train_federation(grid, config, folder, parse=parse)
        models: dict[str, dict[str, Any]] = {
            one: load_file(folder / one / MODEL) for one in config.strategies
        }
        return Federated(config, load_run(folder, parse), models)
