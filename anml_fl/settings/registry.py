"""Where v, r and T come from: a group of settings."""

from __future__ import annotations

from pydantic import Field, field_validator

from anml_fl.database.url import located
from anml_fl.settings.section import Section, Share


class RegistrySettings(Section):
    """Where v, r and T come from, and whether reputation is earned."""

    database: str = Field(
        "",
        description="The contributors' registry: a SQLite file or a postgresql:// URL;"
        " without one, it is simulated by the scenario.",
    )
    simulated: bool = Field(
        False,
        description="Take v, r and T from the scenario although there is a database, which"
        " then keeps keys and ledger.",
    )
    reputation: bool = Field(False, description="Let r move by what each round observes.")
    forgetting: Share = Field(0.8, description="What a round leaves of older evidence.")
    exploration: int = Field(
        10, ge=0, description="N: contributions during which r is at least r_min (paper, 7.2)."
    )
    r_min: Share = Field(0.4, description="Least r of a newcomer.")
    gold: int = Field(
        0,
        ge=0,
        le=1000,
        description="Answers of each contributor that are checked before the run: r is earned"
        " on them (labelme).",
    )

    @field_validator("database")
    @classmethod
    def _holds_no_secret(cls, value: str) -> str:
        located(value)
        return value
