"""One federation of the arena: what a run of it is configured by."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from anml_fl.settings.federation import HONEST
from studies.settings import Settings, Share

NOBODY = "nobody"
"""The attack where everybody is honest."""


class Setup(Settings):
    """A federation, who attacks it how, and what its rule is told.

    Everything beside is as `anml run` has it, so that the federation runs alone by it.
    """

    rule: str = Field(description="Of the table of rules, with or without what stands before.")
    partition: str = Field("iid", description="How the data are dealt out.")
    contributors: int = Field(20, ge=1, le=10_000, description="Number of contributors.")
    rounds: int = Field(30, ge=1, le=10_000, description="Rounds of training.")
    local_epochs: int = Field(2, ge=1, le=10_000, description="Passes over own data a round.")
    batch_size: int = Field(32, ge=1, le=10_000, description="Samples a step.")
    learning_rate: float = Field(0.1, gt=0, le=10, description="Of SGD.")
    scenario: str = Field("unknown", description="How reliable the registry's v and r are.")
    root: str = Field("80", description="Rows the server trusts: nobody is tested on them.")
    attack: str = Field(NOBODY, description="What attackers do: a behaviour.")
    attackers: int = Field(0, ge=0, le=10_000, description="How many attack.")
    tolerated: int = Field(0, ge=0, le=10_000, description="How many the rule allows for.")
    trim: Share = Field(0.0, description="Share that is trimmed: of those it allows for.")
    attack_settings: dict[str, str] = Field({}, description="Of the attack.")
    rule_settings: dict[str, str] = Field({}, description="Of the rule; they come last.")
    own_code: dict[str, str] = Field({}, description="Hashes of modules from outside.")

    def data_key(self) -> tuple[object, ...]:
        """Tell which federations share their data: those of one deal."""
        return self.partition, self.contributors

    def flat(self, dataset: str, seed: int) -> dict[str, Any]:
        """Write the settings of a run, by their names with hyphens.

        Parameters
        ----------
        dataset : str
        seed : int

        Examples
        --------
        >>> found = Setup(rule="krum", attack="alie", attackers=4).flat("digits", 3)
        >>> found["behaviours"], found["strategies"], found["seed"]
        ({'honest': 16, 'alie': 4}, 'krum', 3)
        """
        behaviours = {HONEST: self.contributors - self.attackers}
        if self.attackers:
            behaviours[self.attack] = self.attackers
        return {
            "dataset": dataset,
            "contributors": self.contributors,
            "partition": self.partition,
            "behaviours": behaviours,
            "scenario": self.scenario,
            "rounds": self.rounds,
            "local-epochs": self.local_epochs,
            "batch-size": self.batch_size,
            "learning-rate": self.learning_rate,
            "n-byzantine": self.tolerated,
            "trim": self.trim,
            "root": self.root,
            "strategies": self.rule,
            "seed": seed,
            **self.attack_settings,
            **self.rule_settings,
        }
