"""The open tables: what a name in the settings may stand for, one table a kind.

A new entry is a new file in the table's package; or, from outside, `module:object`, or an
entry point of the table's group. `first` is only the order in which names are shown.
"""

from __future__ import annotations

from anml_fl.catalogue import Catalogue
from anml_fl.chain import Chain

DATASETS = Catalogue(
    "data set",
    "anml_fl.datasets.sources",
    "anml_fl.datasets",
    first=(
        "digits", "wine", "breast_cancer", "adult", "covertype", "fashion_mnist",
        "heart_disease", "labelme", "mnist_writers",
    ),
)  # fmt: skip
"""From the folder of data files to a `datasets.table.Table`."""

MODELS = Catalogue(
    "model", "anml_fl.models.architectures", "anml_fl.models", first=("mlp", "cnn")
)
"""From a `models.build.Shape` to a `torch.nn.Module`."""

SCENARIOS = Catalogue(
    "scenario",
    "anml_fl.scenarios",
    "anml_fl.scenarios",
    first=("high", "moderate", "low", "adversarial", "unknown"),
)
"""From whether a contributor is honest, and a generator, to what a registry says: (v, r)."""

BEHAVIOURS = Catalogue(
    "behaviour",
    "anml_fl.behaviours",
    "anml_fl.behaviours",
    first=(
        "honest", "label_flip", "gradient_aligned", "credential_faking", "compromised_issuer",
        "joint", "newcomer", "turncoat", "on_off",
    ),
)  # fmt: skip
"""A `behaviour.Behaviour`: what a contributor does to data, update and credentials."""

RULES = Catalogue(
    "strategy",
    "strategies.rules",
    "anml_fl.rules",
    first=(
        "fedavg", "krum", "multikrum", "q_only", "bulyan", "median", "trimmed_mean", "anml",
        "calibrated", "softmax_blend", "multiplicative", "oracle",
    ),
)  # fmt: skip
"""A `strategies.rule.Rule`: from a round's cohort and context to a decision."""

PRE_AGGREGATIONS = Catalogue(
    "pre-aggregation",
    "strategies.pre_aggregations",
    "anml_fl.pre_aggregations",
    first=("nnm", "bucketing", "arc", "norm_clipping", "client_momentum"),
)
"""A `strategies.pre_aggregation.PreAggregation`: what happens to updates before a rule."""

STRATEGIES = Chain(PRE_AGGREGATIONS, RULES)
"""What a run's strategies are called: a rule, or pre-aggregations before it."""

TRACKERS = Catalogue(
    "tracker",
    "server.tracking.trackers",
    "anml_fl.trackers",
    first=("mlflow", "tensorboard", "wandb", "jsonl"),
)
"""A `server.tracking.tracker.TrackerKind`: where a run's rounds are told, too."""
