"""A model's arrays as one vector: which array lies where."""

from __future__ import annotations

import ast
import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
# NumPy pads its header to 64 bytes; names and shapes of a model's arrays are short.
_LONGEST_HEADER = 4096
_MOST_DIMENSIONS = 64  # NumPy's own limit


class BadArrayError(ValueError):
    """An array that is not what the model needs; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Arrays of a model: names in a fixed order, shapes, types.

    Parameters
    ----------
    names : tuple of str
    shapes : tuple of tuple of int
    dtypes : tuple of numpy.dtype
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]

    @classmethod
    def of(cls, record: ArrayRecord) -> Layout:
        """Read the layout of the global model, in its own order."""
        arrays = values_of(record)
        return cls(
            tuple(arrays),
            tuple(a.shape for a in arrays.values()),
            tuple(a.dtype for a in arrays.values()),
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the vector: float32, or float64 if an array needs it."""
        floats = [dtype for dtype in self.dtypes if dtype.kind == "f"]
        return np.result_type(np.float32, *floats)

    @property
    def size(self) -> int:
        """Length of the vector: the floating arrays' elements."""
        return sum(
            prod(shape)
            for shape, dtype in zip(self.shapes, self.dtypes, strict=True)
            if dtype.kind == "f"
        )

    def flatten(
        self, record: ArrayRecord, out: NDArray[Any], minus: NDArray[Any] | float = 0.0
    ) -> None:
        """Decode a record into a vector, checking everything but the values on the way.

        Parameters
        ----------
        record : ArrayRecord
            From anywhere: nothing in it is believed.
        out : (size,) array
            Filled with the floating arrays, in order.
        minus : (size,) array, optional
            Subtracted in the same pass: the global model, where `out` is an update.

        Raises
        ------
        BadArrayError
            If a name, shape, type or byte is not what the model needs.
        """
        if set(record) != set(self.names):
            raise BadArrayError(_difference(set(record), set(self.names)))
        base = np.broadcast_to(minus, out.shape)
        start = 0
        for name, shape, dtype in zip(self.names, self.shapes, self.dtypes, strict=True):
            values = decode(record[name], name, shape, dtype)
            if dtype.kind == "f":
                stop = start + values.size
                with np.errstate(over="ignore", invalid="ignore"):
                    np.subtract(values.ravel(), base[start:stop], out=out[start:stop])
                start = stop

    def restore(self, vector: NDArray[Any], template: ArrayRecord) -> ArrayRecord:
        """Turn a vector back into a record; arrays that are not floating stay as they are.

        Parameters
        ----------
        vector : (size,) array
        template : ArrayRecord
            The model that the vector was an update of.

        Returns
        -------
        ArrayRecord
        """
        arrays, start = {}, 0
        for name, shape, dtype in zip(self.names, self.shapes, self.dtypes, strict=True):
            if dtype.kind == "f":
                piece = vector[start : start + prod(shape)]
                arrays[name] = Array(piece.reshape(shape).astype(dtype))
                start += piece.size
            else:
                arrays[name] = template[name]
        return ArrayRecord(arrays)


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
    strategies.layout.BadArrayError: array 'w' must have shape (2,), got (3,)
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
    if found_dtype != dtype.str or array.dtype != dtype.name:
        other_type = found_dtype if found_dtype != dtype.str else array.dtype
        raise BadArrayError(f"array {name!r} must be {dtype.name}, got {other_type[:40]!r}")
    expected = offset + prod(shape) * dtype.itemsize
    if len(array.data) != expected:
        raise BadArrayError(
            f"array {name!r} must have {expected} bytes, got {len(array.data)}"
        )
    values = np.frombuffer(array.data, dtype=dtype, offset=offset)
    return values.reshape(shape, order="F" if fortran else "C")


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


def _difference(found: set[str], needed: set[str]) -> str:
    parts = []
    if missing := sorted(needed - found):
        parts.append(f"missing arrays {_shortened(missing)}")
    if extra := sorted(found - needed):
        parts.append(f"unknown arrays {_shortened(extra)}")
    return ", ".join(parts)


def _shortened(names: list[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
