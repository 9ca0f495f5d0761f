"""Training many models of any architecture side by side, by `torch.func`.

What a model makes of its rows is worked out for all contributors at once (`vmap`), and
differentiated at once. A model that cannot be worked out so says it on the first batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.func import functional_call, vmap

from anml_fl.models.batch_statistics import takes_statistics
from clients.cohort_attention import WrittenOut
from clients.cohort_descent import Descent
from clients.cohort_jobs import CHUNK_BYTES
from clients.cohort_perceptron import is_hooked
from clients.cohort_rows import padded
from clients.loss import slopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from anml_fl.settings.training import Training
    from clients.cohort_batches import Batches

_PLAIN = (torch.float32, torch.float64)
_WHOLE = 32  # numbers: two vectors, for what is updated number by number
# How near the first model asked by itself must be to the same one asked together.
_NEAR = 1e-3


class NotStackableError(Exception):
    """A model goes by more than its parameters and rows: it is trained by itself."""


def may_stack(model: nn.Module) -> bool:
    """Whether nothing is known that keeps a model from being trained beside others.

    Batch statistics and hooks change something besides the result, tied parameters have two
    places, and a narrow type is summed up in a wider one. Convolutions of several models
    round otherwise than of one.

    Examples
    --------
    >>> may_stack(nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)))
    True
    >>> may_stack(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)))
    False
    """
    trained = [one for one in model.parameters() if one.requires_grad]
    every = list(model.named_parameters(remove_duplicate=False))
    return (
        bool(trained)
        and not takes_statistics(model)
        and len({one.data_ptr() for _, one in every}) == len(every)
        and len({one.dtype for one in trained}) == 1
        and trained[0].dtype in _PLAIN
        and not any(is_hooked(layer) or _is_odd(layer) for layer in model.modules())
    )


def _is_odd(layer: nn.Module) -> bool:
    """Whether a layer is a convolution, or an embedding whose gradients are no plain sums."""
    if isinstance(layer, nn.Embedding):
        return layer.max_norm is not None or layer.scale_grad_by_freq or layer.sparse
    return isinstance(layer, nn.modules.conv._ConvNd)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a parameter's numbers lie in a model's row."""

    name: str
    start: int
    shape: torch.Size

    def of(self, rows: Tensor) -> Tensor:
        """Take the parameter of each model, as a view."""
        size = self.shape.numel()
        steps = torch.empty(self.shape, device="meta").stride()
        found: Tensor = rows[:, self.start : self.start + size]
        return found.as_strided(
            (len(rows), *self.shape), (rows.shape[1], *steps), found.storage_offset()
        )


class Stacked:
    """M models, each of which begins as the global one: a row of numbers each.

    Parameters
    ----------
    model : torch.nn.Module
        The global one, on the device, in training mode.
    models : int
        M.
    width : int
        d: features of a row.
    """

    def __init__(self, model: nn.Module, models: int, width: int) -> None:
        self._model, self._width = model, width
        # Asking a model puts others' parameters in the place of its own: each thread has one.
        self._idle = [model]
        self._places, at = list[_Place](), 0
        like = next(one for one in model.parameters() if one.requires_grad)
        for name, one in model.named_parameters():
            if one.requires_grad:
                self._places.append(_Place(name, at, one.shape))
                # What a contributor has lies alike in memory whoever stands beside it.
                at += padded(one.numel())
        self._rows = torch.zeros(
            models, padded(at, _WHOLE), dtype=like.dtype, device=like.device
        )
        own = dict(model.named_parameters())
        for place in self._places:
            place.of(self._rows)[:] = own[place.name].detach()
        places = {id(own[place.name]): place for place in self._places}
        # Of a word that fills rows up nothing is learnt.
        self._still = [
            (places[id(layer.weight)], layer.padding_idx)
            for layer in model.modules()
            if isinstance(layer, nn.Embedding)
            and layer.padding_idx is not None
            and layer.weight.requires_grad
        ]

    def trained(self) -> dict[str, Tensor]:
        """Return each parameter of all models, (M, ...), by name."""
        return {place.name: place.of(self._rows) for place in self._places}

    def ready(self, threads: int) -> None:
        """Make ready for some threads."""
        self._idle += [deepcopy(self._model) for _ in range(threads - len(self._idle))]

    def row_bytes(self, rows: int) -> int:
        """Count what one model's training on batches of some rows has at hand."""
        # What its layers hold is not known; in chunks of 32 calls cost less than sums. Of a
        # large model a half of its own: calls cost more than what a cache does not hold.
        return max(self._rows.element_size() * self._rows.shape[1] // 2, CHUNK_BYTES // 32)

    def train(
        self,
        part: slice,
        table: Tensor,
        batches: Batches,
        settings: Training,
        *,
        of_values: bool,
    ) -> None:
        """Train some of the models, see `cohort_jobs.Models`.

        Raises
        ------
        NotStackableError
            If the models are not made for it.
        """
        # Memory of its own: what autograd counts as changed are whole tensors.
        rows = self._rows[part].clone()
        model = self._idle.pop()
        with _unchanged(model):
            self._descend(model, rows, table, batches, Descent([rows], settings), of_values)
        self._rows[part] = rows
        self._idle.append(model)

    def _descend(
        self,
        model: nn.Module,
        rows: Tensor,
        table: Tensor,
        batches: Batches,
        descent: Descent,
        of_values: bool,
    ) -> None:
        slope, start = torch.zeros_like(rows), padded(self._width)
        for step, now in enumerate(batches.going):
            for some, count in batches.alike(step):
                chosen, share = batches.rows[step, some, :count], batches.weights[step, some]
                taken = table[chosen]
                given = taken[:, :, : self._width].contiguous()
                values = {place.name: place.of(rows[some]).detach() for place in self._places}
                try:
                    found, gradients = _differentiate(
                        model, values, given, taken[:, :, start:], share[:, :count], of_values
                    )
                except NotStackableError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever a model does
                    said = f"vmap refuses it ({type(error).__name__})"
                    raise NotStackableError(said) from None
                if step == 0 and some.start == 0:
                    _compare(model, given[0], found[0])
                for place, one in zip(self._places, gradients, strict=True):
                    place.of(slope[some]).copy_(one)
            for place, word in self._still:
                place.of(slope[:now])[:, word] = 0
            descent.step([slope[:now]], now)


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Put a model's buffers back: a change in one would be everybody's.

    Raises
    ------
    NotStackableError
        If one has changed.
    """
    before = [(one, one.clone()) for one in model.buffers()]
    changed = False
    try:
        yield
    finally:
        for one, was in before:
            changed = changed or not torch.equal(one, was)
            one.copy_(was)
    if changed:
        raise NotStackableError("a buffer changes as the model is trained")


def _differentiate(
    model: nn.Module,
    values: Mapping[str, Tensor],
    given: Tensor,
    targets: Tensor,
    share: Tensor,
    of_values: bool,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Work out all models' outputs for their rows, and the gradients of their losses."""
    leaves = {name: one.requires_grad_() for name, one in values.items()}

    def ask(one: dict[str, Tensor], rows: Tensor) -> Tensor:
        said: Tensor = functional_call(model, one, (rows,))
        return said

    with torch.enable_grad():
        with WrittenOut():
            found = vmap(ask)(leaves, given)
        if found.dim() != 3 or found.shape[:2] != targets.shape[:2]:
            raise NotStackableError(f"its outputs are {tuple(found.shape[1:])}")
        z = found.detach().clone()
        slope = slopes(z, targets[:, :, : z.shape[2]], share, of_values=of_values)
        gradients = torch.autograd.grad(found, list(leaves.values()), slope, allow_unused=True)
    if any(one is None for one in gradients):
        raise NotStackableError("it has parameters that its outputs do not depend on")
    return found.detach(), gradients


def _compare(model: nn.Module, rows: Tensor, found: Tensor) -> None:
    """Ask the global model itself: one that goes by anything else says something else."""
    # Rows in another order, and fewer: of a model that mixes the rows of a batch. A few tell
    # as much as all do, and take less than a step.
    with torch.no_grad():
        alone = model(rows.flip(0)[: min(8, max(1, len(rows) - 1))])
    wanted = found.flip(0)[: len(alone)]
    scale = float(alone.abs().max())
    near = torch.allclose(wanted, alone, rtol=_NEAR, atol=_NEAR * scale, equal_nan=True)
    if not near:
        raise NotStackableError("its outputs are not those of the model by itself")
