"""A root set: rows whose labels the server trusts, and what a model makes of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

from anml_fl.models.many_models import Answering
from anml_fl.models.state import arrays_as, as_input, load_arrays, outputs_of
from anml_fl.models.trusted_rows import RootSetError, trusted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray
    from torch import nn

    Arrays = Mapping[str, NDArray[Any]]

# Only the direction of what they lead to is looked at.
_STEPS = 5


@dataclass(frozen=True, eq=False, repr=False)
class RootSet:
    """Trusted rows, for a rule that asks how updates serve them.

    Called with a model's arrays by name, it gives those that training on its rows leads to.
    Copies are counted once, and rows that contradict each other left out, see
    `trusted_rows.trusted`.

    Parameters
    ----------
    model : torch.nn.Module
        Any of the architecture that is trained: the values of what is trained mean nothing.
    features : (m, ...) array
        As the model takes them.
    labels : (m,) array
        Classes in [0, classes); or values, where `classes` is 1.
    classes : int
        C, as many as the model has outputs.
    learning_rate : float
        Of the steps that training takes.
    about : str
        Where the rows are from, in the words of records: never a row of them. "80 rows of the
        server's" by default.
    donated : bool
        Whether contributors gave them, for whom nobody vouches.
    needed : collection of int, optional
        Classes that must be there; all by default.
    steps : int
        That `trained` takes: as many as a contributor, where the length of its update counts.

    Attributes
    ----------
    notes : tuple of str
        What was left out of the rows, by count.

    Raises
    ------
    RootSetError
        If the rows cannot serve: fewer than 20, or than 2 of a class, none of some class, not
        finite, or nothing that the model takes.

    Examples
    --------
    >>> from anml_fl.models.state import arrays_of
    >>> model = torch.nn.Linear(2, 3)
    >>> features = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    >>> rows = RootSet(model, features, np.arange(60) % 3, 3)
    >>> rows, rows.outputs(arrays_of(model)).shape
    (RootSet(60 rows of the server's, 3 classes), (60, 3))
    """

    model: nn.Module
    features: NDArray[Any]
    labels: NDArray[Any]
    classes: int
    learning_rate: float = 0.1
    about: str = ""
    donated: bool = False
    needed: Collection[int] | None = None
    steps: int = _STEPS
    notes: tuple[str, ...] = field(init=False)
    _answering: Answering = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.classes, bool) or not isinstance(self.classes, int | np.integer):
            raise RootSetError(
                f"classes must be a whole number, 1 for values, got {self.classes!r}"
            )
        if self.classes < 1:
            raise RootSetError(f"classes must be 1 or more, got {self.classes}")
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise RootSetError(f"steps must be a whole number >= 1, got {self.steps!r}")
        if not isinstance(self.model, torch.nn.Module):
            raise RootSetError(
                f"model must be a torch.nn.Module, got {type(self.model).__name__}"
            )
        features, labels = _array(self.features), _array(self.labels)
        found = trusted(features, labels, self.classes, self.needed)
        kind = np.float32 if self.classes == 1 else np.int64
        kept = features[found.kept]
        if kept.dtype == np.float64:
            kept = kept.astype(np.float32)
        mine: dict[str, Any] = {
            "features": kept,
            "labels": labels[found.kept].astype(kind),
            "notes": found.notes,
            "about": self.about or f"{found.kept.size} rows of the server's",
        }
        for name in ("features", "labels"):
            mine[name].setflags(write=False)
        mine["_answering"] = Answering.of(self.model, kept, self.classes)
        for name, value in mine.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        # No row is ever shown, nor a label.
        what = "values" if self.classes == 1 else f"{self.classes} classes"
        return f"RootSet({self.about}, {what})"

    def __call__(self, arrays: Arrays) -> Arrays:
        """Train on the rows: a few full steps of gradient descent, for their direction."""
        return self._stepped(arrays, _STEPS)

    def trained(self, arrays: Arrays) -> Arrays:
        """Train on the rows: `steps` full steps of gradient descent."""
        return self._stepped(arrays, self.steps)

    def _stepped(self, arrays: Arrays, steps: int) -> Arrays:
        model = deepcopy(self.model)
        load_arrays(model, arrays)
        model.train(False)
        device = next(model.parameters()).device
        rows = as_input(model, torch.tensor(self.features, device=device))
        labels = torch.tensor(self.labels, device=device)
        trained = [one for one in model.parameters() if one.requires_grad]
        for _ in range(steps):
            outputs = model(rows)
            if self.classes == 1:
                loss = mse_loss(outputs.squeeze(1), labels.to(outputs.dtype))
            else:
                loss = cross_entropy(outputs, labels)
            gradients = torch.autograd.grad(loss, trained, allow_unused=True)
            with torch.no_grad():
                for value, gradient in zip(trained, gradients, strict=True):
                    if gradient is not None:
                        value.sub_(gradient, alpha=self.learning_rate)
        return arrays_as(model, dict(arrays))

    def outputs(self, arrays: Arrays) -> NDArray[np.float64]:
        """Ask a model of the rows: (m, C) logits, or values."""
        model = deepcopy(self.model)
        load_arrays(model, arrays)
        return outputs_of(model, self.features)

    def outputs_of_many(self, arrays: Arrays, changed: Arrays) -> NDArray[np.float64]:
        """Ask models of the rows that differ in some arrays.

        Parameters
        ----------
        arrays : mapping
            Of one model, by name.
        changed : mapping
            Name to (k, ...): what each of the models has in their place.

        Returns
        -------
        (k, m, C) float64
        """
        return self._answering.outputs(arrays, changed)


def _array(given: Any) -> NDArray[Any]:
    """Take arrays, tensors of any device, lists and columns of frames; nothing is shown."""
    if isinstance(given, torch.Tensor):
        given = given.detach().cpu()
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        raise RootSetError(
            f"features and labels must be arrays of numbers, got {type(given).__name__}"
        ) from None
