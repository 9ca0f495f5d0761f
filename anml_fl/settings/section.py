"""What every group of settings is, and the error of one that cannot be used."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A group of settings: frozen, and closed to names that it does not know."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # What is wrong may be a URL with a password: `reading` says what may be said.
        hide_input_in_errors=True,
    )


class ConfigError(ValueError):
    """A setting that cannot be used: says which, its value, and what would be right."""
