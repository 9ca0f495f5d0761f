"""Attribution-native machine learning: weights for contributors, and why."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anml_fl.method.attribution import payouts
    from anml_fl.method.combination import Weighting, multiplicative, softmax_blend, two_stage
    from anml_fl.method.gtg_shapley import gtg_shapley
    from anml_fl.method.krum import consistency, krum_scores
    from anml_fl.method.provenance import (
        DECAY_RATES,
        Reputation,
        Verification,
        chain_weight,
        contextual_decay,
        exploration_bonus,
        temporal_decay,
    )
    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.method.reputation import ReputationRule
    from anml_fl.method.selection import sample_proportional, select_top
    from anml_fl.method.shapley import exact_shapley, leave_one_out

__version__ = "0.1.0"

# Where each public name lives. They are imported on first use (PEP 562), so that
# `anml --help` need not wait for NumPy.
_HOMES = {
    "DECAY_RATES": "provenance",
    "ContributorRecord": "records",
    "Reputation": "provenance",
    "ReputationRule": "reputation",
    "RoundRecord": "records",
    "Verification": "provenance",
    "Weighting": "combination",
    "chain_weight": "provenance",
    "consistency": "krum",
    "contextual_decay": "provenance",
    "exact_shapley": "shapley",
    "exploration_bonus": "provenance",
    "gtg_shapley": "gtg_shapley",
    "krum_scores": "krum",
    "leave_one_out": "shapley",
    "multiplicative": "combination",
    "payouts": "attribution",
    "sample_gradients": "gradients",
    "sample_krum_scores": "sample_krum",
    "sample_proportional": "selection",
    "select_top": "selection",
    "softmax_blend": "combination",
    "temporal_decay": "provenance",
    "two_stage": "combination",
}

__all__ = [
    "DECAY_RATES",
    "ContributorRecord",
    "Reputation",
    "ReputationRule",
    "RoundRecord",
    "Verification",
    "Weighting",
    "chain_weight",
    "consistency",
    "contextual_decay",
    "exact_shapley",
    "exploration_bonus",
    "gtg_shapley",
    "krum_scores",
    "leave_one_out",
    "multiplicative",
    "payouts",
    "sample_gradients",
    "sample_krum_scores",
    "sample_proportional",
    "select_top",
    "softmax_blend",
    "temporal_decay",
    "two_stage",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"anml_fl.method.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
