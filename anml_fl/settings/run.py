"""Every setting of a run, its range and its default: checked once, for all ways in.

A preset file, the command line and Flower's run config say the same things: a preset
in sections, the other two in one flat list of names (`learning-rate`), unique over
all sections.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tomli_w
from pydantic import Field, ValidationInfo, field_validator, model_validator

from anml_fl.plugins import STRATEGIES
from anml_fl.settings.aggregation import Aggregation
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.evaluation import Evaluation
from anml_fl.settings.federation import FederationSettings, split_names
from anml_fl.settings.names import NameOf
from anml_fl.settings.registry import RegistrySettings
from anml_fl.settings.section import Section
from anml_fl.settings.settlement import SettlementSettings
from anml_fl.settings.table import TableSettings
from anml_fl.settings.training import Training

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import ValidatorFunctionWrapHandler
    from pydantic.fields import FieldInfo

EngineName = Literal["inline", "cohort", "simulation", "deployment", "app"]
StrategyName = Annotated[str, NameOf(STRATEGIES)]

APP = "app"
"""The engine of a run inside somebody's own Flower app, which `save` keeps."""

# What is known of such a run: its data, its model and its training are the app's own affair.
_KNOWN_OF_AN_APP = {
    "name": True,
    "seed": True,
    "engine": True,
    "strategies": True,
    "training": {"rounds", "timeout", "min_replies"},
    "aggregation": True,
    "registry": {"reputation"},
    "settlement": True,
}
# A rule of an app's own: its name is that of a folder.
_RULE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,99}", re.ASCII)

ORACLE = "oracle"
"""The strategy that is given who is honest: what the others are measured against."""


# What the module says itself.
_NOTHING_BESIDE_A_TASK = {
    "federation": ("dataset", "partition", "leave_out"),
    "table": ("data", "label", "by", "test", "root_data", "schema_file"),
    "training": (
        "model", "optimizer", "momentum", "weight_decay", "proximal", "clip_norm",
        "weight_classes",
    ),
    "evaluation": ("worth",),
    "registry": ("gold",),
}  # fmt: skip


class RunConfig(Section):
    """One run: a federation, trained under one strategy after the other."""

    name: str = Field(
        "default",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Name of the run and of its folder.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="The one seed of everything random.")
    engine: EngineName = Field(
        "inline",
        description="inline: in this process; cohort: the same, a round's contributors trained"
        " at once; simulation: Flower's own, on Ray; deployment: SuperLink and SuperNodes,"
        " which `anml up` starts; app: a Flower app of one's own, whose strategy saves its"
        " run.",
    )
    strategies: tuple[StrategyName, ...] = Field(
        ("fedavg", "krum", "anml", "calibrated", "oracle"),
        description="Strategies, side by side on the same split and seeds: rules, each with"
        " pre-aggregations before it if you like, as in nnm+trimmed_mean.",
    )
    federation: FederationSettings = FederationSettings()
    table: TableSettings = TableSettings()
    attacks: Attackers = Attackers()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    aggregation: Aggregation = Aggregation()
    registry: RegistrySettings = RegistrySettings()
    settlement: SettlementSettings = SettlementSettings()

    @model_validator(mode="before")
    @classmethod
    def _nobody_attacks_unasked(cls, given: Any) -> Any:
        """Let nobody attack data of one's own, unless it is said who does.

        Names that are given with a task say how many contributors there are.
        """
        if not isinstance(given, dict):
            return given
        training, table, federation = (
            given.get(name, {}) for name in ("training", "table", "federation")
        )
        task = isinstance(training, dict) and training.get("task")
        own = isinstance(table, dict) and (table.get("data") or table.get("schema"))
        own = own or given.get("engine") == APP
        if not (task or own) or not isinstance(federation, dict):
            return given
        names = federation.get("names")
        if task and isinstance(names, str) and names and "contributors" not in federation:
            federation = {**federation, "contributors": len(split_names(names))}
        if not federation.get("roles"):
            federation = {"behaviours": {}, **federation}
        return {**given, "federation": federation}

    @field_validator("strategies", mode="wrap")
    @classmethod
    def _known_rules(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Look the rules up, but for an app's: what decides there may be its own."""
        if info.data.get("engine") != APP:
            return handler(value)
        names = tuple(value) if isinstance(value, list | tuple) else (value,)
        if bad := [n for n in names if not (isinstance(n, str) and _RULE_NAME.fullmatch(n))]:
            raise ValueError(
                "a rule's name is that of a folder, of letters, digits, '_', '.', ':', '+' and"
                f" '-', got {str(bad[0])[:60]!r}"
            )
        return names

    @field_validator("strategies")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError(f"give at least one of {STRATEGIES.expected}")
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _task_brings_its_own(self) -> RunConfig:
        if not self.training.task:
            return self
        for section, keys in _NOTHING_BESIDE_A_TASK.items():
            group = getattr(self, section)
            for key in keys:
                value, field = getattr(group, key), type(group).model_fields[key]
                if value != field.default:
                    name = f"--{(field.alias or key).replace('_', '-')}"
                    raise ValueError(
                        f"{section}.{key}: the task {self.training.task_name} brings its own"
                        f" model, data, training and test, beside which {name} means nothing:"
                        f" leave it out, got {value!r}"
                    )
        if self.evaluation.metric not in ("", "loss"):
            raise ValueError(
                f"evaluation.metric: the task {self.training.task_name} is scored by its own"
                " test: leave --metric out for 1 - accuracy, or say loss, got"
                f" {self.evaluation.metric!r}"
            )
        return self

    @model_validator(mode="after")
    def _somebody_is_asked(self) -> RunConfig:
        total, share = self.federation.contributors, self.training.fraction_train
        if int(total * share) < 1:
            raise ValueError(
                f"training.fraction_train: of {total} contributors {share:g} is nobody: give"
                f" more than one in {total}"
                + (
                    ", or say by --contributors how many the table has: it is read later"
                    if self.table.own
                    else ""
                )
            )
        return self

    @property
    def data_name(self) -> str:
        """What the data are called: a data set's name, a task's, or a table's of one's own."""
        if self.training.task:
            return self.training.task_name
        if self.engine == APP:
            return "a Flower app"
        if not self.table.own:
            return self.federation.dataset
        return PurePath(self.table.data or self.table.schema_file).name

    @property
    def settling(self) -> str:
        """The strategy whose weights are paid: calibrated, anml, or else the first."""
        return settling_of(self.strategies)

    def to_toml(self) -> str:
        """Write the settings as a preset file; of an app's run those that are known."""
        self._check_secrets()
        known: Any = _KNOWN_OF_AN_APP if self.engine == APP else None
        return tomli_w.dumps(
            self.model_dump(mode="json", by_alias=True, exclude_none=True, include=known)
        )

    def to_flat(self) -> dict[str, str | int | float | bool]:
        """Write the settings as Flower's run config: flat, plain values, "" for none."""
        self._check_secrets()
        flat: dict[str, str | int | float | bool] = {}
        for name, section, key, _ in settings():
            value = getattr(getattr(self, section) if section else self, key)
            if isinstance(value, tuple):
                value = ",".join(value)
            elif isinstance(value, dict):
                value = ",".join(f"{kind}={count}" for kind, count in value.items())
            flat[name] = "" if value is None else value
        return flat

    def _check_secrets(self) -> None:
        """Check again before it is written: a copy with changes is not checked by pydantic."""
        RegistrySettings._holds_no_secret(self.registry.database)


def settling_of(strategies: Sequence[str]) -> str:
    """Choose which of some strategies, at least one, is paid by.

    Examples
    --------
    >>> settling_of(["fedavg", "anml", "calibrated"]), settling_of(["krum", "fedavg"])
    ('calibrated', 'krum')
    """
    paid = (name for name in ("calibrated", "anml") if name in strategies)
    return next(paid, strategies[0])


def settings() -> Iterator[tuple[str, str, str, FieldInfo]]:
    """List every setting: flat name, section ("" for the run itself), key, field."""
    for key, field in RunConfig.model_fields.items():
        if isinstance(field.default, Section):
            for inner, inner_field in type(field.default).model_fields.items():
                named = inner_field.alias or inner
                yield named.replace("_", "-"), key, inner, inner_field
        else:
            yield key.replace("_", "-"), "", key, field
