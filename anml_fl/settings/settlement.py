"""What rounds pay: a group of settings."""

from __future__ import annotations

from pydantic import Field

from anml_fl.settings.section import Section


class SettlementSettings(Section):
    """What a round pays, and what is kept to account for it."""

    pool: int = Field(
        1_000_000,
        ge=0,
        le=2**53 - 1,
        description="Micro-units that a round shares out by weight.",
    )
    record_updates: bool = Field(
        True, description="Keep the settling strategy's updates, for anml attribution."
    )
