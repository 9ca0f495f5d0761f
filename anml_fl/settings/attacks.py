"""How attackers attack: a group of settings."""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from anml_fl.settings.section import Section, Share


class Attacks(Section):
    """How the attackers attack."""

    flip_fraction: Share = Field(1.0, description="Share of an attacker's labels changed.")
    flip_target: int | None = Field(
        None, ge=0, description="Flip every label to this class (default: a random wrong one)."
    )
    flip_offset: int | None = Field(
        None, description="Flip every label by this offset, modulo the number of classes."
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
        if self.flip_target is not None and self.flip_offset is not None:
            raise ValueError("flip_target and flip_offset exclude each other: give one")
        return self
