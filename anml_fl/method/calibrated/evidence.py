"""Kinds of evidence: each a function of a round and of what is remembered, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.directions import units
from anml_fl.method.calibrated.output_rows import row_agreement
from anml_fl.method.calibrated.root_function import centred, correlation, normalised, teacher
from anml_fl.method.calibrated.sketch import sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.method.calibrated.memory import Memory
    from anml_fl.method.calibrated.observed import Observed
    from anml_fl.method.calibrated.root import Root

SLOW, FAST = 0.9, 0.6
"""Decay of what is remembered: of habits, and of whoever has turned."""

# A turncoat counts as what it does now where that is worse by so much.
_TURNED = 0.2
_LOW, _HIGH = -0.5, 1.0


def scaled(
    values: NDArray[np.float64], floor: float, *, positive: bool
) -> NDArray[np.float64]:
    """Measure agreements by the median contributor's: 1 is like it, 0 is no agreement at all.

    1 + (x_i - m) / max(m, floor), m the median, or that of the positive values. Below the
    floor differences are noise, and are not blown up: owners of a rare class would be left
    out, and the model would forget it.

    Examples
    --------
    >>> scaled(np.array([0.5, 0.5, -0.25]), 0.25, positive=True)
    array([ 1. ,  1. , -0.5])
    """
    middle = float(np.median(values))
    if positive:
        above = values[values > 0]
        middle = float(np.median(above)) if above.size else floor
    return 1.0 + (values - middle) / max(middle, floor)


def remembered(
    name: str,
    observed: Observed,
    memory: Memory,
    values: NDArray[np.float64],
    judge: Callable[[NDArray[np.float64], float], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], Memory]:
    """Judge by a slow and by a quick memory: the worse of the two, within [-.5, 1].

    Parameters
    ----------
    name : str
        Of the memory.
    observed : Observed
    memory : Memory
    values : (n, ...) float64
        Of this round.
    judge : callable
        From remembered values and their decay to agreements (n,), 1 for the median's.
    """
    found = []
    for decay, less in ((SLOW, 0.0), (FAST, _TURNED)):
        key = f"{name}.{decay:g}"
        memory = memory.added(key, observed.contributors, values, decay)
        sums = memory.of(key, observed.contributors, values.shape[1:])
        found.append(judge(sums, decay) + less)
    return np.clip(np.minimum(*found), _LOW, _HIGH), memory


def output_rows(
    observed: Observed, memory: Memory, voices: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Memory]:
    """Agreement of output rows with the middle ones, see `output_rows.row_agreement`."""
    layer = observed.layer
    assert layer is not None  # noqa: S101 - who has none is not asked
    rows = layer.rows(observed.updates)
    shape = rows.shape
    flat = units(rows.reshape(shape[0], -1))

    def judge(sums: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
        return scaled(row_agreement(units(sums).reshape(shape), voices), 0.4, positive=False)

    return remembered("rows", observed, memory, flat, judge)


def root_function(
    observed: Observed, memory: Memory, root: Root
) -> tuple[NDArray[np.float64], Memory]:
    """Correlation of what an update alone does to the root set's outputs with their labels."""
    now = root.outputs(np.zeros_like(observed.updates[:1]))[0]
    changes = root.outputs(observed.updates) - now
    moved = normalised(centred(changes, root.labels, root.classes))
    taught = teacher(root.labels, root.classes, now)

    def judge(sums: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
        return scaled(correlation(sums, taught), 0.25, positive=True)

    return remembered("function", observed, memory, moved, judge)


def root_direction(
    observed: Observed, memory: Memory, root: Root
) -> tuple[NDArray[np.float64], Memory]:
    """Cosine of the remembered update with the remembered step that the root set leads to."""
    own = units(sketch(root.step()[None]))
    # The root set is remembered beside the contributors, under a name that none of them has.
    for decay in (SLOW, FAST):
        memory = memory.added(f"step.{decay:g}", ("",), own, decay)
    steps = {d: memory.of(f"step.{d:g}", ("",), own.shape[1:])[0] for d in (SLOW, FAST)}

    def judge(sums: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
        return scaled(units(sums) @ units(steps[decay][None])[0], 0.25, positive=True)

    return remembered("direction", observed, memory, observed.folded, judge)
