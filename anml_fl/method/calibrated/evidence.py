"""Kinds of evidence: each a function of a round and of what is remembered, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.company import settled, significance
from anml_fl.method.calibrated.directions import geometric_median, units
from anml_fl.method.calibrated.output_rows import row_agreement
from anml_fl.method.calibrated.sketch import sketch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.memory import Memory
    from anml_fl.method.calibrated.observed import Observed
    from anml_fl.method.calibrated.output_rows import OutputLayer
    from anml_fl.method.calibrated.root import Root

    Found = tuple[NDArray[np.float64], Memory]

DECAY = 0.9
"""What is left of an earlier round's direction; of what somebody brought to the company .8."""

_COMPANY_DECAY = 0.8
# Agreements count within these ends, 1 being the median contributor's.
_LOW, _HIGH = -0.5, 1.0
# Nats for one unit, and the agreement that speaks neither for nor against.
_DIRECTION, _DIRECTION_NEUTRAL = 5.0, 0.2
_MIDDLE, _MIDDLE_NEUTRAL = 10.0, -0.12
# Nats for one standard error, and how many count.
_COMPANY, _ERRORS = 1.5, 4.0


def scaled(
    values: NDArray[np.float64], floor: float, *, positive: bool
) -> NDArray[np.float64]:
    """Measure agreements by the median contributor's, cut off at -.5 and 1.

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
    return np.clip(1.0 + (values - middle) / max(middle, floor), _LOW, _HIGH)


def output_rows(
    observed: Observed, memory: Memory, layer: OutputLayer, voices: NDArray[np.float64]
) -> Found:
    """Log-likelihood ratio of output rows that agree with the middle ones, in [-3.8, 11.2].

    Known failure: see `output_rows.row_agreement`.
    """
    rows = layer.rows(observed.updates)
    flat = units(rows.reshape(len(rows), -1))
    memory = memory.added("rows", observed.contributors, flat, DECAY)
    sums = units(memory.of("rows", observed.contributors, flat.shape[1:]))
    agreement = scaled(row_agreement(sums.reshape(rows.shape), voices), 0.4, positive=False)
    return _MIDDLE * (agreement - _MIDDLE_NEUTRAL), memory


def update_direction(observed: Observed, memory: Memory, voices: NDArray[np.float64]) -> Found:
    """Log-likelihood ratio of whole updates along the middle one, in [-3.8, 11.2].

    For models without a linear output layer. Of remembered sketches: the cosine with their
    geometric median.

    Known failure: as of `row_agreement`; and it cannot tell other classes from other labels.
    """
    memory = memory.added("direction", observed.contributors, observed.folded, DECAY)
    sums = units(memory.of("direction", observed.contributors, observed.folded.shape[1:]))
    middle = units(geometric_median(sums, voices)[None])[0]
    agreement = scaled(sums @ middle, 0.5, positive=False)
    return _MIDDLE * (agreement - _MIDDLE_NEUTRAL), memory


def root_direction(observed: Observed, memory: Memory, root: Root) -> Found:
    """Log-likelihood ratio of updates along the root set's own step, in [-3.5, 4].

    Of remembered sketches: the cosine of sum_t .9^t u_i / |u_i| with sum_t .9^t u_0 / |u_0|,
    where u_0 is the step that training on the root set leads to.

    Known failure: who knows the root set steers along its step and hides beside it what it
    wants; `company` sees what that does.
    """
    own = units(sketch(root.step()[None]))
    # The root set is remembered beside the contributors, under a name that none of them has.
    memory = memory.added("direction", ("",), own, DECAY)
    memory = memory.added("direction", observed.contributors, observed.folded, DECAY)
    sums = units(memory.of("direction", ("", *observed.contributors), own.shape[1:]))
    agreement = scaled(sums[1:] @ sums[0], 0.25, positive=True)
    return _DIRECTION * (agreement - _DIRECTION_NEUTRAL), memory


def company(observed: Observed, memory: Memory, root: Root) -> Found:
    """Log-likelihood ratio of what each brings to the company, in [-6, 6]: its significance.

    The loss of the common model on each root row without a contributor, less that with it,
    remembered by row; its mean in standard errors. See `company.settled`.

    Known failure: of many contributors one hardly moves the mean, and little is significant.
    """
    who = observed.contributors
    before = _COMPANY_DECAY * memory.of("gains", who, (root.labels.size,))
    gains = before + settled(observed, root, before)
    memory = memory.replaced("gains", who, gains)
    return _COMPANY * np.clip(significance(gains), -_ERRORS, _ERRORS), memory
