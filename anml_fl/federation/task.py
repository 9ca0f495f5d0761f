"""What a federation learns: its data, its model, and how good a model is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.catalogue import UnknownNameError, UnusableError, is_own
from anml_fl.federation.own_partition import OwnPartitioned
from anml_fl.models.build import build
from anml_fl.models.lazy import materialise
from anml_fl.models.metrics import METRICS
from anml_fl.models.parts import Parts
from anml_fl.models.state import load_arrays, misclassified, outputs_of, unexplained
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Partitioned, Samples
    from anml_fl.federation.root_rows import RootRows
    from anml_fl.models.metrics import Metric
    from anml_fl.tables.schema import TableSchema


@dataclass(frozen=True, slots=True)
class Task:
    """What server and contributors agree on.

    Parameters
    ----------
    data : Partitioned
    model : str
        Of `plugins.MODELS`.
    seed : int
        The run's.
    metric : str
        Of `models.metrics.METRICS`; empty for the error alone.
    schema : TableSchema, optional
        Of a table of one's own.
    root : RootRows, optional
        Rows that the server trusts, for a rule with a root set; they are not tested on.
    root_note : str
        What is not promised without one; or what was left out of it.
    """

    data: Partitioned
    model: str
    seed: int
    metric: str = ""
    schema: TableSchema | None = None
    root: RootRows | None = None
    root_note: str = ""

    @property
    def regression(self) -> bool:
        """Whether the label is a number."""
        return self.data.test.classes == 1

    @property
    def measure(self) -> Metric | None:
        """The metric, if one was chosen."""
        return METRICS[self.metric] if self.metric else None

    @property
    def judged(self) -> frozenset[str]:
        """Names of the arrays by which contributors are judged: the trained parameters."""
        return Parts.of(self.initial_model()).trained

    @property
    def about(self) -> dict[str, Any]:
        """Say for a run's manifest what travels of the model, and of the root set."""
        model = {"name": self.model, **Parts.of(self.initial_model()).to_json()}
        if self.root is not None:
            return {"model": model, "root": self.root.to_json()}
        return {
            "model": model,
            **({"root": {"none": self.root_note}} if self.root_note else {}),
        }

    def initial_model(self) -> nn.Module:
        """Build the model that the first round begins with.

        Raises
        ------
        ValueError
            If it cannot be built.
        """
        data, features = self.data, self.data.test.features.shape[1]
        seed = int(stream(self.seed, "model").integers(2**63))
        try:
            model = build(
                self.model,
                features,
                data.image,
                data.test.classes,
                seed,
                vocabulary=data.vocabulary,
            )
            materialise(model, features, seed)
        except Exception as error:
            # What is shipped says in its own words what it needs.
            ours = isinstance(error, ValueError) and not is_own(self.model)
            if ours or isinstance(error, UnknownNameError | UnusableError):
                raise
            raise UnusableError(
                f"model {self.model!r} cannot be built for rows of {features} features and"
                f" {data.test.classes} classes: {type(error).__name__}: {error}"
            ) from error
        return model

    def model_of(self, arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
        """Build the model that has these arrays; what does not travel is as in the first."""
        model = self.initial_model()
        load_arrays(model, arrays)
        return model

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy, or the squared error of values: the mean over a batch."""
        if self.regression:
            return mse_loss(logits.squeeze(1), labels)
        return cross_entropy(logits, labels)

    def error(self, model: nn.Module, samples: Samples | None = None) -> float:
        """Share of samples that a model classifies wrongly, of the test set by default.

        Of values, the share of their variance that is left, 1 - R2, which may exceed 1. nan
        where there are no samples, or all values are one.
        """
        tested = self.data.test if samples is None else samples
        if not tested.labels.size:
            return math.nan
        if not self.regression:
            return misclassified(model, tested.features, tested.labels)
        return unexplained(model, tested.features, tested.labels)

    def score(self, model: nn.Module, samples: Samples | None = None) -> float:
        """Score a model by the chosen metric, values in their own unit; nan without one."""
        tested = self.data.test if samples is None else samples
        if self.measure is None or not tested.labels.size:
            return math.nan
        outputs = outputs_of(model, tested.features)
        if not self.regression:
            likely = torch.softmax(torch.from_numpy(outputs), 1).numpy()
            return self.measure.score(tested.labels, likely)
        target = self.data.target if isinstance(self.data, OwnPartitioned) else None
        centre, spread = target or (0.0, 1.0)
        return self.measure.score(
            centre + spread * tested.labels.astype("float64"), centre + spread * outputs[:, 0]
        )
