"""Kinds of evidence: each a function of a round and of what is remembered; no credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.company import FEW, settled, significance
from anml_fl.method.calibrated.directions import geometric_median, units
from anml_fl.method.calibrated.output_rows import row_agreement
from anml_fl.method.calibrated.root_function import (
    centred,
    correlation,
    normalised,
    teacher,
)
from anml_fl.method.calibrated.sketch import sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from anml_fl.method.calibrated.memory import Memory
    from anml_fl.method.calibrated.observed import Observed

    Found = tuple[NDArray[np.float64], Memory]
    Evidence = Callable[[Observed, Memory, NDArray[np.float64]], Found]

DECAY = 0.9
"""What is left of an earlier round's direction; of what somebody brought to the company .8."""

_COMPANY_DECAY = 0.8
_ERRORS = 4.0
_LEAST_DIRECTION = -0.5


def scaled(
    values: NDArray[np.float64], floor: float, *, positive: bool
) -> NDArray[np.float64]:
    """Measure agreements by the median contributor's, cut off at -1 and 1.

    1 + (x_i - m) / max(m, floor), m the median, or that of the positive values: 1 is like it,
    0 is no agreement at all. Below the floor differences are noise, and are not blown up:
    owners of a rare class would be left out, and the model would forget it.

    Examples
    --------
    >>> scaled(np.array([0.5, 0.5, -0.25]), 0.25, positive=True)
    array([ 1. ,  1. , -0.5])
    """
    middle = float(np.median(values))
    if positive:
        above = values[values > 0]
        middle = float(np.median(above)) if above.size else floor
    return np.clip(1.0 + (values - middle) / max(middle, floor), -1.0, 1.0)


def output_rows(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """Agreement of output rows with the middle ones, (n,) in [-1, 1]; 0 without such a layer.

    Known failure: see `output_rows.row_agreement`.
    """
    layer = observed.layer
    if layer is None:
        return np.zeros(voices.size), memory
    rows = layer.rows(observed.updates)
    flat = units(rows.reshape(len(rows), -1))
    memory = memory.added("rows", observed.contributors, flat, DECAY)
    sums = units(memory.of("rows", observed.contributors, flat.shape[1:]))
    return scaled(row_agreement(sums.reshape(rows.shape), voices), 0.4, positive=False), memory


def update_direction(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """Cosine of whole updates with the middle one, (n,) in [-1, 1]: for any model.

    Of remembered sketches, with their geometric median.

    Known failure: a majority that acts together is the middle; and owners of other classes are
    not told from those with other labels.
    """
    memory = memory.added("direction", observed.contributors, observed.folded, DECAY)
    sums = units(memory.of("direction", observed.contributors, observed.folded.shape[1:]))
    middle = units(geometric_median(sums, voices)[None])[0]
    return scaled(sums @ middle, 0.5, positive=False), memory


def root_function(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """Correlation of what an update alone does to the root set's outputs, (n,) in [-1, 1].

    With their labels, both cleared of what a shift of all classes' frequencies would do.

    Known failure: see `root_function.correlation`.
    """
    root = observed.trusted
    now = root.outputs(np.zeros_like(observed.updates[:1]))[0]
    changes = root.outputs(observed.updates) - now
    moved = normalised(centred(changes, root.labels, root.classes))
    memory = memory.added("function", observed.contributors, moved, DECAY)
    sums = memory.of("function", observed.contributors, moved.shape[1:])
    taught = teacher(root.labels, root.classes, now)
    return scaled(correlation(sums, taught), 0.25, positive=True), memory


def root_direction(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """Cosine of updates with the step that the root set leads to, (n,) in [-.5, 1].

    Of remembered sketches: of sum_t .9^t u_i / |u_i| with sum_t .9^t u_0 / |u_0|, where u_0 is
    the update that training on the root set leads to.

    Known failure: who knows the root set steers along its step and hides beside it what it
    wants; `company` sees what that does.
    """
    own = units(sketch(observed.trusted.step()[None], observed.signs))
    # The root set is remembered beside the contributors, under a name that none of them has.
    memory = memory.added("direction", ("",), own, DECAY)
    memory = memory.added("direction", observed.contributors, observed.folded, DECAY)
    sums = units(memory.of("direction", ("", *observed.contributors), own.shape[1:]))
    # Of few contributors company sees each, and a site that differs is doubted by it alone.
    floor = 0.7 if len(observed.contributors) <= FEW else 0.25
    agreement = scaled(sums[1:] @ sums[0], floor, positive=True)
    return np.maximum(agreement, _LEAST_DIRECTION), memory


def company(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """What each brings to the company, (n,) in standard errors, cut off at -4 and 4.

    The loss of the common model on each root row without a contributor, less that with it,
    remembered by row; its mean in standard errors, from the median contributor's where that is
    negative. See `company.settled`.

    Known failure: of many contributors one hardly moves the mean, and little is significant.
    """
    who, root = observed.contributors, observed.trusted
    before = _COMPANY_DECAY * memory.of("gains", who, (root.labels.size,))
    gains = before + settled(observed, root, before)
    memory = memory.replaced("gains", who, gains)
    errors = significance(gains)
    # Where most seem to do harm it is the others who fit the rows too well: most are honest.
    errors -= min(0.0, float(np.median(errors)))
    return np.clip(errors, -_ERRORS, _ERRORS), memory


KINDS: Mapping[str, Evidence] = {
    "output rows": output_rows,
    "update direction": update_direction,
    "root function": root_function,
    "root direction": root_direction,
    "company": company,
}
"""Every kind by its name in records."""
