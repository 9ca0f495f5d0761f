"""The global random generators that other people's code draws from: seeded for a while."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from anml_fl.federation.own_task.restored import restored_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def seeded_generators(rng: np.random.Generator, device: str = "cpu") -> Iterator[None]:
    """Seed the generators of torch, of numpy and of Python, and restore them afterwards.

    Restored is what else `restored_process` restores.

    Parameters
    ----------
    rng : numpy.random.Generator
        Gives their seeds: of `seeding.stream`.
    device : str
        Whose generator is seeded as well, where it is a GPU of CUDA.

    Examples
    --------
    >>> from anml_fl.seeding import stream
    >>> def drawn():
    ...     with seeded_generators(stream(0, "demo")):
    ...         return torch.rand(1).item(), np.random.rand(), random.random()
    >>> drawn() == drawn()
    True
    """
    before = random.getstate()
    legacy: Any = np.random.get_state()  # noqa: NPY002 - the global one is what is meant
    chosen = torch.device(device)
    cuda = [chosen] if chosen.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), restored_process():
        # The CPU's alone: torch.manual_seed asks after every other device first.
        torch.default_generator.manual_seed(int(rng.integers(2**63)))
        if cuda:
            with torch.cuda.device(chosen):
                torch.cuda.manual_seed(int(rng.integers(2**63)))
        np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002 - as above
        random.seed(int(rng.integers(2**63)))
        try:
            yield
        finally:
            random.setstate(before)
            np.random.set_state(legacy)  # noqa: NPY002 - as above


def reseed(loader: Any, rng: np.random.Generator) -> None:
    """Seed the generators that a loader has of its own: they would go on from round to round.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        Or whatever else stands in its place.
    rng : numpy.random.Generator
    """
    batches = getattr(loader, "batch_sampler", None)
    samplers = (loader, getattr(loader, "sampler", None), batches)
    for place in (*samplers, getattr(batches, "sampler", None)):
        own = getattr(place, "generator", None)
        if isinstance(own, torch.Generator):
            own.manual_seed(int(rng.integers(2**63)))
