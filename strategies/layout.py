"""A model's arrays as one vector: which array lies where."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

from strategies.arrays import (
    BadArrayError,
    as_array,
    decode,
    is_finite,
    record_of,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

# Whole, real and complex numbers that a float64 can hold, or two of them.
_WIDEST = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16}


@dataclass(frozen=True, slots=True)
class Layout:
    """Arrays of a model: names in a fixed order, shapes, types.

    Parameters
    ----------
    names : tuple of str
    shapes : tuple of tuple of int
    dtypes : tuple of numpy.dtype
    buffers : frozenset of str
        Which of them are no parameters, see `strategies.buffers`: they travel with the
        model and have no place in its vector.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    buffers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, record: ArrayRecord) -> Layout:
        """Read the layout of the global model, in its own order.

        Raises
        ------
        BadArrayError
            If an array cannot be averaged, or is not what it says.
        """
        for name, array in record.items():
            _check_averaged(name, array.dtype)
        arrays = values_of(record)
        return cls(
            tuple(arrays),
            tuple(a.shape for a in arrays.values()),
            tuple(a.dtype for a in arrays.values()),
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the vector: float32, or float64 if a parameter needs it."""
        parts = [np.empty(0, dtype).real.dtype for _, _, dtype in self._parameters()]
        return np.result_type(np.float32, *parts)

    @property
    def size(self) -> int:
        """Length of the vector: the parameters' elements, a complex one counting twice."""
        return sum(_length(shape, dtype) for _, shape, dtype in self._parameters())

    @property
    def judged(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the parameters in the vector's order; a complex one ends in 2 parts."""
        return tuple(
            (*shape, 2) if dtype.kind == "c" else shape
            for _, shape, dtype in self._parameters()
        )

    def flatten(
        self, record: ArrayRecord, out: NDArray[Any], minus: NDArray[Any] | float = 0.0
    ) -> dict[str, NDArray[Any]]:
        """Decode a record into a vector, checking everything but the values on the way.

        Parameters
        ----------
        record : ArrayRecord
            From anywhere: nothing in it is believed.
        out : (size,) array
            Filled with the parameters, in order; a complex number is two.
        minus : (size,) array, optional
            Subtracted in the same pass: the global model, where `out` is an update.

        Returns
        -------
        dict
            The buffers, by name.

        Raises
        ------
        BadArrayError
            If a name, shape, type or byte is not what the model needs.
        """
        return self.fill(self.values(record), out, minus)

    def values(self, record: ArrayRecord) -> dict[str, NDArray[Any]]:
        """View a record's arrays by name; nothing in it is believed but the values.

        Raises
        ------
        BadArrayError
            If a name, shape, type or byte is not what the model needs.
        """
        if set(record) != set(self.names):
            raise BadArrayError(_difference(set(record), set(self.names)))
        return {
            name: decode(record[name], name, shape, dtype)
            for name, shape, dtype in zip(self.names, self.shapes, self.dtypes, strict=True)
        }

    def fill(
        self,
        values: Mapping[str, NDArray[Any]],
        out: NDArray[Any],
        minus: NDArray[Any] | float = 0.0,
    ) -> dict[str, NDArray[Any]]:
        """Put arrays into a vector as `flatten` does, which has them from a record."""
        base = np.broadcast_to(minus, out.shape)
        start = 0
        for flat in self.pieces(values):
            stop = start + flat.size
            with np.errstate(over="ignore", invalid="ignore"):
                np.subtract(flat, base[start:stop], out=out[start:stop])
            start = stop
        return {name: values[name] for name in self.names if name in self.buffers}

    def pieces(self, values: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """View the parameters as the flat arrays that their vector is made of, in its order.

        Examples
        --------
        >>> layout = Layout(("z",), ((1,),), (np.dtype(np.complex128),))
        >>> layout.pieces({"z": np.array([1 + 2j])})
        [array([1., 2.])]
        """
        flat = [values[name].ravel() for name, _, _ in self._parameters()]
        return [one.view(one.real.dtype) if one.dtype.kind == "c" else one for one in flat]

    def moved(
        self,
        model: NDArray[Any],
        step: NDArray[Any],
        record: ArrayRecord,
        buffers: Mapping[str, NDArray[Any]],
    ) -> ArrayRecord | None:
        """Move a model by a step, an array at a time: the sum is never there as a whole.

        Parameters
        ----------
        model : (size,) array
            The record's parameters.
        step : (size,) array
        record : ArrayRecord
            The model.
        buffers : mapping
            Those that change, by name; the others stay as they are.

        Returns
        -------
        ArrayRecord or None
            None where the sum is not finite, or does not stay so in a parameter's own type.

        Examples
        --------
        >>> layout = Layout(("w",), ((1,),), (np.dtype(np.float16),))
        >>> record = ArrayRecord({"w": Array(np.ones(1, np.float16))})
        >>> layout.moved(np.ones(1), np.array([2.0]), record, {})["w"].numpy()
        array([3.], dtype=float16)
        >>> layout.moved(np.ones(1), np.array([1e5]), record, {}) is None
        True
        """
        arrays, start = dict(record), 0
        for name, shape, dtype in self._parameters():
            stop = start + _length(shape, dtype)
            with np.errstate(over="ignore", invalid="ignore"):
                piece = model[start:stop] + step[start:stop]
            start = stop
            if not _holds(dtype, piece):
                return None
            if dtype.kind in "biu":
                old = decode(record[name], name, shape, dtype).ravel()
                values = _rounded(piece, old)
            elif dtype.kind == "c":
                values = piece.astype(np.empty(0, dtype).real.dtype, copy=False).view(dtype)
            else:
                values = piece.astype(dtype, copy=False)
            arrays[name] = as_array(values.reshape(shape))
        arrays.update({name: Array(values) for name, values in buffers.items()})
        return record_of(arrays)

    @property
    def stackable(self) -> bool:
        """Whether all parameters are real numbers that are not rounded."""
        return all(dtype.kind == "f" for _, _, dtype in self._parameters())

    def stacked(
        self, model: NDArray[Any], steps: NDArray[Any]
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """Move a model of `stackable` parameters by several steps, as `moved` does by one.

        Parameters
        ----------
        model : (size,) array
        steps : (k, size) array

        Returns
        -------
        tuple
            Name to array (j, *shape), of those j whose sums are finite and stay so in their
            types; and which of the k they are, (k,) bool.

        Examples
        --------
        >>> layout = Layout(("w",), ((1,),), (np.dtype(np.float16),))
        >>> arrays, finite = layout.stacked(np.ones(1), np.array([[2.0], [1e5]]))
        >>> arrays["w"], finite
        (array([[3.]], dtype=float16), array([ True, False]))
        """
        with np.errstate(over="ignore", invalid="ignore"):
            moved = model + steps
            finite = np.isfinite(moved).all(axis=1)
            start, found = 0, {}
            for name, shape, dtype in self._parameters():
                stop = start + _length(shape, dtype)
                piece = moved[:, start:stop].astype(dtype, copy=False)
                if dtype.itemsize < moved.dtype.itemsize:
                    finite &= np.isfinite(piece).all(axis=1)
                found[name] = piece.reshape(-1, *shape)
                start = stop
        if not finite.all():
            found = {name: array[finite] for name, array in found.items()}
        return found, finite

    def _parameters(self) -> Iterator[tuple[str, tuple[int, ...], np.dtype[Any]]]:
        for name, shape, dtype in zip(self.names, self.shapes, self.dtypes, strict=True):
            if name not in self.buffers:
                yield name, shape, dtype


def _check_averaged(name: str, dtype: str) -> None:
    """Refuse an array of the model of whose values there is no mean."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(np.void)  # an extension that this process has not even imported
    # Extensions, isbuiltin 2, may be of any kind.
    if found.itemsize > _WIDEST.get(found.kind, -1) or found.isbuiltin == 2:
        raise BadArrayError(
            f"array {name!r} has the type {dtype[:40]}, which cannot be averaged: send real,"
            " complex or whole numbers of NumPy's own, up to float64, complex128 and 64 bits"
        )


def _length(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return prod(shape) * (2 if dtype.kind == "c" else 1)


def _holds(dtype: np.dtype[Any], values: NDArray[Any]) -> bool:
    """Whether values are finite, and stay so in a type."""
    if not is_finite(values):
        return False
    # A whole number ends at its type's ends: that is no overflow.
    if dtype.kind not in "fc" or not values.size:
        return True
    most = np.finfo(dtype).max
    return bool(np.finfo(values.dtype).max <= most or np.abs(values).max() <= most)


def _rounded(values: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """Round to the whole numbers of the old ones' type, ending at its ends."""
    if old.dtype.kind == "b":
        return values >= 0.5
    info = np.iinfo(old.dtype)
    most = float(info.max)
    if most > info.max:  # 2**63 is no int64
        most = float(np.nextafter(most, 0.0))
    whole = np.rint(values.astype(np.float64))
    # Beyond 2**53 a float64 is no exact number: what did not move stays as it was.
    same = whole == old.astype(np.float64)
    return np.where(same, old, np.clip(whole, float(info.min), most).astype(old.dtype))


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
