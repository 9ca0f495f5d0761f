"""What `calibrated` found of a round: each number that made a weight, as records keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorJudgement:
    """What spoke for and against one contributor in one round.

    Parameters
    ----------
    evidence : mapping
        Kind to log-likelihood ratio in nats, > 0 in the contributor's favour; without
        credentials.
    l : float
        Their sum, clipped.
    worth : float
        What its (v, r) add, in nats, within +-c of `RoundJudgement`.
    posterior : float
        Probability that it is to be kept, in [0, 1].
    copies : float
        How many contributors send this one's update, itself included, >= 1: they share one
        weight.
    norm : float
        Length of its update, >= 0, before the cap.
    bound : float
        How far it could have moved the model, whatever it sent: length of the step, >= 0.
    """

    evidence: Mapping[str, float]
    l: float  # noqa: E741 - the method's symbol
    worth: float
    posterior: float
    copies: float
    norm: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundJudgement:
    """What held for all contributors of one round.

    Parameters
    ----------
    root : str
        What vouches for the evidence: such as "80 rows of the server's", "60 donated rows", or
        "none".
    base_rate : float
        Log-odds that a contributor is honest before anything is known of it.
    c : float
        Most that credentials can add or take, in nats.
    slopes : mapping
        Signal to what .1 more of it is worth, in nats, >= 0; learned in this round.
    cap : float
        Length at which updates are cut off.
    """

    root: str
    base_rate: float
    c: float
    slopes: Mapping[str, float] = field(default_factory=dict)
    cap: float
