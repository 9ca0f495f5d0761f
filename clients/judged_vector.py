"""The arrays of a model that are judged, as one vector: what an update changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


def vector_of(arrays: Arrays, judged: Sequence[str]) -> NDArray[Any]:
    """Put the arrays that are judged behind each other.

    Examples
    --------
    >>> vector_of({"a": np.array([[1.0, 2.0]]), "b": np.array([3.0])}, ("a", "b"))
    array([1., 2., 3.])
    """
    return np.concatenate([arrays[name].ravel() for name in judged])


def arrays_with(vector: NDArray[Any], like: Arrays, judged: Sequence[str]) -> Arrays:
    """Take a vector apart again; what is not judged, as buffers, stays as it is.

    Examples
    --------
    >>> like = {"a": np.zeros((1, 2)), "count": np.array(7)}
    >>> arrays_with(np.array([1.0, 2.0]), like, ("a",))
    {'a': array([[1., 2.]]), 'count': array(7)}
    """
    arrays, start = dict(like), 0
    for name in judged:
        old = like[name]
        part = vector[start : start + old.size]
        arrays[name] = part.reshape(old.shape).astype(old.dtype)
        start += old.size
    return arrays
