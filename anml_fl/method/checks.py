"""Checks on signals, with errors that name the argument, the index and the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def real_numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values as float64 after checking that they are real numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    values : float or array

    Raises
    ------
    ValueError
        If they are text, complex, dates, objects, or of no regular shape.

    Examples
    --------
    >>> real_numbers("q", [0.5 + 1j])
    Traceback (most recent call last):
    ValueError: q must be real numbers, got complex128
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a regular array of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got {array.dtype}")
    return array.astype(np.float64)


def vector(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values as a float64 vector; see `real_numbers`.

    Parameters
    ----------
    name : str
    values : (n,) array

    Returns
    -------
    (n,) float64

    Raises
    ------
    ValueError
        If they are no vector of real numbers.

    Examples
    --------
    >>> vector("weights", 1.0)
    Traceback (most recent call last):
    ValueError: weights must be a vector, got shape ()
    """
    array = real_numbers(name, values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector, got shape {array.shape}")
    return array


def number(name: str, value: object, low: float, high: float) -> float:
    """Return a setting after checking that it is one number in [low, high].

    Raises
    ------
    ValueError

    Examples
    --------
    >>> number("alpha", "half", 0, 1)
    Traceback (most recent call last):
    ValueError: alpha must lie in [0, 1], got alpha = 'half'
    """
    if (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and low <= value <= high
    ):
        return float(value)
    raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {name} = {value!r}")


def count(name: str, value: object) -> int:
    """Return a setting after checking that it is one whole number >= 0.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> count("n_byzantine", 1.5)
    Traceback (most recent call last):
    ValueError: n_byzantine must be >= 0 and whole, got 1.5
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0:
        return int(value)
    raise ValueError(f"{name} must be >= 0 and whole, got {value!r}")


def unit_interval(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values as float64 after checking that each is finite and in [0, 1].

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    values : float or array
        Signals.

    Returns
    -------
    float64 array
        The same values.

    Raises
    ------
    ValueError
        Naming the first bad index and its value.

    Examples
    --------
    >>> unit_interval("q", [0.0, 1.5])
    Traceback (most recent call last):
    ValueError: q must lie in [0, 1], got q[1] = 1.5
    """
    array = real_numbers(name, values)
    inside = (array >= 0) & (array <= 1)  # False for NaN
    if not inside.all():
        index = int(np.flatnonzero(~inside.ravel())[0])
        where = f"{name}[{index}]" if array.ndim else name
        raise ValueError(f"{name} must lie in [0, 1], got {where} = {array.ravel()[index]}")
    return array


def signal_vectors(**signals: ArrayLike) -> list[NDArray[np.float64]]:
    """Check signals together: each in [0, 1], all vectors of one length.

    Parameters
    ----------
    **signals : float or (n,) array
        By name; the first sets the length, scalars are repeated to it.

    Returns
    -------
    list of (n,) float64
        In the order given.

    Raises
    ------
    ValueError
        If a value lies outside [0, 1], or a length differs.

    Examples
    --------
    >>> signal_vectors(q=[0.1, 0.2], T=1.0)
    [array([0.1, 0.2]), array([1., 1.])]
    """
    arrays = {name: unit_interval(name, values) for name, values in signals.items()}
    first, leading = next(iter(arrays.items()))
    if leading.ndim != 1 or leading.size == 0:
        raise ValueError(f"{first} must be a non-empty vector, got shape {leading.shape}")
    for name, array in arrays.items():
        if array.ndim and array.shape != leading.shape:
            raise ValueError(
                f"{name} must have the length of {first}, {leading.size},"
                f" got shape {array.shape}"
            )
    return [np.broadcast_to(array, leading.shape).copy() for array in arrays.values()]
