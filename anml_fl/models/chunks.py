"""Chunks of a cohort: models that are worked on together, and the threads they go to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch

from anml_fl.models.backpropagation import chunk_models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


def chunks(models: int, sizes: Sequence[int], n: int, like: Tensor) -> list[slice]:
    """Cut a cohort into chunks that stay in a core's cache, and into one for each thread.

    Parameters
    ----------
    models : int
    sizes : sequence of int
        Units of each layer, the input's first.
    n : int
        Samples in a batch.
    like : torch.Tensor
        Whose type and device are meant; a device of another kind takes all at once.

    Examples
    --------
    >>> chunks(30, (13, 64, 32, 3), 16, torch.zeros(1).to("meta"))
    [slice(0, 30, None)]
    """
    together = models
    if like.device.type == "cpu":
        share = -(-models // torch.get_num_threads())
        together = min(chunk_models(sizes, n, like.dtype), share)
    return [slice(at, min(at + together, models)) for at in range(0, models, together)]


def of_chunk(tensor: Tensor, chunk: slice) -> Tensor:
    """Take a chunk's part of what every model has, or what all of them share.

    Returns
    -------
    tensor
        A view.

    Examples
    --------
    >>> of_chunk(torch.zeros(1, 5), slice(2, 4)).shape
    torch.Size([1, 5])
    """
    return tensor[chunk] if len(tensor) > 1 else tensor


def on_all_threads(work: Callable[[slice], None], parts: Sequence[slice]) -> None:
    """Give each of torch's threads a chunk at a time, since sharing a small product costs.

    Each does its products alone, so that sums don't depend on how many there are.

    Parameters
    ----------
    work : callable
        Told a chunk; runs without autograd.
    parts : sequence of slice
    """
    threads = torch.get_num_threads()

    def alone(part: slice) -> None:
        with torch.no_grad():
            work(part)

    try:
        torch.set_num_threads(1)
        if min(threads, len(parts)) == 1:
            for part in parts:
                alone(part)
            return
        pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        with pool:
            for _ in pool.map(alone, parts):
                pass
    finally:
        torch.set_num_threads(threads)
