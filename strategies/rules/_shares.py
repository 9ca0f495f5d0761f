"""What rules share that decide by shares alone: the update, and who is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.decision import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from strategies.cohort import Cohort


def by_shares(
    cohort: Cohort,
    shares: NDArray[np.float64],
    nobody: str,
    state: Mapping[str, NDArray[Any]] | None = None,
) -> Decision:
    """Average by shares; where all are 0 the model stays as it is, and the note says why.

    Parameters
    ----------
    cohort : Cohort
    shares : (n,) float64
        >= 0, summing to 1, or all 0. Example factors are in them.
    nobody : str
        The note.
    state : mapping, optional
        For the next round.
    """
    selected = shares > 0
    return Decision(
        shares.astype(cohort.updates.dtype) @ cohort.updates,
        shares,
        selected,
        note=None if selected.any() else nobody,
        state=state or {},
    )
