"""A run's rounds as matrices: who was selected, who was paid, and who was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord

    Floats = NDArray[np.float64]

# As a round's note says that it has no new model.
_STANDS = ("the model stays as it is", "the old one is kept")


class Rounds(NamedTuple):
    """What records say of each contributor in each round.

    Parameters
    ----------
    selected, weights, left_out : (rounds, n) float
        1 where an update went into the model; its weight; 1 where it was left out before any
        rule saw it.
    stood : (rounds,) bool
        Whether the model stayed as it was.
    """

    selected: Floats
    weights: Floats
    left_out: Floats
    stood: NDArray[np.bool_]


def rounds_of(records: Sequence[RoundRecord], names: Sequence[str]) -> Rounds:
    """Put records into matrices.

    Parameters
    ----------
    records : sequence of RoundRecord
    names : sequence of str
        Contributors in the order of the columns.
    """
    place = {name: i for i, name in enumerate(names)}
    selected, weights, left_out = np.zeros((3, len(records), len(names)))
    for row, record in enumerate(records):
        for person in record.contributors:
            column = place[person.contributor]
            selected[row, column] = person.selected
            weights[row, column] = person.weight
            left_out[row, column] = person.reason is not None
    stood = np.array([_stands(record.note or "") for record in records])
    return Rounds(selected, weights, left_out, stood)


def _stands(note: str) -> bool:
    return any(words in note for words in _STANDS)
