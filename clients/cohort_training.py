"""A cohort's local training: each contributor's gradient steps, all of them side by side.

One kernel for all: a ClientApp that trains by itself is a cohort of one. A contributor's
result is the same to the bit whoever stands beside it and on however many threads: that is
tested for the shipped architectures, with the kernels that an x86-64 processor can be told to
use. For a model of somebody's own it holds where a batched product rounds as a single one.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from anml_fl.method.threads import one_thread
from anml_fl.models.parts import Parts
from anml_fl.models.state import arrays_of, as_input
from clients.autograd_training import train_by_autograd
from clients.cohort_convolution import Convolutions
from clients.cohort_functional import NotStackableError, Stacked, may_stack
from clients.cohort_jobs import Cohort
from clients.cohort_perceptron import Perceptrons, linear_layers
from clients.cohort_rows import Held
from clients.cohort_stages import convolutional_stages
from clients.deterministic import deterministic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training

__all__ = ["Held", "Kind", "cohort_kind", "train_cohort", "train_in_place"]

Kind = Literal["perceptron", "convolution", "functional", "alone"]
"""How a cohort is trained: by products written out (two), by `torch.func`, or one by one."""

_KNOWN = ("torch.nn.modules.", "anml_fl.models.architectures.")


def train_cohort(
    model: nn.Module,
    parts: Sequence[Samples],
    settings: Training,
    orders: Sequence[np.random.Generator],
    held: Held | None = None,
) -> dict[str, NDArray[Any]]:
    """Train copies of the global model, one for each contributor.

    Parameters
    ----------
    model : torch.nn.Module
        The global one; stays as it is.
    parts : sequence of M Samples
        Of each contributor, at least one sample.
    settings : Training
        Of the round.
    orders : sequence of M numpy.random.Generator
        Of each contributor, for the order of its samples.
    held : Held, optional
        Rows that stay on the device: the same one in each round.

    Returns
    -------
    dict
        Name to (M, ...) array, names, order and types as `models.state.arrays_of` has them.

    Raises
    ------
    ValueError
        If there is no contributor, one has no samples, or a label is no class of the model's.

    Examples
    --------
    >>> from anml_fl.datasets.prepare import Samples
    >>> from anml_fl.settings.training import Training
    >>> rows = Samples(np.eye(4, 3, dtype=np.float32), np.array([0, 1, 0, 1]), 2)
    >>> orders = [np.random.default_rng(i) for i in range(2)]
    >>> model = torch.nn.Linear(3, 2)
    >>> found = train_cohort(model, [rows, rows.take(np.arange(3))], Training(), orders)
    >>> found["weight"].shape
    (2, 2, 3)
    """
    if not parts or len(parts) != len(orders):
        raise ValueError(
            "each of at least one contributor needs samples and an order, got"
            f" {len(parts)} samples and {len(orders)} orders"
        )
    drawn = [_drawn(part, settings, rng) for part, rng in zip(parts, orders, strict=True)]
    with deterministic(torch.device(settings.device)), _in_training(model, settings) as own:
        rows = _side_by_side(own, parts, settings, drawn, held or Held())
        if rows is None:
            return _one_by_one(own, parts, settings, drawn, orders)
        with one_thread():
            plain = {name: _array(one) for name, one in rows.items()}
            # A perceptron's state is its parameters, as a plain convolutional network's is.
            whole = linear_layers(own) or convolutional_stages(own)
            return plain if whole else _with_state(own, plain, len(parts))


def train_in_place(
    model: nn.Module, samples: Samples, settings: Training, rng: np.random.Generator
) -> None:
    """Train one contributor's model: a cohort of one.

    Parameters
    ----------
    model : torch.nn.Module
        On the device, in training mode.
    samples : Samples
    settings : Training
        Of the round.
    rng : numpy.random.Generator
        Order of the samples.
    """
    drawn = _drawn(samples, settings, rng)
    with deterministic(torch.device(settings.device)):
        rows = _side_by_side(model, [samples], settings, [drawn], Held())
        if rows is None:
            with one_thread():
                train_by_autograd(model, samples, settings, drawn, rng)
            return
    with torch.no_grad(), one_thread():
        for name, one in model.named_parameters():
            if name in rows:
                one.copy_(rows[name][0])


def cohort_kind(model: nn.Module, settings: Training, samples: Samples | None = None) -> Kind:
    """Tell how a cohort of a model is trained.

    Parameters
    ----------
    model : torch.nn.Module
        The global one.
    settings : Training
    samples : Samples, optional
        Of somebody: a model is tried on their first rows. Without, it is taken at its word.

    Examples
    --------
    >>> from anml_fl.settings.training import Training
    >>> cohort_kind(torch.nn.Linear(3, 2), Training())
    'perceptron'
    >>> batches = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    >>> cohort_kind(batches, Training())
    'alone'
    """
    if linear_layers(model):
        return "perceptron"
    if convolutional_stages(model):
        return "convolution"
    if not may_stack(model):
        return "alone"
    if samples is not None:
        some = samples.take(np.arange(min(8, samples.labels.size)))
        once = settings.model_copy(update={"local_epochs": 1})
        order = np.arange(some.labels.size)[None]
        with _in_training(model, settings) as own:
            if _side_by_side(own, [some], once, [order], Held()) is None:
                return "alone"
    return "functional"


@contextmanager
def _in_training(model: nn.Module, settings: Training) -> Iterator[nn.Module]:
    """Have the global model on the device and in training mode for a while."""
    device = torch.device(settings.device)
    if any(one.device != device for one in (*model.parameters(), *model.buffers())):
        model = deepcopy(model).to(device)
    # Setting it takes as long as a layer's product, and a cohort's model has it.
    changed = [one for one in model.modules() if not one.training]
    if changed:
        model.train()
    try:
        yield model
    finally:
        for one in changed:
            one.training = False


def _drawn(part: Samples, settings: Training, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the order of a contributor's samples in each epoch, (epochs, n)."""
    n = part.labels.size
    if settings.local_epochs == 1:
        return rng.permutation(n)[None]
    return np.array([rng.permutation(n) for _ in range(settings.local_epochs)])


def _side_by_side(
    model: nn.Module,
    parts: Sequence[Samples],
    settings: Training,
    drawn: Sequence[NDArray[np.int64]],
    held: Held,
) -> Mapping[str, Tensor] | None:
    """Train all at once: each parameter by name, (M, ...); None where that cannot be."""
    models: Perceptrons | Convolutions | Stacked
    if layers := linear_layers(model):
        last = next(reversed(layers.values()))
        with one_thread():
            table = held.table(parts, last.out_features, last.weight)
            models = Perceptrons(layers, len(parts))
        return _trained(models, Cohort(parts, settings, drawn, table))
    if stages := convolutional_stages(model):
        *_, bias = model.parameters()
        with one_thread():
            table = held.table(parts, bias.numel(), bias)
            models = Convolutions(stages, len(parts))
        return _trained(models, Cohort(parts, settings, drawn, table))
    if not may_stack(model):
        return None
    like = next(model.parameters())
    form = as_input(model, torch.zeros(0, dtype=torch.float32, device=like.device))
    outputs = max(part.classes for part in parts)
    with one_thread():
        table = held.table(parts, outputs, form)
        models = Stacked(model, len(parts), parts[0].features.shape[1])
    try:
        # Where torch asks one after the other it says so, and so can we.
        # PyTorch's own layers take attention by products, too: vmap knows only those.
        with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH):
            warnings.simplefilter("error")
            return _trained(models, Cohort(parts, settings, drawn, table))
    except NotStackableError:
        return None


def _trained(
    models: Perceptrons | Convolutions | Stacked, cohort: Cohort
) -> Mapping[str, Tensor]:
    cohort.train(models)
    with one_thread():
        return cohort.in_order(models.trained())


def _one_by_one(
    model: nn.Module,
    parts: Sequence[Samples],
    settings: Training,
    drawn: Sequence[NDArray[np.int64]],
    orders: Sequence[np.random.Generator],
) -> dict[str, NDArray[Any]]:
    found = []
    # Copying a small model takes as long as training it.
    once = deepcopy(model) if _has_no_memory(model) else None
    for part, order, rng in zip(parts, drawn, orders, strict=True):
        with one_thread():
            own = deepcopy(model) if once is None else _begun_again(once, model)
            train_by_autograd(own, part, settings, order, rng)
            found.append(arrays_of(own))
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def _has_no_memory(model: nn.Module) -> bool:
    """Whether a model is known to remember nothing but its parameters and buffers."""
    return all(type(layer).__module__.startswith(_KNOWN) for layer in model.modules())


def _begun_again(model: nn.Module, first: nn.Module) -> nn.Module:
    with torch.no_grad():
        for mine, its in (
            (model.parameters, first.parameters),
            (model.buffers, first.buffers),
        ):
            for one, other in zip(mine(), its(), strict=True):
                one.copy_(other)
    return model.train()


def _array(rows: Tensor) -> NDArray[Any]:
    # As it lies, filled up or not: whoever needs it otherwise copies it once, and not twice.
    found: NDArray[Any] = rows.detach().cpu().numpy()
    return found


def _with_state(
    model: nn.Module, rows: Mapping[str, NDArray[Any]], models: int
) -> dict[str, NDArray[Any]]:
    """Add to what was trained what else travels, the same for all."""
    names = {id(one): name for name, one in model.named_parameters()}
    trained = {name: names[id(one)] for name, one in Parts.of(model).judged.items()}
    return {
        name: rows[trained[name]] if name in trained else np.repeat(one[None], models, axis=0)
        for name, one in arrays_of(model).items()
    }
