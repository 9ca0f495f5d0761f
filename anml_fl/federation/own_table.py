"""The data of a run that learns from a table of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig


def own_data(config: RunConfig) -> Partitioned:
    """Read the run's table, split it, put it on one scale and deal it out."""
    raise NotImplementedError
