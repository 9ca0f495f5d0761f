"""What the contributors of a federation hold, and what the server tests on."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import NATURAL, deal, deal_among
from anml_fl.datasets.sorted_by_label import SORTED, sorted_by_label
from anml_fl.federation.own_table import own_data
from anml_fl.settings.federation import PARTITIONER
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig


def data_of(config: RunConfig, members: tuple[str, ...] = (), repeat: int = 0) -> Partitioned:
    """Partition a run's data among its contributors; once for the same settings.

    As in `datasets.prepare.deal`, or `federation.own_table.own_data` for a table of one's own.

    Parameters
    ----------
    config : RunConfig
    members : tuple of str
        Who takes part in "natural", instead of drawing them by the seed.
    repeat : int
        Of a table of one's own another split; shipped data are split by the seed.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> len(data_of(RunConfig()).parts)
    10
    """
    if config.table.own:
        return own_data(config, members, repeat)
    chosen = config.federation
    if PARTITIONER.fullmatch(chosen.partition):
        raise ConfigError(
            f"partition {chosen.partition!r}: partitioners of flwr-datasets are for tables of"
            f" one's own (--data); {chosen.dataset} is dealt out by iid, natural, sorted or"
            " dirichlet:ALPHA"
        )
    if members and chosen.partition == NATURAL:
        return _among(chosen.dataset, members, config.seed, chosen.leave_out)
    if chosen.partition == SORTED:
        folder = os.environ.get("ANML_DATA_DIR")
        return _sorted(
            chosen.dataset, chosen.contributors, config.seed, chosen.leave_out, folder
        )
    return deal(
        chosen.dataset, chosen.contributors, chosen.partition, config.seed, chosen.leave_out
    )


# Where data are found is asked of the environment: another folder holds other data.
@lru_cache(maxsize=4)
def _sorted(
    dataset: str, contributors: int, seed: int, leave_out: str, folder: str | None
) -> Partitioned:
    return sorted_by_label(deal(dataset, contributors, "iid", seed, leave_out))


# What joining is worth is asked of a split many times.
_among = lru_cache(maxsize=4)(deal_among)
