"""Where a model's travelling arrays lie, found once: to load it again costs a copy of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.models.parts import TRAVELS_AS, Parts
from anml_fl.models.state import load_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

_OURS = ("torch", "anml_fl")


def keeps_only_tensors(model: nn.Module) -> bool:
    """Whether all layers are PyTorch's or ours, which keep nothing but their tensors.

    Examples
    --------
    >>> import torch
    >>> keeps_only_tensors(torch.nn.Linear(2, 1))
    True
    """
    return all(type(one).__module__.partition(".")[0] in _OURS for one in model.modules())


class Places:
    """Sets a model's arrays as `load_arrays` does, again and again.

    Taking a model apart takes longer than to copy a small one's arrays. Where each array lies
    is kept for models whose layers put no other tensor in one's place: those of PyTorch and
    ours without buffers, on a processor. All others are taken apart each time.

    Parameters
    ----------
    model : torch.nn.Module
        Whose layers stay the same ones.

    Raises
    ------
    UnusableError
        As of `Parts.of`.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(2, 1)
    >>> Places(model).load({"weight": np.ones((1, 2), np.float32), "bias": np.zeros(1)})
    >>> model(torch.ones(2)).item()
    2.0
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        found = Parts.of(model).travelling
        plain = keeps_only_tensors(model) and not any(True for _ in model.buffers())
        self._kept: dict[str, tuple[Tensor, int, NDArray[np.generic]]] = {}
        if plain and all(map(_is_plain, found.values())):
            self._kept = {
                name: (one, one.data_ptr(), one.detach().numpy())
                for name, one in found.items()
            }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Set the model's arrays.

        Parameters
        ----------
        arrays : mapping
            As of `load_arrays`.

        Raises
        ------
        RuntimeError
            If a name or a shape differs.
        """
        if not self._kept or not self._fit(arrays):
            load_arrays(self._model, arrays)
            return
        for name, (_, _, place) in self._kept.items():
            np.copyto(place, arrays[name])

    def _fit(self, arrays: Mapping[str, NDArray[np.generic]]) -> bool:
        """Whether the tensors are where they were, and each array is just what its is."""
        return arrays.keys() == self._kept.keys() and all(
            # A model that was moved has other memory.
            one.data_ptr() == where
            and arrays[name].dtype == place.dtype
            and arrays[name].shape == place.shape
            for name, (one, where, place) in self._kept.items()
        )


def _is_plain(one: Tensor) -> bool:
    """Whether NumPy sees a tensor's own memory, each number once."""
    return (
        one.device.type == "cpu"
        and TRAVELS_AS[one.dtype] is one.dtype
        and one.is_contiguous()
        and one.numel() > 0
        and not one.is_complex()
        and not one.is_inference()
    )
