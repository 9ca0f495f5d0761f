"""Mimic: all attackers copy one honest contributor, whom they make too weighty.

Karimireddy, He, Jaggi: Byzantine-robust learning on heterogeneous datasets via bucketing,
ICLR 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight


def most_extreme(honest: NDArray[Any]) -> int:
    """Find whom to copy: i* = argmax_i abs(z . (x_i - mu)), z the direction of most variance.

    The paper learns z in the first rounds and keeps i*. Here both are those of the round,
    since contributors keep nothing between rounds.

    Parameters
    ----------
    honest : (m, d) array
        m >= 1.

    Returns
    -------
    int
        The first of those who are equally far.

    Examples
    --------
    >>> most_extreme(np.array([[0.0, 0.0], [1.0, 0.1], [5.0, 0.0]]))
    2
    """
    rows = honest.astype(np.float64)
    rows = rows - rows.mean(axis=0)
    # The projections on z are the first eigenvector of the m x m products, but for its length.
    farness = np.abs(np.linalg.eigh(rows @ rows.T)[1][:, -1])
    return int(np.flatnonzero(farness >= farness.max() * (1 - 1e-9))[0])


def _sent(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    return together("mimic", update, sight, lambda honest: honest[most_extreme(honest)])


mimic = Behaviour(update=_sent)
