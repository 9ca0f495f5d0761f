"""Which rules meet which attacks, on which federations."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY_TOLERATED = 0.2
"""Where nobody attacks, a rule that asks how many do is told this share of contributors."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A data set, and how it is dealt out.

    Parameters
    ----------
    dataset, partition : str
    contributors : int
    root : str
        How many of the server's test rows it trusts, under all rules: as `anml run --root`.
    """

    dataset: str
    partition: str
    contributors: int = 20
    root: str = "80"

    @property
    def label(self) -> str:
        """As the tables call it.

        Examples
        --------
        >>> Deal("digits", "dirichlet:0.1").label
        'digits dirichlet:0.1'
        """
        return f"{self.dataset} {self.partition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A named part of the arena.

    Parameters
    ----------
    name : str
    rules, attacks : tuple of str
        As `contender.Contender` reads them.
    deals : tuple of Deal
    fractions : tuple of float
        Shares of contributors that attack, in (0, 0.5); beside, nobody.
    seeds : tuple of int
        As many federations of each kind.
    rounds, local_epochs, batch_size : int
    learning_rate : float
    """

    name: str
    rules: tuple[str, ...]
    attacks: tuple[str, ...]
    deals: tuple[Deal, ...]
    fractions: tuple[float, ...] = (0.1, 0.2, 0.3)
    seeds: tuple[int, ...] = (0, 1, 2)
    rounds: int = 30
    local_epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 0.1

    @property
    def runs(self) -> int:
        """How many federations it trains."""
        under_attack = len(self.attacks) * len(self.fractions)
        return len(self.rules) * len(self.deals) * len(self.seeds) * (under_attack + 1)

    def to_json(self) -> dict[str, Any]:
        """Say which federations there are, whoever meets in them."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {key: value for key, value in plain.items() if key not in ("rules", "attacks")}

    @classmethod
    def of_json(
        cls, plain: Mapping[str, Any], rules: tuple[str, ...], attacks: tuple[str, ...]
    ) -> Grid:
        """Read what `to_json` wrote.

        Examples
        --------
        >>> quick = GRIDS["quick"]
        >>> Grid.of_json(quick.to_json(), quick.rules, quick.attacks) == quick
        True
        """
        given = {
            **plain,
            "deals": tuple(Deal(**deal) for deal in plain["deals"]),
            "fractions": tuple(plain["fractions"]),
            "seeds": tuple(plain["seeds"]),
        }
        return cls(rules=rules, attacks=attacks, **given)

    def attackers(self, deal: Deal, fraction: float) -> int:
        """Count the attackers of a share: at least one, and fewer than half.

        Examples
        --------
        >>> [GRIDS["standard"].attackers(Deal("digits", "iid"), f) for f in (0.1, 0.3, 0.45)]
        [2, 6, 9]
        """
        most = (deal.contributors - 1) // 2
        return min(max(1, round(fraction * deal.contributors)), most)


RULES = (
    "fedavg", "median", "trimmed_mean", "krum", "multikrum", "geometric_median",
    "norm_clipping", "client_momentum+centred_clipping", "nnm+trimmed_mean",
    "arc+nnm+geometric_median", "bucketing+krum", "dnc", "fltrust", "fedgreed", "lasa",
    "anml", "calibrated", "oracle",
)  # fmt: skip
"""Of the standard arena: no defence, the field's, ours, and who is told who is honest."""

ATTACKS = (
    "label_flip", "gaussian", "sign_flip", "alie_optimised;knowledge=rule", "ipm", "min_max",
    "min_sum", "mimic", "fang_trimmed", "rop", "sybil", "backdoor",
)  # fmt: skip
"""Of the standard arena: attackers know the honest updates, and where it is said the rule."""

SEEDS_OF_TUNING = (100,)
"""Hyper-parameters are chosen on these, and nothing that is reported is measured on them."""

_SKEWS = tuple(
    Deal("digits", one) for one in ("iid", "dirichlet:1", "dirichlet:0.1", "sorted")
)

GRIDS = {
    one.name: one
    for one in (
        Grid(
            name="quick",
            rules=("fedavg", "median", "krum", "anml", "calibrated", "oracle"),
            attacks=("label_flip", "gradient_aligned"),
            deals=(Deal("digits", "iid"), Deal("digits", "dirichlet:0.1")),
            fractions=(0.2,),
            seeds=(0,),
            rounds=12,
        ),
        Grid(name="standard", rules=RULES, attacks=ATTACKS, deals=_SKEWS),
        Grid(
            name="wide",
            rules=(
                *RULES,
                "anml;scenario=moderate",
                "calibrated;scenario=moderate",
                "calibrated;root=none",
                "nnm+geometric_median",
                "bucketing+geometric_median",
                "foolsgold",
                "flanders",
                "meamed",
                "cge",
                "flare",
                "nnm+calibrated",
            ),
            attacks=(
                *ATTACKS,
                "alie",
                "ipm_optimised;knowledge=rule",
                "fang_krum",
                "free_rider",
                "mimicry",
                "on_off",
                "label_flip;flip-offset=1",
                "min_max;knowledge=own",
                "label_flip;credentials=bought",
            ),
            deals=(
                *_SKEWS,
                Deal("digits", "dirichlet:0.5"),
                Deal("mnist_writers", "natural"),
                Deal("fashion_mnist", "dirichlet:0.1"),
            ),
            fractions=(0.1, 0.2, 0.3, 0.45),
        ),
    )
}
"""The grids by name: a minute, an hour, and a night on two cores."""
