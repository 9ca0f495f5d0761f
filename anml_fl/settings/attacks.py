"""How attackers attack: a group of settings."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from anml_fl.settings.section import Section, Share

Knowledge = Literal["own", "updates", "rule"]
Credentials = Literal["own", "absent", "moderate", "bought", "faked"]


class Attacks(Section):
    """How the attackers attack."""

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
    flip_fraction: Share = Field(1.0, description="Share of an attacker's labels changed.")
    flip_target: int | None = Field(
        None, ge=0, description="Flip every label to this class (default: a random wrong one)."
    )
    flip_offset: int | None = Field(
        None, description="Flip every label by this offset, modulo the number of classes."
    )
    flip_reversed: bool = Field(
        False, description="Flip label l to C - 1 - l, of C classes: 0-9, 1-8, ..."
    )
    flip_pairs: str = Field(
        "", description="Classes that look alike, in pairs such as 3-8,4-9."
    )
    pair_share: Share = Field(
        0.0, description="Share of the flipped labels that go to the class that looks alike."
    )
    feature_shift: Share = Field(
        0.2, description="How far gradient-aligned features move to the other centroid."
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
    turn_round: int = Field(20, ge=1, description="A turncoat flips labels from it on.")
    good_rounds: int = Field(10, ge=1, description="An on-off attacker is honest as long,")
    bad_rounds: int = Field(2, ge=1, description="then flips labels as long, and again.")

    @field_validator("flip_pairs")
    @classmethod
    def _each_class_once(cls, value: str) -> str:
        text = value.replace(" ", "")
        if not re.fullmatch(r"(\d{1,4}-\d{1,4}(,\d{1,4}-\d{1,4})*)?", text):
            raise ValueError("must be pairs of classes such as 3-8,4-9")
        named = re.findall(r"\d+", text)
        if len(set(map(int, named))) < len(named):
            raise ValueError("a class must stand in one pair only")
        return text

    @property
    def pairs(self) -> dict[int, int]:
        """Each class that looks like another, and which."""
        found = [
            tuple(map(int, pair.split("-"))) for pair in self.flip_pairs.split(",") if pair
        ]
        return {a: b for one, other in found for a, b in ((one, other), (other, one))}

    @model_validator(mode="after")
    def _pairs_are_known(self) -> Attacks:
        if self.pair_share and not self.flip_pairs:
            raise ValueError("pair_share needs flip_pairs: which classes look alike")
        return self

    @model_validator(mode="after")
    def _one_flip(self) -> Attacks:
        ways = {
            "flip_target": self.flip_target is not None,
            "flip_offset": self.flip_offset is not None,
            "flip_reversed": self.flip_reversed,
        }
        if len(given := [name for name, there in ways.items() if there]) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other: give one")
        return self
