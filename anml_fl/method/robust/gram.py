"""Inner products of rows, and their spectrum: on one thread, which small matrices are done by.

More threads wait for each other longer than they work, and sum in another order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def gram(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply rows (n, d) with each other: (n, n)."""
    with one_thread():
        given = torch.from_numpy(rows)
        found: NDArray[np.float64] = (given @ given.T).numpy()
    return found


def principal(
    rows: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the first principal components of centred rows (n, d), by their Gram matrix.

    Returns
    -------
    tuple
        Eigenvalues (count,) >= 0, ascending; and eigenvectors (n, count): times their roots,
        the rows' places along the components.

    Examples
    --------
    >>> import numpy as np
    >>> values, vectors = principal(np.array([[2.0, 0.0], [-2.0, 0.0]]), 1)
    >>> values, abs(vectors.round(3))
    (array([8.]), array([[0.707],
           [0.707]]))
    """
    with one_thread():
        values, vectors = torch.linalg.eigh(torch.from_numpy(gram(rows)))
    return values[-count:].clamp(min=0.0).numpy(), vectors[:, -count:].numpy()
