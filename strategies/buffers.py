"""Buffers: what travels with a model and is not trained, such as running statistics.

They say nothing of how a contributor trained, and their size has nothing to do with that of
an update: they are left out of q, and no weight can make one contributor's count. What is not
finite in them at the server, as in a causal mask, stays as it is.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from strategies.arrays import is_finite, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from flwr.app import ArrayRecord
    from numpy.typing import NDArray

    from strategies.layout import Layout

    Judged = Callable[[str], bool] | Collection[str]

# How the last part of their names ends: PyTorch's batch and instance normalisation, and
# Keras's, of which version 2 counts outputs after a colon.
_NAMES = (
    "running_mean",
    "running_var",
    "num_batches_tracked",
    "moving_mean",
    "moving_variance",
)
# What Flax keeps them below.
_COLLECTION = "batch_stats"


def buffers_of(
    layout: Layout, judged: Judged | None = None, infinite: Collection[str] = ()
) -> frozenset[str]:
    """Tell a model's buffers from the parameters, by which its contributors are judged.

    Parameters
    ----------
    layout : Layout
    judged : collection of str or callable, optional
        The parameters' names, or a function that says of a name whether it is one's. If not
        given: whatever is neither named as PyTorch, Keras and Flax name running statistics
        nor of whole numbers; or, in a model of whole numbers alone, these.
    infinite : collection of str
        Arrays that hold inf, as masks do: no parameters, if `judged` is not given.

    Raises
    ------
    ValueError
        If a name is no array's, or no value is left to judge by.

    Examples
    --------
    >>> from strategies.layout import Layout
    >>> kinds = tuple(map(np.dtype, ("float32", "float32", "int64")))
    >>> names = "fc.weight", "bn.running_var", "bn.num_batches_tracked"
    >>> sorted(buffers_of(Layout(names, ((4,), (2,), ()), kinds)))
    ['bn.num_batches_tracked', 'bn.running_var']
    """
    names = frozenset(layout.names)
    if judged is None:
        named = {name for name in names if _is_statistic(name) or name in infinite}
        whole = {
            n for n, d in zip(layout.names, layout.dtypes, strict=True) if d.kind in "biu"
        }
        choices = [names - named - whole, names - named, names.difference(infinite)]
    elif callable(judged):
        choices = [frozenset(name for name in names if judged(name))]
    else:
        if unknown := sorted(set(judged) - names):
            raise ValueError(
                f"judged names {', '.join(map(repr, unknown[:3]))}, which the model does not"
                f" have: it has {', '.join(map(repr, sorted(names)[:5]))}"
            )
        choices = [frozenset(judged)]
    sizes = {n: prod(s) for n, s in zip(layout.names, layout.shapes, strict=True)}
    for chosen in choices:
        if any(sizes[name] for name in chosen):
            return names - chosen
    raise ValueError(
        f"no value is left to judge contributors by: the model has the arrays"
        f" {', '.join(map(repr, sorted(names)[:5])) or 'none'}"
    )


def _is_statistic(name: str) -> bool:
    *above, last = re.split("[./]", re.sub(r":\d+$", "", name))
    return _COLLECTION in above or f"_{last}".endswith(tuple(f"_{one}" for one in _NAMES))


def infinite_in(record: ArrayRecord) -> frozenset[str]:
    """Find the arrays of a model that hold inf, and no nan: no training leaves such weights.

    Examples
    --------
    >>> from flwr.app import Array, ArrayRecord
    >>> mask = np.triu(np.full((2, 2), -np.inf, np.float32), 1)
    >>> sorted(infinite_in(ArrayRecord({"mask": Array(mask), "w": Array(np.ones(2))})))
    ['mask']
    """
    return frozenset(
        name
        for name, values in values_of(record).items()
        if not is_finite(values) and not np.isnan(values).any()
    )


def settled(
    values: Mapping[str, NDArray[Any]], before: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Copy buffers, keeping what was not finite as it was.

    Examples
    --------
    >>> settled({"m": np.array([2.0, 3.0])}, {"m": np.array([1.0, -np.inf])})
    {'m': array([  2., -inf])}
    """
    return {
        name: value.copy()
        if is_finite(before[name])
        else np.where(np.isfinite(before[name]), value, before[name])
        for name, value in values.items()
    }


def medians(
    buffers: Sequence[Mapping[str, NDArray[Any]]], entered: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """Take each buffer's median over the contributors who enter the model.

    Parameters
    ----------
    buffers : (n,) sequence of mapping
        Each contributor's, by name.
    entered : (n,) bool

    Returns
    -------
    dict
        By name; empty if nobody enters.
    """
    own = [one for one, counts in zip(buffers, entered, strict=True) if counts]
    return {name: median([one[name] for one in own]) for name in (own[0] if own else ())}


def median(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Take the coordinate-wise median in the values' own type (Yin et al. 2018).

    Less than half of those who sent them cannot bring it outside what the others sent: no
    negative variance, no counter of 2**62. Between two whole numbers it is the middle,
    rounded down.

    Parameters
    ----------
    values : sequence of array
        At least one, all of one shape and type; where not finite, all the same.

    Examples
    --------
    >>> median([np.array([1, 7]), np.array([3, 7]), np.array([2**62, -(2**63)])])
    array([3, 7])
    """
    stacked = np.stack(values)
    shape, dtype = stacked.shape[1:], stacked.dtype
    flat = stacked.reshape(len(values), -1)
    if dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    elif dtype.kind == "b":
        flat = flat.view(np.uint8)
    flat.sort(axis=0)
    low, high = flat[(len(flat) - 1) // 2], flat[len(flat) // 2]
    if dtype.kind == "i":
        # The distance of two whole numbers may be twice what their own type holds.
        bits = np.dtype(f"u{dtype.itemsize}")
        between = low + ((high.view(bits) - low.view(bits)) // bits.type(2)).view(dtype)
    elif dtype.kind in "ub":
        between = low + (high - low) // flat.dtype.type(2)
    else:
        between = np.where(low == high, low, low / 2 + high / 2)
    found: NDArray[Any] = between.view(dtype).reshape(shape)
    return found
