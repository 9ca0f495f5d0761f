"""The ServerApp: reads the run config and runs the federation."""

from __future__ import annotations

import os
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from anml_fl.settings.reading import from_flat
from server.engines.polling_grid import FLOWERS_POLL, POLL, PollingGrid
from server.environment import HELD
from server.orchestration.coalition import Again
from server.orchestration.federation import run_federation
from server.orchestration.run_folder import default_folder, failure_noted, hold

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the federation that the run config describes.

    Parameters
    ----------
    grid : Grid
    context : Context
        Flat settings in its run config; `out` is the folder for the results, by
        default `runs/` and the run's name.
    """
    settings = dict(context.run_config)
    out = str(settings.pop("out", ""))
    config = from_flat(settings)
    if config.engine in ("inline", "cohort"):  # which do not come this way
        config = config.model_copy(update={"engine": "simulation"})
    folder = Path(out) if out else default_folder(config)
    if config.engine == "deployment":
        grid = PollingGrid(grid, POLL if os.getenv("ANML_WARM") == "1" else FLOWERS_POLL)
    # Where `anml run` started the engine, it holds the folder itself.
    with nullcontext() if HELD in os.environ else hold(folder), failure_noted(folder):
        run_federation(grid, config, folder, again=_again(config))


def _again(config: RunConfig) -> Again | None:
    """Load what makes the ClientApp, where this process trains federations of its own.

    By name, as Flower finds the app: server and clients know each other's messages alone.
    """
    if not config.evaluation.worth:
        return None
    return Again(import_module("clients.app").client_app)
