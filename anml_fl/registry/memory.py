"""A registry in memory, for pure simulations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.provenance import Reputation, Verification, temporal_decay
from anml_fl.registry.interface import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registry holds of one contributor.

    Parameters
    ----------
    v, r : float
        In [0, 1]; the defaults are a newcomer's who vouches only for itself.
    collected : float
        When its data were collected, in years on the registry's clock.
    rate : float
        Decay rate of its domain a year, Table 4.
    """

    v: float = Verification.SELF_ATTESTED.middle
    r: float = Reputation.NEW.middle
    collected: float = 0.0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class InMemoryRegistry:
    """Contributors' standings by stable identity.

    Parameters
    ----------
    standings : mapping
        Whoever is not in it gets the cold-start defaults.

    Examples
    --------
    >>> registry = InMemoryRegistry({"a": Standing(v=0.8, r=0.5)})
    >>> registry.signals(["a", "unknown"], at=0.0).s
    array([0.4, 0.1])
    """

    standings: Mapping[str, Standing] = field(default_factory=dict)

    def signals(self, contributors: Sequence[str], *, at: float) -> Signals:
        """Look contributors up; see `Registry.signals`."""
        found = [self.standings.get(name, Standing(collected=at)) for name in contributors]
        ages = np.array([max(0.0, at - one.collected) for one in found])
        return Signals(
            v=np.array([one.v for one in found]),
            r=np.array([one.r for one in found]),
            T=temporal_decay(ages, np.array([one.rate for one in found])),
        )
