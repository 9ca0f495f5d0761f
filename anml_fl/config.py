"""Every setting of a run, its range and its default: checked once, for all ways in.

A preset file, the command line and Flower's run config say the same things: a preset
in sections, the other two in one flat list of names (`learning-rate`), unique over
all sections.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

import tomli_w
from pydantic import Field, field_validator, model_validator

from anml_fl.database.url import located
from anml_fl.settings.federation import Federation
from anml_fl.settings.section import Section, Share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

ModelName = Literal["mlp", "cnn"]
EngineName = Literal["inline", "simulation", "deployment"]
StrategyName = Literal[
    "fedavg",
    "krum",
    "multikrum",
    "q_only",
    "bulyan",
    "median",
    "trimmed_mean",
    "anml",
    "softmax_blend",
    "multiplicative",
    "oracle",
]


class ConfigError(ValueError):
    """A setting that cannot be used: says which, its value, and what would be right."""


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


class Training(Section):
    """What a contributor does with the model in a round."""

    model: ModelName = Field("mlp", description="MLP (64, 32), or a small CNN for images.")
    rounds: int = Field(8, ge=1, description="Rounds of training.")
    local_epochs: int = Field(10, ge=1, description="Passes over its own data a round.")
    batch_size: int = Field(32, ge=1, description="Samples a step.")
    learning_rate: float = Field(0.1, gt=0, description="Learning rate of SGD.")
    device: str = Field("cpu", description="torch device of training: cpu, cuda, cuda:1, mps.")
    timeout: float = Field(
        600.0, gt=0, description="Seconds after which a round goes on without a reply."
    )
    min_replies: Share = Field(
        0.5, description="A round with a smaller share of valid replies changes nothing."
    )


class Aggregation(Section):
    """How updates become weights."""

    tau_h: Share = Field(0.35, description="Stage 1: uniform if every s is above this.")
    tau_c: float = Field(
        0.3, ge=-1, le=1, description="Stage 2: blend if rho_c is above this."
    )
    alpha: Share = Field(0.5, description="Share of q in the softmax blend.")
    tau: float = Field(1.0, gt=0, description="Temperature of the softmax blend.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share of contributors selected.")
    n_byzantine: int | None = Field(
        None,
        ge=0,
        description="Attackers that Krum allows for (default: 30 %, at most (n-3)/2).",
    )
    trim: float = Field(
        0.3, ge=0, lt=0.5, description="Share cut from either end by trimmed_mean."
    )
    example_weighting: bool = Field(
        True, description="Weigh by example counts too, clipped to 5 x the median."
    )


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


class Settlement(Section):
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
        description="inline: in this process; simulation: Flower's own, on Ray; deployment:"
        " SuperLink and SuperNodes, which `anml up` starts.",
    )
    strategies: tuple[StrategyName, ...] = Field(
        ("fedavg", "krum", "anml", "oracle"),
        description="Strategies, side by side on the same split and seeds.",
    )
    federation: Federation = Federation()
    attacks: Attacks = Attacks()
    training: Training = Training()
    aggregation: Aggregation = Aggregation()
    registry: RegistrySettings = RegistrySettings()
    settlement: Settlement = Settlement()

    @field_validator("strategies")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError(f"give at least one of {', '.join(get_args(StrategyName))}")
        return tuple(dict.fromkeys(value))

    @property
    def settling(self) -> str:
        """The strategy whose weights are paid: anml, or else the first."""
        return "anml" if "anml" in self.strategies else self.strategies[0]

    def to_toml(self) -> str:
        """Write the settings as a preset file."""
        self._check_secrets()
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

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


def settings() -> Iterator[tuple[str, str, str, FieldInfo]]:
    """List every setting: flat name, section ("" for the run itself), key, field."""
    for key, field in RunConfig.model_fields.items():
        if isinstance(field.default, Section):
            for inner, inner_field in type(field.default).model_fields.items():
                yield inner.replace("_", "-"), key, inner, inner_field
        else:
            yield key.replace("_", "-"), "", key, field
