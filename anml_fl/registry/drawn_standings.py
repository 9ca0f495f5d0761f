"""Standings that are drawn when somebody is first asked about: of many most never are."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from anml_fl.registry.memory import Standing


class DrawnStandings(MutableMapping[str, "Standing"]):
    """A mapping of contributors to standings; each is drawn once.

    Parameters
    ----------
    contributors : iterable of str
        Who is there.
    draw : callable
        Contributor to its standing; the same whenever it is called.

    Examples
    --------
    >>> from anml_fl.registry.memory import Standing
    >>> standings = DrawnStandings(["a", "b"], lambda name: Standing(v=0.5))
    >>> standings["a"].v, len(standings), standings.get("c")
    (0.5, 2, None)
    """

    def __init__(self, contributors: Iterable[str], draw: Callable[[str], Standing]) -> None:
        self._held: dict[str, Standing | None] = dict.fromkeys(contributors)
        self._draw = draw

    def __getitem__(self, contributor: str) -> Standing:
        """Look a contributor up; raises KeyError of one who is not there."""
        if (found := self._held[contributor]) is None:
            found = self._held[contributor] = self._draw(contributor)
        return found

    def __setitem__(self, contributor: str, standing: Standing) -> None:
        """Give a contributor another standing."""
        self._held[contributor] = standing

    def __delitem__(self, contributor: str) -> None:
        """Forget a contributor."""
        del self._held[contributor]

    def __contains__(self, contributor: object) -> bool:
        """Say whether a contributor is there, and draw nothing."""
        return contributor in self._held

    def __iter__(self) -> Iterator[str]:
        """Go through the contributors."""
        return iter(self._held)

    def __len__(self) -> int:
        """Count the contributors."""
        return len(self._held)
