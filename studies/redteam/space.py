"""The space that is searched: attacks of one share and knowledge as points of a unit cube."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studies.redteam.attack import CREDENTIALS, DIRECTIONS, LABELS, TIMING, Attack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

AXES = (
    "credentials", "claim", "labels", "poisoned", "alignment", "rehearsal", "direction",
    "scale", "blend", "jitter", "timing", "start", "hiding",
)  # fmt: skip
"""In the order of a point's coordinates."""

_HIDING = ("none", "half", "greedy")
# A tenth to ten times; one to ten times the own count: the median bounds what is believed.
_SCALES, _CLAIMS = (0.1, 10.0), (1.0, 10.0)
# Below it there are no rehearsed rows, or no copies.
_OFF = 0.5
_MOST_REHEARSAL, _MOST_JITTER = 0.9, 2.0
_LEAST = 1e-6
_DIGITS = 3


def attack_at(
    point: Sequence[float] | NDArray[np.float64], share: float, knows: str
) -> Attack:
    """Read a point: names lie in equal parts of their axis, scale and claim are logarithmic.

    Parameters
    ----------
    point : (13,) array
        Of `AXES`; what lies outside [0, 1] is as at its edge.
    share : float
    knows : str
        The attackers' knowledge.

    Examples
    --------
    >>> attack_at(np.full(13, 0.5), 0.3, "own").labels
    'shift'
    """
    x = {
        name: float(min(max(value, 0.0), 1.0)) for name, value in zip(AXES, point, strict=True)
    }
    hides = _HIDING if knows in ("rule", "root") else _HIDING[:1]
    return Attack(
        share=share,
        knowledge=knows,
        credentials=_named(x["credentials"], CREDENTIALS),
        claim=_log(x["claim"], *_CLAIMS),
        labels=_named(x["labels"], LABELS),
        poisoned=round(x["poisoned"], _DIGITS),
        alignment=round(x["alignment"], _DIGITS),
        rehearsal=round(_beyond(x["rehearsal"]) * _MOST_REHEARSAL, _DIGITS),
        direction=_named(x["direction"], DIRECTIONS),
        scale=_log(x["scale"], *_SCALES),
        blend=round(x["blend"], _DIGITS),
        copies=x["jitter"] > _OFF,
        jitter=round(_beyond(x["jitter"]) * _MOST_JITTER, _DIGITS),
        timing=_named(x["timing"], TIMING),
        start=round(x["start"], _DIGITS),
        hiding=_named(x["hiding"], hides),
    )


def point_of(attack: Attack) -> NDArray[np.float64]:
    """Give the point of an attack, in the middle of what its names take of their axes.

    Examples
    --------
    >>> attack = Attack(labels="pairs", scale=10.0, knowledge="rule", hiding="half")
    >>> attack_at(point_of(attack), 0.3, "rule") == attack
    True
    """
    hides = _HIDING if attack.knows_rule else _HIDING[:1]
    return np.array(
        [
            _middle(attack.credentials, CREDENTIALS),
            _unlog(attack.claim, *_CLAIMS),
            _middle(attack.labels, LABELS),
            attack.poisoned,
            attack.alignment,
            _off_or(attack.rehearsal > 0, attack.rehearsal / _MOST_REHEARSAL),
            _middle(attack.direction, DIRECTIONS),
            _unlog(attack.scale, *_SCALES),
            attack.blend,
            _off_or(attack.copies, max(attack.jitter / _MOST_JITTER, _LEAST)),
            _middle(attack.timing, TIMING),
            attack.start,
            _middle(attack.hiding, hides),
        ]
    )


def _named(x: float, names: Sequence[str]) -> str:
    return names[min(int(x * len(names)), len(names) - 1)]


def _middle(name: str, names: Sequence[str]) -> float:
    return (names.index(name) + 0.5) / len(names)


def _log(x: float, low: float, high: float) -> float:
    return float(f"{low * (high / low) ** x:.{_DIGITS}g}")


def _unlog(value: float, low: float, high: float) -> float:
    return math.log(min(max(value, low), high) / low) / math.log(high / low)


def _beyond(x: float) -> float:
    return max(0.0, (x - _OFF) / (1.0 - _OFF))


def _off_or(on: bool, x: float) -> float:
    return _OFF + (1.0 - _OFF) * min(x, 1.0) if on else _OFF / 2
