"""What evidence is taken from: a round's updates, and the trusted rows' answer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.claimed_counts import fedavg_shares
from anml_fl.method.calibrated.directions import lengths, units
from anml_fl.method.calibrated.influence import norm_cap
from anml_fl.method.calibrated.output_rows import OutputLayer
from anml_fl.method.calibrated.sketch import SIGNS, sketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.method.calibrated.root import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A round, as evidence sees it; no credentials.

    Parameters
    ----------
    contributors : tuple of str
        Stable identities.
    updates : (n, d) array
        Finite.
    examples : (n,) float64
        Claimed counts.
    base : (n,) float64
        FedAvg's shares of them, cut off, summing to 1.
    norms : (n,) float64
        Lengths of the updates.
    cap : float
        Length at which they are cut off.
    folded : (n, k) float64
        Sketches of the updates, each of length 1.
    layer : OutputLayer, optional
    root : Root, optional
    signs : int
        What sketches fold by.
    """

    contributors: tuple[str, ...]
    updates: NDArray[Any]
    examples: NDArray[np.float64]
    base: NDArray[np.float64]
    norms: NDArray[np.float64]
    cap: float
    folded: NDArray[np.float64]
    layer: OutputLayer | None
    root: Root | None
    signs: int = SIGNS

    @classmethod
    def of(
        cls,
        contributors: Sequence[str],
        updates: NDArray[Any],
        examples: NDArray[np.float64],
        shapes: Sequence[tuple[int, ...]] = (),
        root: Root | None = None,
        signs: int = SIGNS,
    ) -> Observed:
        """Take in a round.

        Parameters
        ----------
        contributors : sequence of str
        updates : (n, d) array
        examples : (n,) float64
            Claimed counts, > 0, in any unit.
        shapes : sequence of tuple of int
            Of the model's arrays in the vector's order, by which an output layer is found.
        root : Root, optional
        signs : int
            What sketches fold by.
        """
        norms = lengths(updates)
        return cls(
            contributors=tuple(contributors),
            updates=updates,
            examples=examples,
            base=fedavg_shares(examples),
            norms=norms,
            cap=norm_cap(norms),
            folded=units(sketch(updates, signs)),
            layer=OutputLayer.of(shapes),
            root=root,
            signs=signs,
        )

    @property
    def trusted(self) -> Root:
        """The root set.

        Raises
        ------
        ValueError
            If there is none: evidence that needs one is not asked for then.
        """
        if self.root is None:
            raise ValueError("this evidence needs a root set, and there is none")
        return self.root

    @property
    def scales(self) -> NDArray[np.float64]:
        """What each update is multiplied by, so that none exceeds the cap, in [0, 1]."""
        longer = self.norms > self.cap
        scales = np.ones(self.norms.shape)
        scales[longer] = self.cap / self.norms[longer]
        return scales
