"""Hashes as entries write them: of bytes, files, summaries and models."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import file_digest, sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def sha256_of(content: bytes) -> str:
    """Hash bytes as entries write it.

    Examples
    --------
    >>> sha256_of(b"")[:20]
    'sha256:e3b0c44298fc1'
    """
    return f"sha256:{sha256(content).hexdigest()}"


def file_hash(path: Path) -> str:
    """Hash a file's bytes as `sha256sum` does.

    Returns
    -------
    str
        "sha256:" and 64 hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return f"sha256:{file_digest(file, 'sha256').hexdigest()}"


def summary_text(summary: Mapping[str, Any]) -> str:
    """Write a summary as `summary.json` has it.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"


def summary_hash(summary: Mapping[str, Any]) -> str:
    """Hash a summary without its seconds, the run's and the strategies': they never repeat.

    Examples
    --------
    >>> one = {"seed": 0, "seconds": 1.5, "strategies": {"anml": {"seconds": 1.5}}}
    >>> summary_hash(one) == summary_hash(one | {"seconds": 2.5})
    True
    """
    untimed = _untimed(summary)
    untimed["strategies"] = {
        name: _untimed(one) for name, one in summary["strategies"].items()
    }
    return sha256_of(summary_text(untimed).encode())


def _untimed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "seconds"}


def model_hash(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Hash a model's arrays: names, types, shapes and values, whatever the mapping's order.

    Before each array's bytes (little-endian, row by row) stands a line of canonical JSON,
    `[name, type, shape]`: it tells how many bytes follow, so that no two models give the
    same text to the hash.

    Parameters
    ----------
    arrays : mapping
        Name to array of numbers or booleans.

    Returns
    -------
    str
        "sha256:" and 64 hexadecimal digits.

    Raises
    ------
    ValueError
        If an array holds something other than numbers.

    Examples
    --------
    >>> model_hash({"w": np.zeros(2, np.float32)}) == model_hash({"w": np.zeros(2)})
    False
    """
    found = sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        if array.dtype.kind not in "biufc":
            raise ValueError(f"array {name!r} must hold numbers, got {array.dtype}")
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        found.update(_head(name, array.dtype.str, array.shape))
        found.update(np.ascontiguousarray(array).data)
    return f"sha256:{found.hexdigest()}"


# A model's arrays have the same heads in every round.
@lru_cache(maxsize=1024)
def _head(name: str, kind: str, shape: tuple[int, ...]) -> bytes:
    return rfc8785.dumps([name, kind, list(shape)]) + b"\n"
