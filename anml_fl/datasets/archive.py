"""Read NumPy's archives by a description of their arrays: axes, kind, range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Array:
    """What an array must be.

    Parameters
    ----------
    name : str
    axes : tuple of str or int
        Of each axis its length, or a name: those of the same name are as long.
    kinds : str
        NumPy's letters for the kinds of number that are taken: `iu` whole ones, `iuf` all.
    low, high : float
    """

    name: str
    axes: tuple[str | int, ...]
    kinds: str
    low: float
    high: float


def read_arrays(path: Path, *arrays: Array) -> dict[str, NDArray[Any]]:
    """Read arrays of an archive, and refuse what is not as described.

    Parameters
    ----------
    path : Path
        Of an `.npz`. What is in it besides is not read.
    *arrays : Array

    Returns
    -------
    dict
        Name to array.

    Raises
    ------
    TableError
        Naming file, array, place and value, and what would be right.
    """
    found: dict[str, NDArray[Any]] = {}
    cause = ""
    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                found = {one.name: archive[one.name] for one in arrays if one.name in archive}
        except Exception as error:  # noqa: BLE001 - zipfile, zlib, NumPy: what comes to them
            cause = type(error).__name__
    if cause:
        # Without the error itself: some quote what they read.
        raise TableError(
            f"{path} is damaged, or no archive of NumPy's arrays ({cause}): fetch it again"
        )
    lengths: dict[str, tuple[int, str]] = {}
    for one in arrays:
        # Bytes are what NumPy gives of a member that is no array.
        if not isinstance(found.get(one.name), np.ndarray):
            raise TableError(f"{path}: it has no array {one.name!r}: fetch it again")
        _fits(f"{path}, array {one.name}", one, found[one.name], lengths)
    return found


def _fits(
    where: str, one: Array, array: NDArray[Any], lengths: dict[str, tuple[int, str]]
) -> None:
    numbers = "whole numbers" if "f" not in one.kinds else "numbers"
    wanted = f"{numbers}, {_shape(one.axes)}"
    if array.dtype.kind not in one.kinds or array.ndim != len(one.axes):
        raise TableError(
            f"{where}: must be {wanted}, got {array.dtype} of shape {array.shape}"
        )
    for axis, length in zip(one.axes, array.shape, strict=True):
        if isinstance(axis, int):
            if length != axis:
                raise TableError(f"{where}: must be {wanted}, got shape {array.shape}")
            continue
        if not length:
            raise TableError(f"{where}: it is empty")
        first, by = lengths.setdefault(axis, (length, one.name))
        if length != first:
            raise TableError(
                f"{where}: it has {length} {axis}s, and array {by} has {first}; both must have"
                " the same"
            )
    # Not a number is not in any range.
    if (odd := ~((array >= one.low) & (array <= one.high))).any():
        place = tuple(int(i) for i in np.argwhere(odd)[0])
        raise TableError(
            f"{where}: must be {numbers} from {one.low:g} to {one.high:g}, got {array[place]}"
            f" at {list(place)}"
        )


def _shape(axes: tuple[str | int, ...]) -> str:
    return " x ".join(str(axis) if isinstance(axis, int) else f"{axis}s" for axis in axes)
