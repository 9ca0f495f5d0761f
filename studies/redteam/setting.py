"""What attacks are tried on: small federations that train in a second, data and roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.data import data_of
from anml_fl.federation.held_out import held_out
from anml_fl.federation.task import Task
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig

ROOT_ROWS = 80
"""Trusted rows; nobody is tested on them, whatever the rule does with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A federation that is attacked.

    Parameters
    ----------
    dataset : str
    contributors, rounds, local_epochs : int
    partition : str
    learning_rate : float
    rows : int
        The most that a contributor holds.
    tested : int
        The most that the model is tested on.
    """

    dataset: str
    contributors: int
    rounds: int
    local_epochs: int
    partition: str = "dirichlet:0.3"
    learning_rate: float = 0.1
    rows: int = 1_000_000
    tested: int = 1_000_000


SETTINGS = {
    one.dataset: one
    for one in (
        Setting(
            dataset="digits", contributors=10, rounds=6, local_epochs=4, learning_rate=0.15
        ),
        Setting(
            dataset="fashion_mnist",
            contributors=20,
            rounds=6,
            local_epochs=5,
            rows=80,
            tested=1000,
            learning_rate=0.2,
        ),
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A federation of one seed.

    Parameters
    ----------
    config : RunConfig
        Everybody is honest in it.
    task : Task
        With the root set.
    order : tuple of str
        Contributors: of k attackers they are the first k.
    """

    config: RunConfig
    task: Task
    order: tuple[str, ...]


@lru_cache(maxsize=8)  # every attack is tried on the same few
def ground_of(setting: Setting, seed: int) -> Ground:
    """Deal a setting out.

    Examples
    --------
    >>> ground = ground_of(SETTINGS["digits"], 0)
    >>> len(ground.order), ground.task.root.labels.size
    (10, 80)
    """
    config = from_flat(
        {
            "dataset": setting.dataset,
            "contributors": setting.contributors,
            "partition": setting.partition,
            "behaviours": f"honest={setting.contributors}",
            "rounds": setting.rounds,
            "local-epochs": setting.local_epochs,
            "learning-rate": setting.learning_rate,
            "strategies": "oracle",
            "root": str(ROOT_ROWS),
            "seed": seed,
        }
    )
    dealt = _smaller(data_of(config), setting, seed)
    task = held_out(Task(dealt, config.training.model, seed), config, config.seed)
    places = stream(seed, "redteam", "roles").permutation(setting.contributors)
    return Ground(config, task, tuple(dealt.names[place] for place in places))


def _smaller(dealt: Partitioned, setting: Setting, seed: int) -> Partitioned:
    """Keep so many rows of each contributor's and of the server's, drawn at random."""

    def rows(size: int, most: int, whose: str) -> NDArray[np.intp]:
        drawn = stream(seed, "redteam", "rows", whose).permutation(size)[:most]
        return np.sort(drawn)

    kept = rows(dealt.test.labels.size, setting.tested + ROOT_ROWS, "")
    return replace(
        dealt,
        parts=tuple(
            part.take(rows(part.labels.size, setting.rows, name))
            for name, part in zip(dealt.names, dealt.parts, strict=True)
        ),
        test=dealt.test.take(kept),
        tested=None if dealt.tested is None else dealt.tested[kept],
    )
