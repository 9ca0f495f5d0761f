"""How models are tested, and when training stops: a group of settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from anml_fl.models.metrics import METRICS, metric_named
from anml_fl.settings.section import Section


class Evaluation(Section):
    """What a good model is."""

    metric: str = Field(
        "",
        description="What curve, table and headline show, by scikit-learn's names: "
        f"{', '.join(METRICS)} (default: error, or r2 where the label is a number); loss is"
        " what the test of a task of your own gives.",
    )
    patience: int = Field(
        0,
        ge=0,
        description="Stop after so many rounds without a better model, and keep the best"
        " round's; 0: all rounds, and the last one's.",
    )
    best_by: Literal["server", "claims"] = Field(
        "server",
        description="Whose word says which round is best: the server's test table, or the"
        " median of what the contributors' nodes claim.",
    )
    worth: bool = Field(
        False,
        description="Also answer, for each site, whether joining is worth it: alone, the"
        " federation without it, and with it.",
    )
    repeats: Annotated[int, Field(ge=2, le=1000)] = Field(
        5, description="How often the comparison of --worth is repeated, on other splits."
    )

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        return metric_named(value) if value else value
