"""What the scenarios share: the ranges of low credentials, and the choice of a range.

ANML, section 5.1.3. Where the paper lists a share of contributors with a range and
leaves the rest open, the rest is: high-quality v, r ~ U(.3, .5); low-quality
v ~ U(.10, .25), r ~ U(.15, .35); adversarial honest r ~ U(.4, .6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Range = tuple[float, float]
Credentials = tuple[float, float]

MIDDLING: Range = (0.30, 0.50)
LOW_V: Range = (0.10, 0.25)
LOW_R: Range = (0.15, 0.35)


def either(rng: np.random.Generator, share: float, one: Range, other: Range) -> float:
    """Draw from one range for a share of contributors, from another for the rest."""
    return rng.uniform(*(one if rng.random() < share else other))
