"""Evidence of company: how good the common model is on trusted rows without a contributor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.class_shift import class_shift, losses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.observed import Observed
    from anml_fl.method.calibrated.root import Root

# No row counts for more: a model may be confidently wrong about a few of them.
_MOST_CLASSES, _MOST_VALUES = 5.0, 9.0
_TINY = 1e-12
# The mean without a contributor is no further from the mean than so many times the way to it:
# without one of more than .999 of all it is lost in rounding.
_FAR = 1e3
# Numbers of all steps that are asked at once.
_AT_ONCE = 2**20
# Standard errors below which a contributor leaves; and the least that stay.
_HARM, _FEWEST = 2.0, 1 / 3
FEW = 8
"""Of so few each leaving moves the mean far: the outputs are asked again."""


@dataclass(frozen=True, slots=True)
class Company:
    """Outputs of the common model on the root set, and how they change with each contributor.

    Z(mean of company S) ~ Z(m) + sum_j b_j ([j in S] - [j in A]) / b(S) J_j, where m is the
    mean of company A, b are shares, and J_j is the change in the direction V_j - m.
    It is exact where one leaves A or joins it; n + 1 forward passes say what every other
    company would do.

    Parameters
    ----------
    anchor : (n,) bool
        A.
    outputs : (m, C) float64
        Z(m).
    changes : (n, m, C) float64
        J_j.
    base : (n,) float64
        b: FedAvg's shares, none above the median.
    labels : (m,) array
        Classes, or values where C = 1.
    """

    anchor: NDArray[np.bool_]
    outputs: NDArray[np.float64]
    changes: NDArray[np.float64]
    base: NDArray[np.float64]
    labels: NDArray[Any]

    @classmethod
    def of(cls, observed: Observed, root: Root, live: NDArray[np.bool_]) -> Company:
        """Ask the root set of the mean of those who are in, and of each way in or out."""
        # Who claims more than most must not be most of the company that it is measured in.
        base, scales = np.minimum(observed.base, np.median(observed.base)), observed.scales
        inside = base[live].sum()
        mean = _mean(observed, np.where(live, base / inside, 0.0))
        rest = inside - base
        # Who is alone in the company leaves nobody: there is no way out to look at.
        out = np.divide(-base, rest, out=np.full(base.size, -1.0), where=rest > _TINY)
        size = np.where(live, np.maximum(out, -_FAR), base / (inside + base))
        outputs = root.outputs(mean[None])[0]
        changes = np.empty((base.size, *outputs.shape))
        # All of them at once would be the updates over again.
        at_once = max(1, _AT_ONCE // mean.size)
        for start in range(0, base.size, at_once):
            part = slice(start, start + at_once)
            h = size[part, None].astype(mean.dtype)
            steps = observed.updates[part] * (h * scales[part, None].astype(mean.dtype))
            steps += mean * (1 - h)
            changes[part] = root.outputs(steps) - outputs
        changes /= size[:, None, None]
        return cls(live.copy(), outputs, changes, base, root.labels)

    def gains(self, live: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What each brings: the loss without it less the loss with it, by root row.

        Parameters
        ----------
        live : (n,) bool
            Who is in the company; of each other it is what it would bring if it came back.

        Returns
        -------
        (n, m) float64
        """
        inside = float(self.base[live].sum())
        moves = (live.astype(np.float64) - self.anchor) * self.base
        moved = np.tensordot(moves, self.changes, axes=1)
        common = self.outputs + moved / inside
        # Whoever moves nothing but the classes' frequencies brings nothing.
        shift = 0.0 if common.shape[-1] == 1 else class_shift(common, self.labels)
        together = self._loss(common + shift)
        sign = np.where(live, -1.0, 1.0)
        left = inside + sign * self.base
        # A company of nobody says nothing.
        alone = left <= _TINY * inside
        left[alone] = inside
        change = np.where(alone, 0.0, sign * self.base)[:, None, None]
        toggled = self.outputs + (moved + change * self.changes) / left[:, None, None]
        return (together - self._loss(toggled + shift)) * sign[:, None]

    def _loss(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Loss (..., m) of each row, cut off."""
        found: NDArray[np.float64]
        if outputs.shape[-1] == 1:
            # In whatever unit the values are.
            unit = max(float(np.var(self.labels)), _TINY)
            found = np.minimum((outputs[..., 0] - self.labels) ** 2 / unit, _MOST_VALUES)
            return found
        return np.minimum(losses(outputs, self.labels), _MOST_CLASSES)


def _mean(observed: Observed, shares: NDArray[np.float64]) -> NDArray[Any]:
    """The step that shares of capped updates make: (d,)."""
    pulls = (shares * observed.scales).astype(observed.updates.dtype)
    found: NDArray[Any] = pulls @ observed.updates
    return found


def significance(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean gain over root rows in units of its standard error, (k,); paired over rows.

    Examples
    --------
    >>> significance(np.array([[1.0, 2.0, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0]])).round(1)
    array([4.9, 0. ])
    """
    error = gains.std(axis=1, ddof=1) / np.sqrt(gains.shape[1])
    found: NDArray[np.float64] = gains.mean(axis=1) / np.maximum(error, _TINY)
    return found


def settled(
    observed: Observed,
    root: Root,
    remembered: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Let the most harmful leave, until nobody in the company harms it significantly.

    Parameters
    ----------
    observed : Observed
    root : Root
    remembered : (n, m) float64
        Gains of earlier rounds by root row, decayed.

    Returns
    -------
    (n, m) float64
        Gains of this round in, or beside, the company that is left, by root row.
    """
    n = len(observed.contributors)
    live = np.ones(n, dtype=bool)
    company = Company.of(observed, root, live)
    fewest = max(1, int(np.ceil(n * _FEWEST)))
    while live.sum() > fewest:
        who = np.flatnonzero(live)
        z = significance(remembered[who] + company.gains(live)[who])
        harmful = np.flatnonzero(z < -_HARM)
        if not harmful.size:
            break
        # Of many several at a time, the worst half at most: then all are measured again.
        most = max(1, min(int(live.sum()) - fewest, n // 10, -(-harmful.size // 2)))
        live[who[harmful[np.argsort(z[harmful], kind="stable")[:most]]]] = False
        if n <= FEW:
            company = Company.of(observed, root, live)
    return company.gains(live)
