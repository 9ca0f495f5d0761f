"""What a rule may see beside the updates of a round."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.method.calibrated.sketch import SIGNS
from anml_fl.seeding import stream
from anml_fl.settings.aggregation import Aggregation
from strategies.sampling import DrawnSeed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from anml_fl.method.calibrated.root import Root


@dataclass(frozen=True, slots=True)
class Context:
    """A round, as its rule has it.

    Parameters
    ----------
    round : int
        From 1.
    model : (d,) array
        The global model that the updates are added to.
    settings : Aggregation
        Thresholds, fractions, attackers to bear.
    state : mapping
        Name to array: what the rule's last `Decision` gave. Empty in the first round.
    honest : frozenset of str
        The honest contributors, where a simulation tells: for a ceiling, and no rule.
    root_update : callable, optional
        Gives the update (d,) that the server's own data lead to, for a rule with a root set;
        None if the server has no data.
    root : Root, optional
        Trusted rows of the server's, and what models make of them.
    shapes : tuple of tuple of int
        Of the arrays that lie in the model's vector, in its order.
    seed : int
        The run's; of a deployment, where nodes know that, one of the server's own.
    """

    round: int
    model: NDArray[Any]
    settings: Aggregation = field(default_factory=Aggregation)
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    honest: frozenset[str] = frozenset()
    root_update: Callable[[], NDArray[Any]] | None = None
    root: Root | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    seed: int = 0

    @property
    def signs(self) -> int:
        """What sketches fold by, the same in all rounds: a secret where the seed is one."""
        return self.seed if isinstance(self.seed, DrawnSeed) else SIGNS

    def rng(self, *purpose: str | int) -> np.random.Generator:
        """Open the round's random stream of one purpose, the same for every rule of a run.

        Examples
        --------
        >>> import numpy as np
        >>> first, again = (Context(3, np.zeros(1)).rng("buckets") for _ in range(2))
        >>> bool(first.random() == again.random())
        True
        """
        return stream(self.seed, "rule", self.round, *purpose)
