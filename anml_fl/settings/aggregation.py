"""How updates become weights: a group of settings."""

from __future__ import annotations

from pydantic import Field

from anml_fl.method.gate import Gate
from anml_fl.settings.section import Section, Share

_GATE = Gate()


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
    trim: float = Field(
        0.3, ge=0, lt=0.5, description="Share cut from either end by trimmed_mean."
    )
    example_weighting: bool = Field(
        True, description="Weigh by example counts too, clipped to 5 x the median."
    )

    @property
    def gate(self) -> Gate:
        """The two-stage gate that these settings are."""
        return Gate(self.tau_h, self.tau_c, self.alpha, self.tau)
