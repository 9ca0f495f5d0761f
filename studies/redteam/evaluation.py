"""How much an attack harms a rule: its error above that of the honest alone."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from studies.redteam.attack import Attack
from studies.redteam.federation import attacked
from studies.redteam.setting import SETTINGS, ground_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an attack did to a rule in the federation of one seed.

    Parameters
    ----------
    attack : Attack
    seed : int
    error, oracle : float
        Under the rule, and of the honest alone, in [0, 1].
    weight, honest_kept, bound_used : float
        As in `outcome.Outcome`.
    """

    attack: Attack
    seed: int
    error: float
    oracle: float
    weight: float
    honest_kept: float
    bound_used: float

    def to_json(self) -> str:
        """Write one line of JSON; nan is null."""
        row = {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(self).items()
        }
        return json.dumps(row, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Evaluation:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is no such line.
        """
        try:
            row: dict[str, Any] = json.loads(line)
            attack = Attack.from_json(json.dumps(row.pop("attack")))
            for key in ("weight", "bound_used"):
                row[key] = math.nan if row[key] is None else row[key]
            return cls(attack=attack, **row)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not an evaluation: {error}") from error


@dataclass(frozen=True, slots=True)
class Found:
    """An attack, and what it did on each of some seeds.

    Parameters
    ----------
    attack : Attack
    by_seed : tuple of Evaluation
        At least one.
    """

    attack: Attack
    by_seed: tuple[Evaluation, ...]

    @property
    def harm(self) -> float:
        """Mean error above the oracle's, in points of a hundred."""
        return 100.0 * float(np.mean([one.error - one.oracle for one in self.by_seed]))

    def mean(self, name: str) -> float:
        """Mean of an evaluation's number over the seeds."""
        return float(np.mean([getattr(one, name) for one in self.by_seed]))


@dataclass(frozen=True, slots=True)
class Target:
    """A rule that is attacked, and where.

    Parameters
    ----------
    rule : str
        Of `anml_fl.plugins.RULES`, or `module:object`.
    root : bool
        Whether it has the root set.
    dataset : str
        Of `setting.SETTINGS`.
    """

    rule: str
    root: bool = True
    dataset: str = "digits"

    def evaluate(self, attack: Attack, seed: int) -> Evaluation:
        """Train under an attack, and once without the attackers."""
        ground = ground_of(SETTINGS[self.dataset], seed)
        outcome = attacked(ground, attack, self.rule, root=self.root)
        return Evaluation(
            attack=attack,
            seed=seed,
            oracle=_oracle(self.dataset, seed, attack.attackers(len(ground.order))),
            error=outcome.error,
            weight=outcome.weight,
            honest_kept=outcome.honest_kept,
            bound_used=outcome.bound_used,
        )


@lru_cache(maxsize=64)
def _oracle(dataset: str, seed: int, attackers: int) -> float:
    """Error of the honest alone, the same for all attacks of so many."""
    ground = ground_of(SETTINGS[dataset], seed)
    nothing = Attack(share=attackers / len(ground.order))
    return attacked(ground, nothing, "oracle").error
