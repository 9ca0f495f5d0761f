"""What several rules tell contributors apart by, in one word or on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTH = "length of its update"


def of_the_most(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide values >= 0 by the greatest; as they are where all are 0.

    Examples
    --------
    >>> import numpy as np
    >>> of_the_most(np.array([0.5, 2.0])), of_the_most(np.zeros(1))
    (array([0.25, 1.  ]), array([0.]))
    """
    most = values.max(initial=0.0)
    return values / most if most > 0 else values
