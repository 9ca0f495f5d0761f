"""What other people's code may change of the process: as it was before, afterwards."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def restored_process() -> Iterator[None]:
    """Restore the working folder, torch's default type, and whether it keeps gradients.

    Examples
    --------
    >>> with restored_process():
    ...     torch.set_default_dtype(torch.float64)
    >>> torch.get_default_dtype()
    torch.float32
    """
    folder, kind, gradients = os.open(".", os.O_RDONLY), *_of_torch()
    try:
        yield
    finally:
        try:
            os.fchdir(folder)
        finally:
            os.close(folder)
            torch.set_default_dtype(kind)
            torch.set_grad_enabled(gradients)


def _of_torch() -> tuple[torch.dtype, bool]:
    return torch.get_default_dtype(), torch.is_grad_enabled()
