"""Arrays as they travel: bytes that say of themselves what they are, and are not believed."""

from __future__ import annotations

import ast
import re
import struct
import warnings
from functools import lru_cache
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
# NumPy pads its header to 64 bytes; names and shapes of a model's arrays are short.
_LONGEST_HEADER = 4096
_MOST_DIMENSIONS = 64  # NumPy's own limit


class BadArrayError(ValueError):
    """An array that is not what the model needs; the message is the reason."""


def is_finite(values: NDArray[Any]) -> bool:
    """Whether every value is finite; the sum of squares mostly tells, in one pass.

    Examples
    --------
    >>> is_finite(np.array([3e38], np.float32)), is_finite(np.array([[1.0, np.inf]]))
    (True, False)
    """
    if values.dtype.kind not in "fc":
        return True
    flat = values.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(flat @ flat) or np.isfinite(flat).all())


def decode(
    array: Array, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Read an array's bytes without believing what they say of themselves.

    numpy.load would first allocate what a header claims; here the header is compared
    with what is expected, and the bytes are viewed, not copied.

    Parameters
    ----------
    array : Array
        As received.
    name : str
        Its name, for the reason.
    shape, dtype
        What the model needs.

    Returns
    -------
    array
        Read-only, of that shape and type.

    Raises
    ------
    BadArrayError
        If the bytes are anything else.

    Examples
    --------
    >>> decode(Array(np.ones(2, np.float32)), "w", (2,), np.dtype("float32"))
    array([1., 1.], dtype=float32)
    >>> decode(Array(np.ones(3, np.float32)), "w", (2,), np.dtype("float32"))
    Traceback (most recent call last):
    strategies.arrays.BadArrayError: array 'w' must have shape (2,), got (3,)
    """
    if array.stype != "numpy.ndarray":
        raise BadArrayError(
            f"array {name!r} must be a numpy.ndarray, got {array.stype[:40]!r}"
        )
    if len(array.shape) > _MOST_DIMENSIONS:
        raise BadArrayError(f"array {name!r} claims {len(array.shape)} dimensions")
    found_shape, found_dtype, fortran, offset = _header(array.data, name)
    if found_shape != shape or tuple(array.shape) != shape:
        other = found_shape if found_shape != shape else tuple(array.shape)
        raise BadArrayError(f"array {name!r} must have shape {shape}, got {str(other)[:60]}")
    if found_dtype != dtype.str or array.dtype != name_of(dtype):
        other_type = found_dtype if found_dtype != dtype.str else array.dtype
        raise BadArrayError(f"array {name!r} must be {dtype.name}, got {_named(other_type)}")
    expected = offset + prod(shape) * dtype.itemsize
    if len(array.data) != expected:
        raise BadArrayError(
            f"array {name!r} must have {expected} bytes, got {len(array.data)}"
        )
    values = np.frombuffer(array.data, dtype=dtype, offset=offset)
    return values.reshape(shape, order="F" if fortran else "C")


def as_array(values: NDArray[Any]) -> Array:
    """Put values in C order into an `Array`: the bytes that NumPy writes, in one copy.

    Examples
    --------
    >>> as_array(np.ones((2, 1), np.float32)) == Array(np.ones((2, 1), np.float32))
    True
    """
    head = _written(values.dtype.str, values.shape)
    data = b"".join([head, np.ascontiguousarray(values).data])
    return Array(name_of(values.dtype), values.shape, "numpy.ndarray", data)


# NumPy puts a type's name together anew each time, in longer than an array's bytes take.
@lru_cache(maxsize=256)
def name_of(dtype: np.dtype[Any]) -> str:
    """Name a type as an `Array` does.

    Examples
    --------
    >>> name_of(np.dtype("<f4"))
    'float32'
    """
    return dtype.name


@lru_cache(maxsize=256)
def _written(descr: str, shape: tuple[int, ...]) -> bytes:
    """Write the header of an array in C order."""
    head = BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, fields)
    return head.getvalue()


def record_of(arrays: Mapping[str, Array]) -> ArrayRecord:
    """Put arrays into a record; Flower's own way makes each of them anew.

    Examples
    --------
    >>> record_of({"w": Array(np.ones(2, np.float32))})["w"].numpy()
    array([1., 1.], dtype=float32)
    """
    record = ArrayRecord()
    for name, array in arrays.items():
        record[name] = array
    return record


def values_of(record: ArrayRecord) -> dict[str, NDArray[Any]]:
    """View a record's arrays by name, in a tenth of the time that `Array.numpy` takes.

    Parameters
    ----------
    record : ArrayRecord
        One's own, or the server's: what its arrays say of themselves is asked for.

    Returns
    -------
    dict
        Name to array, read-only.

    Raises
    ------
    BadArrayError
        If an array's bytes are not what it says.

    Examples
    --------
    >>> values_of(ArrayRecord({"w": Array(np.ones(2, np.float32))}))
    {'w': array([1., 1.], dtype=float32)}
    """
    return {
        name: decode(array, name, tuple(array.shape), np.dtype(array.dtype))
        for name, array in record.items()
    }


def _named(dtype: str) -> str:
    """Name a type as NumPy does: float64, where a header says '<f8'."""
    if not re.fullmatch(r"[<>|=]?[biufcV]\d{1,2}", dtype):
        return dtype if re.fullmatch(r"[a-z0-9_]{1,40}", dtype) else repr(dtype[:40])
    try:
        found = np.dtype(dtype)
    except TypeError:
        return repr(dtype)
    return found.name if found.isnative else f"big-endian {found.name}"


def _header(data: bytes, name: str) -> tuple[tuple[int, ...], str, bool, int]:
    """Parse the .npy header (NEP 1): shape, type, Fortran order, where the data start."""
    try:
        if data[:6] != _MAGIC or tuple(data[6:8]) not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError("no .npy magic")
        width = "<H" if data[6] == 1 else "<I"
        start = 8 + struct.calcsize(width)
        (length,) = struct.unpack(width, data[8:start])
        if length > _LONGEST_HEADER:
            raise ValueError("header too long")
        return *_fields(data[start : start + length]), start + length
    except (ValueError, SyntaxError, TypeError, IndexError, struct.error) as error:
        raise BadArrayError(f"array {name!r} is not a readable .npy array") from error
    except (MemoryError, RecursionError) as error:
        raise BadArrayError(f"array {name!r} has a hostile header") from error


# A model's arrays have the same few headers, from every contributor in every round.
@lru_cache(maxsize=256)
def _fields(header: bytes) -> tuple[tuple[int, ...], str, bool]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # odd literals are refused below
        fields = ast.literal_eval(header.decode("latin1"))
    if set(fields) != {"descr", "fortran_order", "shape"}:
        raise ValueError("other keys")
    shape, descr, fortran = fields["shape"], fields["descr"], fields["fortran_order"]
    if type(shape) is not tuple or any(type(side) is not int for side in shape):
        raise ValueError("odd shape")
    if type(descr) is not str or type(fortran) is not bool:
        raise ValueError("odd type or order")
    return shape, descr, fortran
