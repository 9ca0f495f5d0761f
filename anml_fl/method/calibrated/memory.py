"""What is remembered of contributors from round to round: decayed sums, by stable identity."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_NAMES = "contributors"
# Rounds since each took part, and how many of them wipe out what is remembered.
_AGE, _FORGOTTEN = "age", 100


@dataclass(frozen=True, slots=True)
class Memory:
    """Decayed sums A_i <- lambda A_i + a_i of what rounds showed of each contributor.

    Who does not take part in a round is remembered as before. Memory of another shape, as of
    another model, counts as none.

    Parameters
    ----------
    contributors : tuple of str
        Stable identities.
    sums : mapping
        Name to (k, ...) array: a row for each of `contributors`, zeros where nothing is known.

    Examples
    --------
    >>> memory = Memory().added("x", ("a", "b"), np.array([1.0, 2.0]), 0.5)
    >>> memory.added("x", ("b",), np.array([4.0]), 0.5).of("x", ("a", "b"), ())
    array([1., 5.])
    """

    contributors: tuple[str, ...] = ()
    sums: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def of(
        self, name: str, contributors: Sequence[str], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """Recall (n, *shape) float64: zeros of whom nothing is known."""
        found = np.zeros((len(contributors), *shape))
        kept = self.sums.get(name)
        if kept is None or kept.shape[1:] != shape:
            return found
        place = {one: i for i, one in enumerate(self.contributors)}
        for i, one in enumerate(contributors):
            if one in place:
                found[i] = kept[place[one]]
        return found

    def added(
        self, name: str, contributors: Sequence[str], values: NDArray[Any], decay: float
    ) -> Memory:
        """Add a round's values (n, ...) of those who took part."""
        shape = values.shape[1:]
        return self.replaced(
            name, contributors, decay * self.of(name, contributors, shape) + values
        )

    def replaced(self, name: str, contributors: Sequence[str], values: NDArray[Any]) -> Memory:
        """Put values (n, ...) in the place of what is known of those who took part."""
        place = {one: i for i, one in enumerate(self.contributors)}
        new = [one for one in contributors if one not in place]
        place.update({one: i for i, one in enumerate(new, len(place))})
        sums = dict(self.sums)
        if new:
            for one, kept in self.sums.items():
                nothing = np.zeros((len(new), *kept.shape[1:]), kept.dtype)
                sums[one] = np.concatenate([kept, nothing])
        whole = self.of(name, tuple(place), values.shape[1:])
        whole[[place[one] for one in contributors]] = values
        return Memory(tuple(place), {**sums, name: whole})

    def aged(self, contributors: Sequence[str]) -> Memory:
        """Begin a round: whoever has not taken part for 100 rounds is forgotten.

        Examples
        --------
        >>> memory = Memory().added("x", ("a", "b"), np.ones(2), 0.5)
        >>> for _ in range(101):
        ...     memory = memory.aged(("b",))
        >>> memory.contributors
        ('b',)
        """
        age = self.of(_AGE, self.contributors, ()) + 1
        place = {one: i for i, one in enumerate(self.contributors)}
        age[[place[one] for one in contributors if one in place]] = 0
        kept = np.flatnonzero(age <= _FORGOTTEN)
        sums = {name: of[kept] for name, of in self.sums.items()}
        names = tuple(self.contributors[i] for i in kept)
        return Memory(names, {**sums, _AGE: age[kept]})

    def to_state(self) -> dict[str, NDArray[Any]]:
        """Write it as arrays by name, as a rule's state is kept; sums in float32."""
        if not self.contributors:
            return {}
        names = np.frombuffer(json.dumps(self.contributors).encode(), np.uint8)
        return {
            _NAMES: names.copy(),
            **{k: a.astype(np.float32) for k, a in self.sums.items()},
        }

    @classmethod
    def of_state(cls, state: Mapping[str, NDArray[Any]]) -> Memory:
        """Read what `to_state` wrote.

        Examples
        --------
        >>> memory = Memory().added("x", ("a", "b"), np.array([1.0, 2.0]), 0.5)
        >>> Memory.of_state(memory.to_state()).of("x", ("b",), ())
        array([2.])
        """
        if _NAMES not in state:
            return cls()
        names = json.loads(state[_NAMES].tobytes())
        return cls(tuple(names), {k: a for k, a in state.items() if k != _NAMES})
