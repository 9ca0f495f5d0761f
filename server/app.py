"""The ServerApp: reads the run config and runs the federation."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from anml_fl.settings import from_flat
from server.federation import run_federation
from server.results import default_folder, hold
from server.simulation import HELD

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
    # The inline engine does not come this way.
    config = from_flat(settings).model_copy(update={"engine": "simulation"})
    folder = Path(out) if out else default_folder(config)
    # Where `anml run` started the engine, it holds the folder itself.
    with nullcontext() if HELD in os.environ else hold(folder):
        run_federation(grid, config, folder)
