"""What the contributors of a federation hold, and what the server tests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import deal

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig


def data_of(config: RunConfig) -> Partitioned:
    """Partition a run's data among its contributors, as in `deal`; once for the same settings.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> len(data_of(RunConfig()).parts)
    10
    """
    chosen = config.federation
    return deal(
        chosen.dataset, chosen.contributors, chosen.partition, config.seed, chosen.leave_out
    )
