"""What many models of one architecture make of the same rows, as one tensor program."""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.func import functional_call, vmap

from anml_fl.models.parts import Parts
from anml_fl.models.state import as_input, load_arrays, outputs_of
from anml_fl.models.trusted_rows import RootSetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    Arrays = Mapping[str, NDArray[Any]]

# Values that are there at once, of parameters or of a layer's outputs: 4 MB of float32, which
# caches hold.
_AT_ONCE = 2**20
# Of fewer models at once nothing is won.
_FEWEST = 4
_PLAIN = (torch.float32, torch.float64)
# How near the first model asked by itself must be to the same one asked together.
_NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Answering:
    """Rows, and a model whose arrays are changed to ask it of them again and again.

    Parameters
    ----------
    model : torch.nn.Module
        A copy of its own.
    features : (m, ...) array
    classes : int
    widest : int
        Values of the widest layer's outputs for all rows.
    """

    model: nn.Module
    features: NDArray[Any]
    classes: int
    widest: int

    @classmethod
    def of(cls, model: nn.Module, features: NDArray[Any], classes: int) -> Answering:
        """Ask a copy of the model once, of two rows.

        Raises
        ------
        RootSetError
            If it fails on them, or says anything but (rows, classes).
        """
        own = deepcopy(model).eval()
        widest = [0]

        def seen(_: Any, __: Any, said: Any) -> None:
            if isinstance(said, torch.Tensor):
                widest[0] = max(widest[0], said.numel())

        try:
            hooks = [layer.register_forward_hook(seen) for layer in own.modules()]
            with torch.random.fork_rng([]):
                said = outputs_of(own, features[:2])
        except Exception as error:  # noqa: BLE001 - whatever a model of somebody's own does
            # An error of the model's may quote what it was given.
            raise RootSetError(
                f"the model fails on rows of shape {features[:2].shape}, {features.dtype}"
                f" ({type(error).__name__}): give features as it takes them"
            ) from None
        if said.shape != (2, classes):
            raise RootSetError(
                f"the model must turn 2 rows into outputs of shape {(2, classes)}, got"
                f" {said.shape}: classes must be as many as its outputs, 1 for values"
            )
        for hook in hooks:
            hook.remove()
        return cls(own, features, classes, widest[0] * len(features) // 2)

    def outputs(self, arrays: Arrays, changed: Arrays) -> NDArray[np.float64]:
        """Ask models that differ in some arrays: (k, m, C).

        Parameters
        ----------
        arrays : mapping
            Of one model, by name.
        changed : mapping
            Name to (k, ...): what each of the models has in their place.
        """
        models = len(next(iter(changed.values())))
        size = sum(array[0].size for array in changed.values()) if models else 0
        step = max(1, _AT_ONCE // max(size, self.widest, 1))
        found = np.empty((models, len(self.features), self.classes))
        if not models:
            return found
        together = min(models, step) >= _FEWEST and self._plain(changed)
        for start in range(0, models, step):
            part = {name: array[start : start + step] for name, array in changed.items()}
            said = self._together(arrays, part) if together else None
            together = said is not None
            found[start : start + step] = self._alone(arrays, part) if said is None else said
        return found

    def _alone(self, arrays: Arrays, changed: Arrays) -> NDArray[np.float64]:
        models = len(next(iter(changed.values())))
        found = np.empty((models, len(self.features), self.classes))
        for place in range(models):
            load_arrays(self.model, {**arrays, **{n: a[place] for n, a in changed.items()}})
            found[place] = outputs_of(self.model, self.features)
        return found

    def _plain(self, changed: Arrays) -> bool:
        """Whether all that changes are parameters that can be put in another's place."""
        parts = Parts.of(self.model)
        by_name = dict(self.model.named_parameters(remove_duplicate=False))
        # Tensors on one memory that are not one object would not change together.
        tied = all(by_name.get(a) is by_name.get(b) for a, b in parts.tied.items())
        return tied and all(n in by_name and by_name[n].dtype in _PLAIN for n in changed)

    def _together(self, arrays: Arrays, changed: Arrays) -> NDArray[np.float64] | None:
        """Ask all at once; None where the model is not made for it."""
        first = {name: array[:1] for name, array in changed.items()}
        alone = self._alone(arrays, first)
        # What the program must not see any more, to be known by what it is given.
        load_arrays(self.model, arrays)
        self.model.eval()
        device = next(self.model.parameters()).device
        rows = as_input(self.model, torch.tensor(self.features, device=device))
        own = dict(self.model.named_parameters(remove_duplicate=False))
        values = {
            name: torch.tensor(array, device=device, dtype=own[name].dtype)
            for name, array in changed.items()
        }

        def ask(one: dict[str, Tensor]) -> Tensor:
            said: Tensor = functional_call(self.model, one, (rows,))
            return said

        try:
            with torch.no_grad(), warnings.catch_warnings():
                # Where torch asks one after the other it says so, and so can we.
                warnings.simplefilter("error")
                said = vmap(ask)(values).cpu().to(torch.float64).numpy()
        except Exception:  # noqa: BLE001 - whatever the model does that cannot be batched
            return None
        # A model that goes by anything but its parameters says something else.
        scale = float(np.abs(alone).max(initial=0.0))
        near = np.allclose(said[0], alone[0], rtol=_NEAR, atol=_NEAR * scale, equal_nan=True)
        found: NDArray[np.float64] = said
        return found if near and said.shape[1:] == alone.shape[1:] else None
