"""A root set: rows whose labels the server trusts, and what a model makes of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.models.state import arrays_as, as_input, load_arrays, outputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

    Arrays = Mapping[str, NDArray[Any]]

# Only the direction of what they lead to is looked at.
_STEPS = 5


@dataclass(frozen=True, slots=True)
class RootSet:
    """Trusted rows, for a rule that asks how updates serve them.

    Called with a model's arrays by name, it gives those that training on its rows leads to.

    Parameters
    ----------
    model : torch.nn.Module
        Any of the architecture that is trained: its values mean nothing.
    features : (m, ...) array
        As the model takes them.
    labels : (m,) array
        Classes, or float values where `classes` is 1.
    classes : int
    learning_rate : float
        Of the steps that training takes.
    about : str
        Where the rows are from, in the words of records: never a row of them.

    Examples
    --------
    >>> from anml_fl.models.state import arrays_of
    >>> model = torch.nn.Linear(2, 3)
    >>> rows = RootSet(model, np.eye(2, dtype=np.float32), np.array([0, 2]), 3)
    >>> rows.outputs(arrays_of(model)).shape
    (2, 3)
    """

    model: nn.Module
    features: NDArray[Any]
    labels: NDArray[Any]
    classes: int
    learning_rate: float = 0.1
    about: str = "rows of the server's"

    def __call__(self, arrays: Arrays) -> Arrays:
        """Train on the rows: full steps of gradient descent."""
        model = self._loaded(arrays).train(False)
        rows = as_input(model, torch.as_tensor(self.features))
        labels = torch.as_tensor(self.labels)
        trained = [one for one in model.parameters() if one.requires_grad]
        for _ in range(_STEPS):
            outputs = model(rows)
            if self.classes == 1:
                loss = mse_loss(outputs.squeeze(1), labels.to(outputs.dtype))
            else:
                loss = cross_entropy(outputs, labels)
            gradients = torch.autograd.grad(loss, trained, allow_unused=True)
            with torch.no_grad():
                for value, gradient in zip(trained, gradients, strict=True):
                    if gradient is not None:
                        value -= self.learning_rate * gradient
        return arrays_as(model, dict(arrays))

    def outputs(self, arrays: Arrays) -> NDArray[np.float64]:
        """Ask a model of the rows: (m, C) logits, or values."""
        return outputs_of(self._loaded(arrays), self.features)

    def _loaded(self, arrays: Arrays) -> nn.Module:
        model = deepcopy(self.model)
        load_arrays(model, arrays)
        return model
