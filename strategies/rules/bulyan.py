"""Bulyan: El Mhamdi, Guerraoui, Rouault, ICML 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from flwr.serverapp.strategy.bulyan import aggregate_n_closest_weights

from anml_fl.method.blockwise_krum import scores_of_distances
from strategies.decision import coordinate_wise
from strategies.rules._columns import by_columns
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision


def bulyan(cohort: Cohort, context: Context) -> Decision:
    """Select by Krum again and again, then average around the median, by Flower.

    It bears f <= (n - 3) / 4 attackers; f is lowered to that,
    and the record says so.
    """
    n = len(cohort.contributors)
    wanted = byzantine(n, context.settings)
    f = max(0, min(wanted, (n - 3) // 4))
    chosen: list[int] = []
    left = list(range(n))
    distances = cohort.rows.distances
    for _ in range(n - 2 * f):
        scores = scores_of_distances(distances[np.ix_(left, left)], n_byzantine=f)
        chosen.append(left.pop(int(np.argmin(scores))))
    rows, closest = sorted(chosen), len(chosen) - 2 * f

    def around_the_median(block: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = block[rows]
        middle = np.median(kept, axis=0)
        return aggregate_n_closest_weights([middle], [[row] for row in kept], closest)[0]

    update = by_columns(cohort.rows, around_the_median)
    selected = np.zeros(n, dtype=bool)
    selected[chosen] = True
    note = f"bulyan bears {f} attackers of {n}, not {wanted}" if f < wanted else None
    return coordinate_wise(cohort, update, selected, note)
