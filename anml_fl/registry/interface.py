"""What a registry answers: the outside signals of contributors, at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.clock import Instant


@dataclass(frozen=True, slots=True)
class Signals:
    """Outside signals of some contributors, in the order asked.

    Parameters
    ----------
    v, r, T : (n,) float64
        Verification, reputation, temporal decay, each in [0, 1].
    """

    v: NDArray[np.float64]
    r: NDArray[np.float64]
    T: NDArray[np.float64]

    @property
    def s(self) -> NDArray[np.float64]:
        """External signal s = v r."""
        return self.v * self.r


class Registry(Protocol):
    """Anything that knows contributors by their stable identity."""

    def signals(self, contributors: Sequence[str], *, at: Instant) -> Signals:
        """Look contributors up.

        Parameters
        ----------
        contributors : sequence of str
            Stable identities; an unknown one gets the cold-start defaults.
        at : datetime or float
            The instant asked about; as a float in years on the registry's own clock.
        """
        ...


@runtime_checkable
class CredentialRegistry(Registry, Protocol):
    """A registry that contributors can show credentials to."""

    def present(
        self, contributor: str, tokens: Sequence[str], *, at: Instant
    ) -> tuple[str, ...]:
        """Check attestations that a contributor shows, and keep those that hold.

        Parameters
        ----------
        contributor : str
            Whose they are said to be, by the authenticated identity of who sent them.
        tokens : sequence of str
            Compact JWS, from anyone: nothing in them is believed.
        at : datetime or float
            When they were received.

        Returns
        -------
        tuple of str
            For each token that was refused, why; never raises for a bad token.
        """
        ...


@runtime_checkable
class ReputationRegistry(Registry, Protocol):
    """A registry in which reputation is earned."""

    def observe(self, run: str, record: RoundRecord) -> None:
        """Let every contributor's reputation move by what a round observed.

        It shows in signals asked for instants after the record's.

        Parameters
        ----------
        run : str
            Which run the round belongs to; a round is observed once.
        """
        ...
