"""One contributor's local training as PyTorch does it: for models that only it can train."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from anml_fl.models.batch_statistics import keep_statistics, takes_statistics
from anml_fl.models.state import as_input
from clients.loss import loss_of
from clients.optimisation import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training


def train_by_autograd(
    model: nn.Module,
    samples: Samples,
    settings: Training,
    orders: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Train a model in place, batch by batch.

    A last batch of one row joins the one before where a layer takes statistics of a batch;
    a contributor with one row in all takes those of the global model.

    Parameters
    ----------
    model : torch.nn.Module
        On the device, in training mode.
    samples : Samples
    settings : Training
        Of the round.
    orders : (epochs, n) int64
        Of the samples.
    rng : numpy.random.Generator
        What the model itself draws, as in dropout, comes from a stream beside it.
    """
    labels = torch.from_numpy(samples.labels).to(settings.device)
    features = as_input(model, torch.from_numpy(samples.features).to(settings.device))
    loss, steps = loss_of(samples, settings), Steps(model, settings)
    together = takes_statistics(model)
    if together and labels.numel() == 1:
        keep_statistics(model)
    with torch.enable_grad(), _drawing(rng, torch.device(settings.device)):
        for order in torch.from_numpy(orders).to(settings.device):
            for batch in _batches(order, settings.batch_size, together=together):
                steps.step(loss(model(features[batch]), labels[batch]))


def _batches(order: Tensor, size: int, *, together: bool) -> tuple[Tensor, ...]:
    parts: tuple[Tensor, ...] = order.split(size)
    if together and len(parts) > 1 and len(parts[-1]) == 1:
        return *parts[:-2], torch.cat(parts[-2:])
    return parts


@contextmanager
def _drawing(rng: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Let a model draw from a seed of the round's, and put torch's generators back."""
    # A stream of its own: the order of the samples stays as it is without it.
    seed = int(rng.spawn(1)[0].integers(2**63))
    # Of other devices PyTorch has no fork: there dropout is not the same again.
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(seed)
        for one in devices:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(seed)
        yield
