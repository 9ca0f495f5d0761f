"""The recipe of an experiment: every choice that the paper makes, or leaves open."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from studies.settings import GateSettings, Share

Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]

# What the data depend on, and so the model that q is taken from: variants that agree in
# these share one fit.
_DATA = (
    "beta", "attack", "groups", "group_noise", "max_age", "drift", "drift_rate",
    "train_fraction", "learning_rate",
)  # fmt: skip


class Recipe(GateSettings):
    """Settings of one experiment; the defaults are those of section 5.1, where it has any."""

    beta: Share = Field(0.3, description="Share of the training samples that is bad.")
    attack: Literal["flip", "aligned"] = Field(
        "flip", description="A random wrong label, or gradient-aligned poison (5.12)."
    )
    scenario: Literal[
        "high", "moderate", "low", "adversarial", "correlated", "naive", "faked", "spectrum"
    ] = Field("moderate", description="How v and r tell the good from the bad.")
    rho: Share = Field(1.0, description="Of `correlated`: how often s is the truth.")
    groups: bool = Field(False, description="Novices, intermediates and experts (5.10).")
    group_noise: bool = Field(
        False, description="Wrong labels among them: 15, 8 and 2 % (only with groups)."
    )
    bonus: Literal["none", "novices", "newcomers"] = Field(
        "none", description="Who gets r >= 0.4: nobody, novices, or attackers as well (7.2)."
    )
    max_age: Amount = Field(10.0, description="Ages are drawn from 0 to this, in years.")
    decay_rate: Amount = Field(0.1, description="delta of T, a year.")
    drift: Literal["none", "label", "feature"] = Field(
        "none", description="What the older samples lost; ages are then 0 to 4 (5.13)."
    )
    drift_rate: Amount = Field(
        0.0, description="Of the oldest: share of stale labels, or shift in spreads."
    )
    train_fraction: float = Field(
        1.0, gt=0, le=1, description="Share of the training part that is used."
    )
    fit: int = Field(200, ge=0, le=100_000, description="Epochs before q is taken.")
    neighbours: int | None = Field(
        None, ge=1, description="k of Krum's score (default: n - f - 2, f = round(beta n))."
    )
    epochs: int = Field(500, ge=0, le=100_000, description="Epochs of the final training.")
    learning_rate: float = Field(
        0.001, gt=0, le=10, description="Of Adam, on all samples at once."
    )
    fraction: float = Field(0.7, gt=0, le=1, description="Share that selection keeps.")
    use: Literal["selection", "sampling"] = Field(
        "selection", description="The heaviest (Eq. 6), or drawn by weight (Eq. 7)."
    )

    def data_key(self) -> tuple[object, ...]:
        """Tell which recipes have the same data and the same fit.

        Returns
        -------
        tuple
            Hashable.

        Examples
        --------
        >>> Recipe(tau=0.1).data_key() == Recipe().data_key()
        True
        >>> Recipe(beta=0.1).data_key() == Recipe().data_key()
        False
        """
        return tuple(getattr(self, name) for name in _DATA)
