"""Momentum of each contributor's updates, which takes from an attack what varies over time.

Karimireddy, He, Jaggi: Learning from history for Byzantine robust optimization, ICML 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def client_momentum(
    before: NDArray[Any], updates: NDArray[Any], known: NDArray[np.bool_], beta: float
) -> NDArray[Any]:
    """Go on with each contributor's momentum: m_i <- beta m_i + (1 - beta) x_i.

    Parameters
    ----------
    before : (n, d) array
        m_i, whatever where it is not known.
    updates : (n, d) array
        x_i.
    known : (n,) bool
        Who has one; the others begin at their own update.
    beta : float
        In [0, 1).

    Returns
    -------
    (n, d) array
        In the updates' type.

    References
    ----------
    Karimireddy et al. 2021, algorithm 1: its workers send m_i. A worker may send what it
    likes, so that a server which keeps m_i of what is sent as x_i bears the same attacks.

    Examples
    --------
    >>> before, known = np.array([[1.0], [0.0]]), np.array([True, False])
    >>> client_momentum(before, np.array([[3.0], [3.0]]), known, 0.5)
    array([[2.],
           [3.]])
    """
    rates = np.where(known, beta, 0.0).astype(updates.dtype)[:, None]
    moved: NDArray[Any] = np.where(known[:, None], before, 0).astype(updates.dtype)
    moved *= rates
    moved += (1 - rates) * updates
    return moved
