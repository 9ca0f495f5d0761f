"""Who takes part in a federation, with which data: a group of settings."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from anml_fl.datasets.schema import number
from anml_fl.plugins import BEHAVIOURS, DATASETS, SCENARIOS
from anml_fl.settings.names import NameOf
from anml_fl.settings.section import Count, Section

_BOTH = "; give both, as in --contributors 6 --behaviour honest=6"

DatasetName = Annotated[str, NameOf(DATASETS)]
BehaviourName = Annotated[str, NameOf(BEHAVIOURS)]
ScenarioName = Annotated[str, NameOf(SCENARIOS)]

HONEST = "honest"
"""The behaviour of everybody of whom nothing else is said."""

PARTITIONER = re.compile(
    r"(?P<name>[A-Z]\w*Partitioner)(:(?P<given>\w+=({value})(,\w+=({value}))*))?".format(
        value=r"\[[^=]*\]|[^,=\[\]]+"
    ),
    re.ASCII,
)
"""A partitioner of flwr-datasets by its name and KEY=VALUE,...; a value may be a [list]."""

_LONGEST_PARTITION = 10_000

# Beyond it a Dirichlet deal is even, and its draws lose their digits.
_LARGEST_ALPHA = 1e6


class FederationSettings(Section):
    """Who takes part, with which data, and what the registry says of them."""

    dataset: DatasetName = Field("digits", description="Data set that the contributors share.")
    contributors: int = Field(10, ge=1, le=1_000_000, description="Number of contributors.")
    partition: str = Field(
        "iid",
        description="How the data are dealt out: iid, dirichlet:ALPHA (bare: 0.5), sorted (by"
        " label, in equal parts), or natural: everybody holds what they gathered. A table of"
        " your own also by flwr-datasets, such as"
        " PathologicalPartitioner:num_classes_per_partition=2.",
    )
    names: str = Field(
        "",
        description="The contributors' names, in their order, such as site-a,site-b (default:"
        " as the data say, or by number).",
    )
    leave_out: str = Field(
        "", description="Who takes no part in natural, and is tested on instead."
    )
    behaviours: dict[BehaviourName, Count] = Field(
        {"label_flip": 1, "gradient_aligned": 1, "credential_faking": 1, "joint": 1},
        description="How many contributors behave how; all others are honest.",
    )
    roles: str = Field(
        "",
        description="Each contributor's behaviour, in their order, such as honest,joint,honest"
        " (default: dealt out at random from the seed).",
    )
    scenario: ScenarioName = Field(
        "moderate",
        description="How reliable the registry's v and r are (paper, 5.1.3); unknown: it knows"
        " nobody.",
    )
    max_age: float = Field(
        0.0, ge=0, description="Contributions are up to this many years old; 0: T = 1."
    )
    decay_rate: float = Field(
        0.1, ge=0, description="Decay of freshness a year, delta of Eq. 4 (Table 4)."
    )

    @model_validator(mode="before")
    @classmethod
    def _nobody_attacks(cls, given: Any) -> Any:
        """Say "no behaviours" in one way: flat settings have no empty table."""
        if isinstance(given, dict) and given.get("behaviours") == {}:
            total = given.get("contributors", cls.model_fields["contributors"].default)
            return {**given, "behaviours": {HONEST: total}}
        return given

    @model_validator(mode="before")
    @classmethod
    def _counted_roles(cls, given: Any) -> Any:
        """Let roles that are given one by one say how many there are of each."""
        if not isinstance(given, dict) or not given.get("roles"):
            return given
        roles = split_names(str(given["roles"]))
        total = given.get("contributors", cls.model_fields["contributors"].default)
        if str(len(roles)) != str(total):
            raise ValueError(
                f"roles must name one behaviour for each of the {total} contributors, got"
                f" {len(roles)}"
            )
        return {"behaviours": dict(Counter(roles)), **given}

    @field_validator("partition")
    @classmethod
    def _known_partition(cls, value: str) -> str:
        if value in ("iid", "natural", "sorted"):
            return value
        if len(value) <= _LONGEST_PARTITION and PARTITIONER.fullmatch(value):
            return value  # flwr-datasets, an extra, is asked when data are dealt out
        found = re.fullmatch(r"dirichlet(?:[:=]([^()]+)|\(([^()]+)\))?", value)
        written = (found[1] or found[2] or "0.5") if found else ""
        alpha = number(written.strip()) or 0.0
        if not 0 < alpha <= _LARGEST_ALPHA:
            raise ValueError(
                "known partitions: iid, natural, sorted, dirichlet:ALPHA with"
                f" 0 < ALPHA <= {_LARGEST_ALPHA:g}; for a table of your own also those of"
                " flwr-datasets, NAME or NAME:KEY=VALUE,..., such as"
                " DirichletPartitioner:alpha=0.3"
            )
        return f"dirichlet:{alpha!r}".removesuffix(".0")

    @model_validator(mode="after")
    def _behaviours_fit(self) -> FederationSettings:
        total = sum(self.behaviours.values())
        if total > self.contributors:
            raise ValueError(
                f"behaviours are given to {total} contributors, but there are only"
                f" {self.contributors}{_BOTH}"
            )
        if "honest" in self.behaviours and total < self.contributors:
            raise ValueError(
                f"behaviours with an honest count must add up to the {self.contributors}"
                f" contributors, got {total}{_BOTH}"
            )
        return self

    @model_validator(mode="after")
    def _roles_fit(self) -> FederationSettings:
        roles = split_names(self.roles)
        listed = Counter(roles)
        counted = {HONEST: self.contributors - sum(self.behaviours.values())}
        for kind, count in self.behaviours.items():
            counted[kind] = counted.get(kind, 0) + count
        if roles and listed != Counter(counted):
            raise ValueError(
                f"roles and behaviours disagree: {dict(listed)} against"
                f" {dict(+Counter(counted))}; give one of the two"
            )
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> FederationSettings:
        names = self.listed_names
        counts = Counter(names)
        if twice := next((name for name in names if counts[name] > 1), None):
            raise ValueError(f"names: {twice!r} is there twice")
        if names and len(names) != self.contributors:
            raise ValueError(
                f"names must name each of the {self.contributors} contributors, got"
                f" {len(names)}"
            )
        return self

    @property
    def listed_names(self) -> tuple[str, ...]:
        """The contributors' names, in their order; () if they are not given."""
        return split_names(self.names)

    @property
    def listed_roles(self) -> tuple[str, ...]:
        """The behaviours that `roles` names, in the contributors' order; () if none."""
        return split_names(self.roles)


def split_names(text: str) -> tuple[str, ...]:
    """Take a list of names apart.

    Examples
    --------
    >>> split_names("site-a, site-b")
    ('site-a', 'site-b')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())
