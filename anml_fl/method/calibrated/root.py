"""A root set as the method has it: trusted rows, and what models make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Root:
    """Trusted rows of a round; the rows themselves are not here.

    Parameters
    ----------
    labels : (m,) array
        Classes, int64 in [0, classes); or values, float64, where `classes` is 1.
    classes : int
        C; 1 for values.
    outputs : callable
        From steps (k, d) to what the global model, moved by each of them, says of the rows:
        (k, m, C) float64, logits or values, finite.
    step : callable
        Gives the update (d,) that training on the rows leads to.
    about : str
        Where the rows are from, as records say it: such as "80 rows of the server's".
    donated : bool
        Whether contributors gave them, so that nobody vouches for them.
    """

    labels: NDArray[Any]
    classes: int
    outputs: Callable[[NDArray[Any]], NDArray[Any]]
    step: Callable[[], NDArray[Any]]
    about: str
    donated: bool = False
