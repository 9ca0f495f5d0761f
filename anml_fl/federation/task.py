"""What a federation learns: its data, its model, and how good a model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch.nn.functional import cross_entropy

from anml_fl.federation.data import data_of
from anml_fl.models.build import build
from anml_fl.models.state import error_rate, load_arrays
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Partitioned, Samples
    from anml_fl.settings.run import RunConfig


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
    """

    data: Partitioned
    model: str
    seed: int

    def initial_model(self) -> nn.Module:
        """Build the model that the first round begins with."""
        return self._build(int(stream(self.seed, "model").integers(2**63)))

    def model_of(self, arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
        """Build the model that has these arrays."""
        model = self._build(0)
        load_arrays(model, arrays)
        return model

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy, the mean over a batch."""
        return cross_entropy(logits, labels)

    def error(self, model: nn.Module, samples: Samples | None = None) -> float:
        """Share of samples that a model classifies wrongly, of the test set by default."""
        tested = self.data.test if samples is None else samples
        return error_rate(model, tested.features, tested.labels)

    def _build(self, seed: int) -> nn.Module:
        test, image = self.data.test, self.data.image
        return build(self.model, test.features.shape[1], image, test.classes, seed=seed)


def task_of(config: RunConfig) -> Task:
    """Make the task of a run.

    Raises
    ------
    ValueError
        As in `anml_fl.datasets.prepare.deal`.
    OSError
        If the data cannot be had, or are not what they must be.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> task = task_of(RunConfig())
    >>> task.error(task.initial_model()) > 0.5
    True
    """
    return Task(data_of(config), config.training.model, config.seed)
