"""The recipe of an experiment with contributors: every choice, the paper's or ours."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from studies.settings import GateSettings, Share


class ContributorRecipe(GateSettings):
    """Settings of one experiment; the defaults are those of section 5.11, where it has any."""

    contributors: int = Field(10, ge=2, le=10_000, description="Who the samples come from.")
    malicious: Share = Field(0.4, description="Share of them that corrupts labels.")
    corrupted: Share = Field(1.0, description="Share of a malicious one's labels changed.")
    subtle: Share = Field(
        0.5, description="Of the changed labels, the share that goes to a similar class."
    )
    pairs: Literal["paper", "confusion"] = Field(
        "paper", description="Similar classes: the paper's, by number, or those mixed up."
    )
    obvious: Literal["offset", "random"] = Field(
        "offset", description="Where the other wrong labels go: one class each, or any."
    )
    spread: bool = Field(
        False, description="As many wrong labels, but the same share at every contributor."
    )
    samples: int | None = Field(
        None, ge=2, description="Training samples of each contributor (default: all)."
    )
    pool: int = Field(1, ge=1, description="Side of the squares that images are averaged on.")
    scenario: Literal["high", "moderate", "low", "adversarial", "unknown"] = Field(
        "moderate", description="How v and r tell good contributors from bad."
    )
    model: Literal["mlp", "cnn"] = Field("mlp", description="Full batch, or minibatches.")
    fit: int = Field(50, ge=0, le=100_000, description="Epochs before scores are taken.")
    epochs: int = Field(500, ge=0, le=100_000, description="Epochs of the final training.")
    learning_rate: float = Field(0.001, gt=0, le=10, description="Of Adam.")
    batch_size: int = Field(64, ge=1, description="Samples a step of the CNN.")
    drop: float = Field(0.4, ge=0, lt=1, description="Share of contributors dropped.")
    drop_samples: float | None = Field(
        None, ge=0, lt=1, description="Share of samples dropped (default: as `drop`)."
    )

    @property
    def dropped_samples(self) -> float:
        """Share of the samples that methods at sample level drop."""
        return self.drop if self.drop_samples is None else self.drop_samples
