"""Attribution-native machine learning: weights for contributors, and why.

Everything that other programs use is here, whichever room it stands in: the method, the Flower
strategy and its parts, the mods of a ClientApp, the inline grid, a run as it is read back.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anml_fl.behaviour import Behaviour as Behaviour
    from anml_fl.behaviour import Sight as Sight
    from anml_fl.catalogue import Catalogue as Catalogue
    from anml_fl.datasets.prepare import Samples as Samples
    from anml_fl.datasets.table import Table as Table
    from anml_fl.execution import federate as federate
    from anml_fl.federation.run_task import task_of as task_of
    from anml_fl.federation.task import Task as Task
    from anml_fl.method.attribution import payouts as payouts
    from anml_fl.method.combination import Weighting as Weighting
    from anml_fl.method.combination import multiplicative as multiplicative
    from anml_fl.method.combination import softmax_blend as softmax_blend
    from anml_fl.method.combination import two_stage as two_stage
    from anml_fl.method.gate import Gate as Gate
    from anml_fl.method.gradients import sample_gradients as sample_gradients
    from anml_fl.method.gtg_shapley import gtg_shapley as gtg_shapley
    from anml_fl.method.krum import consistency as consistency
    from anml_fl.method.krum import krum_scores as krum_scores
    from anml_fl.method.provenance import DECAY_RATES as DECAY_RATES
    from anml_fl.method.provenance import Reputation as Reputation
    from anml_fl.method.provenance import Verification as Verification
    from anml_fl.method.provenance import chain_weight as chain_weight
    from anml_fl.method.provenance import contextual_decay as contextual_decay
    from anml_fl.method.provenance import exploration_bonus as exploration_bonus
    from anml_fl.method.provenance import temporal_decay as temporal_decay
    from anml_fl.method.records import ContributorRecord as ContributorRecord
    from anml_fl.method.records import RoundRecord as RoundRecord
    from anml_fl.method.reputation import ReputationRule as ReputationRule
    from anml_fl.method.sample_krum import sample_krum_scores as sample_krum_scores
    from anml_fl.method.selection import sample_proportional as sample_proportional
    from anml_fl.method.selection import select_top as select_top
    from anml_fl.method.shapley import exact_shapley as exact_shapley
    from anml_fl.method.shapley import leave_one_out as leave_one_out
    from anml_fl.models.root_set import RootSet as RootSet
    from anml_fl.registry.memory import InMemoryRegistry as InMemoryRegistry
    from anml_fl.registry.memory import Standing as Standing
    from anml_fl.registry.sql import SqlRegistry as SqlRegistry
    from anml_fl.run.results import RunCollection as RunCollection
    from anml_fl.run.results import RunResults as RunResults
    from anml_fl.run.results import load_run as load_run
    from anml_fl.run.results import load_runs as load_runs
    from anml_fl.run.updates import load_updates as load_updates
    from anml_fl.settings.aggregation import Aggregation as Aggregation
    from anml_fl.settings.reading import from_file as from_file
    from anml_fl.settings.reading import from_flat as from_flat
    from anml_fl.settings.run import RunConfig as RunConfig
    from anml_fl.settings.section import ConfigError as ConfigError
    from anml_fl.valuation.estimate import Estimate as Estimate
    from anml_fl.valuation.estimators import Banzhaf as Banzhaf
    from anml_fl.valuation.estimators import BetaShapley as BetaShapley
    from anml_fl.valuation.estimators import ExactShapley as ExactShapley
    from anml_fl.valuation.estimators import GtgShapley as GtgShapley
    from anml_fl.valuation.estimators import LeaveOneOut as LeaveOneOut
    from anml_fl.valuation.estimators import PermutationShapley as PermutationShapley
    from anml_fl.valuation.estimators import estimate_values as estimate_values
    from anml_fl.valuation.game import Game as Game
    from clients.echo import echo_nonce as echo_nonce
    from clients.echo import wrap as wrap
    from clients.redaction import discreet as discreet
    from clients.unpacked import unpacked as unpacked
    from server.attribution.over_rounds import RunValues as RunValues
    from server.attribution.over_rounds import attribute as attribute
    from server.engines.inline_grid import InlineGrid as InlineGrid
    from server.tracking.tracker import TrackerKind as TrackerKind
    from strategies.anml import Anml as Anml
    from strategies.catalogue import strategy as strategy
    from strategies.cohort import Cohort as Cohort
    from strategies.context import Context as Context
    from strategies.decision import Decision as Decision
    from strategies.metrics import Metrics as Metrics
    from strategies.participation import Participation as Participation
    from strategies.pre_aggregation import Mixed as Mixed
    from strategies.round import Round as Round
    from strategies.rule import Rule as Rule
    from strategies.sampling import Sampling as Sampling
    from strategies.screened_strategy import ScreenedStrategy as ScreenedStrategy
    from strategies.server_optimizer import ServerOptimizer as ServerOptimizer
    from strategies.signal_source import SignalSource as SignalSource
    from strategies.transport import Transport as Transport

__version__ = "0.1.0"

# Where each public name lives. They are imported on first use (PEP 562), so that
# `anml --help` need not wait for NumPy, nor the method for Flower.
_HOMES = {
    "Aggregation": "anml_fl.settings.aggregation",
    "Anml": "strategies.anml",
    "Banzhaf": "anml_fl.valuation.estimators",
    "Behaviour": "anml_fl.behaviour",
    "BetaShapley": "anml_fl.valuation.estimators",
    "Catalogue": "anml_fl.catalogue",
    "Cohort": "strategies.cohort",
    "ConfigError": "anml_fl.settings.section",
    "Context": "strategies.context",
    "ContributorRecord": "anml_fl.method.records",
    "DECAY_RATES": "anml_fl.method.provenance",
    "Decision": "strategies.decision",
    "Estimate": "anml_fl.valuation.estimate",
    "ExactShapley": "anml_fl.valuation.estimators",
    "Game": "anml_fl.valuation.game",
    "Gate": "anml_fl.method.gate",
    "GtgShapley": "anml_fl.valuation.estimators",
    "InMemoryRegistry": "anml_fl.registry.memory",
    "InlineGrid": "server.engines.inline_grid",
    "LeaveOneOut": "anml_fl.valuation.estimators",
    "Metrics": "strategies.metrics",
    "Mixed": "strategies.pre_aggregation",
    "Participation": "strategies.participation",
    "PermutationShapley": "anml_fl.valuation.estimators",
    "Reputation": "anml_fl.method.provenance",
    "ReputationRule": "anml_fl.method.reputation",
    "RootSet": "anml_fl.models.root_set",
    "Round": "strategies.round",
    "RoundRecord": "anml_fl.method.records",
    "Rule": "strategies.rule",
    "RunCollection": "anml_fl.run.results",
    "RunConfig": "anml_fl.settings.run",
    "RunResults": "anml_fl.run.results",
    "RunValues": "server.attribution.over_rounds",
    "Samples": "anml_fl.datasets.prepare",
    "Sampling": "strategies.sampling",
    "ScreenedStrategy": "strategies.screened_strategy",
    "ServerOptimizer": "strategies.server_optimizer",
    "Sight": "anml_fl.behaviour",
    "SignalSource": "strategies.signal_source",
    "SqlRegistry": "anml_fl.registry.sql",
    "Standing": "anml_fl.registry.memory",
    "Table": "anml_fl.datasets.table",
    "Task": "anml_fl.federation.task",
    "TrackerKind": "server.tracking.tracker",
    "Transport": "strategies.transport",
    "Verification": "anml_fl.method.provenance",
    "Weighting": "anml_fl.method.combination",
    "attribute": "server.attribution.over_rounds",
    "chain_weight": "anml_fl.method.provenance",
    "consistency": "anml_fl.method.krum",
    "contextual_decay": "anml_fl.method.provenance",
    "discreet": "clients.redaction",
    "echo_nonce": "clients.echo",
    "estimate_values": "anml_fl.valuation.estimators",
    "exact_shapley": "anml_fl.method.shapley",
    "exploration_bonus": "anml_fl.method.provenance",
    "federate": "anml_fl.execution",
    "from_file": "anml_fl.settings.reading",
    "from_flat": "anml_fl.settings.reading",
    "gtg_shapley": "anml_fl.method.gtg_shapley",
    "krum_scores": "anml_fl.method.krum",
    "leave_one_out": "anml_fl.method.shapley",
    "load_run": "anml_fl.run.results",
    "load_runs": "anml_fl.run.results",
    "load_updates": "anml_fl.run.updates",
    "multiplicative": "anml_fl.method.combination",
    "payouts": "anml_fl.method.attribution",
    "sample_gradients": "anml_fl.method.gradients",
    "sample_krum_scores": "anml_fl.method.sample_krum",
    "sample_proportional": "anml_fl.method.selection",
    "select_top": "anml_fl.method.selection",
    "softmax_blend": "anml_fl.method.combination",
    "strategy": "strategies.catalogue",
    "task_of": "anml_fl.federation.run_task",
    "temporal_decay": "anml_fl.method.provenance",
    "two_stage": "anml_fl.method.combination",
    "unpacked": "clients.unpacked",
    "wrap": "clients.echo",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - it is a list


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    try:
        value = getattr(import_module(home), name)
    except (ImportError, AttributeError) as error:
        from anml_fl.system import import_path  # noqa: PLC0415 - only where something is wrong

        raise import_path.explained(error, f"anml_fl.{name}") from error
    globals()[name] = value
    return value
