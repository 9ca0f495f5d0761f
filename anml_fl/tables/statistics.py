"""What a site tells of its training rows, so that all can be put on one scale; no row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts and sums over one site's training rows.

    What is counted fewer times than the least count is not told: its count is 0.

    Parameters
    ----------
    rows : int
    counts : tuple of int
        Of each of `schema.scaled`, how many values are there.
    sums, squares : tuple of float
        Of each, the sum of the values and of their squares; dates in days since 1970-01-01.
    choices : tuple of tuples of int
        Of each of `schema.chosen`, how often each value stands, then unknown ones, then
        missing ones.
    classes : tuple of int
        Rows of each class; empty where the label is a number.
    """

    rows: int
    counts: tuple[int, ...]
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    choices: tuple[tuple[int, ...], ...]
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scales:
    """What `schema.scaled` is standardised by: (value - centre) / spread.

    Parameters
    ----------
    centres : tuple of float
    spreads : tuple of float
        > 0.
    """

    centres: tuple[float, ...]
    spreads: tuple[float, ...]
