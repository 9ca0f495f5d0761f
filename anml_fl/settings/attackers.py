"""What attackers know, send and show, beside what they do to samples: a group of settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from anml_fl.settings.attacks import Attacks
from anml_fl.settings.section import Share

Knowledge = Literal["own", "updates", "rule"]
Credentials = Literal["own", "absent", "moderate", "bought", "faked"]


class Attackers(Attacks):
    """How the attackers attack; what changes samples alone is an `Attacks`."""

    knowledge: Knowledge = Field(
        "updates",
        description="What attackers know: what honest training on their own samples gives"
        " (own), the honest updates of the round (updates), or these and the rule (rule).",
    )
    strength: float | None = Field(
        None,
        ge=0,
        le=1e6,
        description="How strong an attack on updates is: z of alie, epsilon of ipm, the factor"
        " of the others; docs/attacks.md (default: each attack's paper's).",
    )
    jitter: float = Field(
        0.1, ge=0, le=100, description="Noise on copies (sybil, free_rider), by their length."
    )
    credentials: Credentials = Field(
        "own",
        description="Credentials of all attackers: as each behaves (own), none (absent), that"
        " pass the gate's first stage (moderate), really signed (bought), forged (faked).",
    )
    flip_reversed: bool = Field(
        False, description="Flip label l to C - 1 - l, of C classes: 0-9, 1-8, ..."
    )
    poison_fraction: Share = Field(
        0.5, description="Share of a backdoor's samples that have the trigger."
    )
    trigger_size: int = Field(
        4, ge=1, le=10**6, description="Features that the trigger covers, of a row the last."
    )
    trigger_value: float = Field(
        3.0, ge=-1e6, le=1e6, description="Their value, as features are trained on."
    )
    trigger_target: int = Field(
        0, ge=0, description="The class that rows with the trigger are to be taken for."
    )

    @model_validator(mode="after")
    def _reversed_alone(self) -> Attackers:
        others = {
            "flip_target": self.flip_target is not None,
            "flip_offset": self.flip_offset is not None,
            "flip_pairs": bool(self.flip_pairs),
        }
        if self.flip_reversed and (given := [name for name, there in others.items() if there]):
            raise ValueError(f"{given[0]} and flip_reversed exclude each other: give one")
        return self
