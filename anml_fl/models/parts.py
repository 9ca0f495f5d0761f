"""Which of a model's tensors travel between server and contributors, and which are judged.

What is trained travels, and contributors are judged by it. Persistent buffers, such as running
statistics, travel and are not judged. Frozen parameters stay where they are: every side builds
the same. Of tensors that are one and the same the first name travels, of a trained parameter's
names its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from anml_fl.catalogue import UnusableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

_OWN = (
    torch.float16, torch.float32, torch.float64, torch.bool,
    torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64,
)  # fmt: skip
# NumPy lacks them.
_WIDER = {
    torch.bfloat16: torch.float32,
    torch.float8_e4m3fn: torch.float32,
    torch.float8_e4m3fnuz: torch.float32,
    torch.float8_e5m2: torch.float32,
    torch.float8_e5m2fnuz: torch.float32,
    torch.complex32: torch.complex64,
}
TRAVELS_AS = {kind: kind for kind in (*_OWN, torch.complex64, torch.complex128)} | _WIDER
"""The types of tensors that travel, and the type in which each does."""

SHAPELESS = nn.UninitializedParameter | nn.UninitializedBuffer
"""Tensors of lazily made layers that have seen no row yet."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A model's own tensors by name, each once.

    Parameters
    ----------
    travelling : mapping
        Trained parameters and persistent buffers, in the order of the model's state.
    trained : frozenset of str
        Which of them are trained.
    frozen : mapping
        Parameters that are not.
    tied : mapping
        Another name of a tensor to the one that counts: a trained parameter's, or the first.
    """

    travelling: Mapping[str, Tensor]
    trained: frozenset[str]
    frozen: Mapping[str, Tensor]
    tied: Mapping[str, str]

    @classmethod
    def of(cls, model: nn.Module) -> Parts:
        """Take a model apart; its tensors are not copied.

        Raises
        ------
        UnusableError
            If nothing is trained, the model's state leaves a trained parameter out, or
            something that travels has no values that have a mean.

        Examples
        --------
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
        >>> model[1].bias = model[0].bias
        >>> parts = Parts.of(model)
        >>> sorted(parts.trained), dict(parts.tied)
        (['0.bias', '0.weight', '1.weight'], {'1.bias': '0.bias'})
        >>> sorted(set(parts.travelling) - parts.trained)
        ['1.num_batches_tracked', '1.running_mean', '1.running_var']
        """
        parameters = {id(one) for one in model.parameters()}
        own = parameters | {id(one) for one in model.buffers()}
        travelling, frozen = dict[str, "Tensor"](), dict[str, "Tensor"]()
        state = model.state_dict(keep_vars=True)
        # Modules may add what is no tensor, or a copy.
        state = {name: value for name, value in state.items() if id(value) in own}
        first = dict[object, str]()
        # A buffer on a weight's memory would take the weight out of what is judged.
        for name in sorted(state, key=lambda name: not _learns(state[name])):
            first.setdefault(_memory(state[name]), name)
        for name, one in model.named_parameters():
            if one.requires_grad and _memory(one) not in first:
                raise UnusableError(
                    f"parameter {name!r} of the model is trained, and its state_dict leaves it"
                    " out or copies it: give the parameter itself there, or freeze it"
                )
        tied = dict[str, str]()
        for name, value in state.items():
            if (owner := first[_memory(value)]) != name:
                tied[name] = owner
                continue
            moves = id(value) not in parameters or value.requires_grad
            (travelling if moves else frozen)[name] = value
        for name, value in travelling.items():
            _check(name, value)
        trained = frozenset(n for n, v in travelling.items() if id(v) in parameters)
        if not any(travelling[name].numel() for name in trained):
            raise UnusableError(
                f"the model trains nothing: none of its {len(frozen)} parameters has"
                " requires_grad=True: set it for those that are to be trained"
            )
        return cls(travelling, trained, frozen, tied)

    @property
    def judged(self) -> dict[str, Tensor]:
        """The trained parameters, in the order of the model's state."""
        return {n: v for n, v in self.travelling.items() if n in self.trained}

    def to_json(self) -> dict[str, Any]:
        """Say what travels and what does not, for a run's manifest."""
        buffers = [v for n, v in self.travelling.items() if n not in self.trained]
        return {
            "trained": _size(self.judged.values()),
            "buffers": _size(buffers),
            "frozen": {**_size(self.frozen.values()), "sha256": values_hash(self.frozen)},
            "tied": dict(self.tied),
        }


def values_hash(tensors: Mapping[str, Tensor]) -> str:
    """Hash values, types and names; of sparse tensors no values.

    Examples
    --------
    >>> one = {"weight": torch.zeros(2)}
    >>> values_hash(one) == values_hash({"weight": torch.ones(2)})
    False
    """
    digest = sha256()
    for name, value in tensors.items():
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}".encode())
        if value.layout is torch.strided and not value.is_meta:
            flat = value.detach().cpu().contiguous().flatten()
            digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def state_hash(model: nn.Module) -> str:
    """Hash what of a model travels and what is frozen: whether two were built alike.

    Raises
    ------
    UnusableError
        As of `Parts.of`.

    Examples
    --------
    >>> state_hash(nn.Linear(2, 1)) == state_hash(nn.Linear(2, 1))
    False
    """
    parts = Parts.of(model)
    return values_hash({**parts.travelling, **parts.frozen})


def _learns(value: Tensor) -> bool:
    return isinstance(value, nn.Parameter) and value.requires_grad


def _memory(value: Tensor) -> object:
    """Tell tensors apart that are not one and the same."""
    told = (
        not isinstance(value, SHAPELESS)
        and not value.is_meta
        and value.layout is torch.strided
        and value.numel()
    )
    return (value.data_ptr(), value.dtype, value.shape, value.stride()) if told else id(value)


def _check(name: str, value: Tensor) -> None:
    if isinstance(value, SHAPELESS):
        raise UnusableError(
            f"array {name!r} of the model has no shape before it sees a row: show it one where"
            " it is built, or take layers whose sizes are given, as Linear"
        )
    if value.is_meta:
        raise UnusableError(f"array {name!r} of the model has no values: its device is meta")
    if value.dtype not in TRAVELS_AS or value.layout is not torch.strided:
        raise UnusableError(
            f"array {name!r} of the model is of {value.dtype}, {value.layout}, which cannot be"
            " averaged: give dense real, complex or whole numbers, or freeze it"
        )


def _size(tensors: Iterable[Tensor]) -> dict[str, int]:
    sizes = [value.numel() for value in tensors]
    return {"arrays": len(sizes), "values": sum(sizes)}
