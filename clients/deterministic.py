"""The same bytes again on a GPU."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Let a GPU of CUDA take the ways that give the same bytes again, where it has them.

    Where it has none PyTorch warns. Other devices are left as they are.

    Examples
    --------
    >>> with deterministic(torch.device("cpu")):
    ...     torch.are_deterministic_algorithms_enabled()
    False
    """
    if device.type != "cuda":
        yield
        return
    # cuBLAS reads it before its first product; a value of the user's stays.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
