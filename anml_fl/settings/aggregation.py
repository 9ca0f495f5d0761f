"""How updates become weights: a group of settings."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from anml_fl.method.gate import Gate
from anml_fl.settings.section import Section, Share

ServerStep = Literal["none", "fedavgm", "fedadagrad", "fedadam", "fedyogi"]

_GATE = Gate()
_ROOT = re.compile(r"auto|none|donated|[1-9][0-9]{0,5}", re.ASCII)
_Q = re.compile(r"exact|landmark:([2-9]|[1-9][0-9]{1,5})", re.ASCII)
_ADAPTIVE = ("fedadagrad", "fedadam", "fedyogi")
_READ_BY = {
    "server_learning_rate": ("fedavgm", *_ADAPTIVE),
    "server_momentum": ("fedavgm", *_ADAPTIVE),
    "server_beta_2": ("fedadam", "fedyogi"),
    "server_tau": _ADAPTIVE,
}


class Aggregation(Section):
    """How updates become weights."""

    tau_h: Share = Field(_GATE.tau_h, description="Stage 1: uniform if every s is above this.")
    tau_c: float = Field(
        _GATE.tau_c, ge=-1, le=1, description="Stage 2: blend if rho_c is above this."
    )
    alpha: Share = Field(_GATE.alpha, description="Share of q in the softmax blend.")
    tau: float = Field(_GATE.tau, gt=0, description="Temperature of the softmax blend.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share of contributors selected.")
    n_byzantine: int | None = Field(
        None,
        ge=0,
        description="Attackers that Krum allows for (default: 30 %, at most (n-3)/2).",
    )
    q: str = Field(
        "exact",
        description="Krum's distances: exact, between all contributors; or landmark:K, to K of"
        " them, drawn by the seed, where there are more. The round's record then says how q"
        " ranks beside the exact one. On Adult's 2,500: .98 with 256, and 98 % of the selected"
        " are the same; .54 and 80 % with 64.",
    )
    trim: float = Field(
        0.3, ge=0, lt=0.5, description="Share cut from either end by trimmed_mean."
    )
    clipping_radius: float | None = Field(
        None,
        gt=0,
        description="Radius tau of centred_clipping, in the updates' unit (default: in each"
        " round the median distance from the centre).",
    )
    clipping_steps: int = Field(
        1, ge=1, le=100, description="How often centred_clipping moves its centre in a round."
    )
    bucket_size: int = Field(
        2, ge=1, description="Updates that bucketing averages in each of its random groups, s."
    )
    client_momentum: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="Momentum beta of each contributor's updates, under client_momentum.",
    )
    example_weighting: bool = Field(
        True, description="Weigh by example counts too, clipped to 5 x the median."
    )
    root: str = Field(
        "auto",
        description="Root set of calibrated, fltrust, fedgreed and loss_drop, rows whose"
        " labels the server trusts: a number of its test rows, drawn by class, which are not"
        " tested on then; donated, by the contributors of a simulation; none; or auto: 80, if"
        " it can spare them.",
    )

    server_optimizer: ServerStep = Field(
        "none",
        description="What the server does with a round's update: adds it (none), or makes a"
        " step with momentum (fedavgm) or adaptive rates (fedadagrad, fedadam, fedyogi).",
    )
    server_learning_rate: float | None = Field(
        None,
        gt=0,
        description="Its learning rate (default: fedavgm 1, fedyogi 0.01, the others 0.1).",
    )
    server_momentum: float | None = Field(
        None, ge=0, lt=1, description="Its momentum, beta_1 (default: 0.9, fedadagrad 0)."
    )
    server_beta_2: float = Field(
        0.99, ge=0, lt=1, description="Decay of the second moment in fedadam and fedyogi."
    )
    server_tau: float = Field(
        1e-3,
        gt=0,
        description="Added to the second moment's root: the less, the more adaptive.",
    )

    @field_validator("root", mode="before")
    @classmethod
    def _a_root_set(cls, given: object) -> object:
        said = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
        if not isinstance(said, str) or not _ROOT.fullmatch(said):
            raise ValueError(
                "must be auto, none, donated, or how many of the server's test rows are held"
                " out, such as 80"
            )
        return said

    @field_validator("q")
    @classmethod
    def _a_way_to_q(cls, said: str) -> str:
        if not _Q.fullmatch(said):
            raise ValueError(
                "must be exact, or landmark: and how many contributors the others are compared"
                f" with, from 2 to 999999, such as landmark:256, got {said!r}"
            )
        return said

    @property
    def landmarks(self) -> int | None:
        """How many contributors q is taken from; None: from all."""
        return None if self.q == "exact" else int(self.q.partition(":")[2])

    @model_validator(mode="after")
    def _numbers_are_of_a_step_that_reads_them(self) -> Aggregation:
        """Refuse a number that the chosen step does not read; its own default says nothing."""
        for name, steps in _READ_BY.items():
            value, usual = getattr(self, name), type(self).model_fields[name].default
            if self.server_optimizer not in steps and value != usual:
                raise ValueError(
                    f"{name} is of server_optimizer = {' or '.join(steps)}, and means nothing"
                    f" with {self.server_optimizer}: leave it out, got {value:g}"
                )
        return self

    @property
    def gate(self) -> Gate:
        """The two-stage gate that these settings are."""
        return Gate(self.tau_h, self.tau_c, self.alpha, self.tau)
