"""Who takes part in the rounds, whose word it is, and how many are enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.method.checks import count, number
from strategies.gathering import gather, one_node_each
from strategies.identity import ByKey, ByName, by_public_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from flwr.serverapp import Grid

    from strategies.identity import Roster


@dataclass(frozen=True, slots=True)
class Participation:
    """Who is asked, and how many must answer.

    Parameters
    ----------
    roster : callable
        Grid to (node id to contributor); by default the nodes' public keys.
    members : collection of str
        Who should take part: whoever is not connected is recorded as left out.
    min_replies : float
        Least share of valid replies, of the members, or of all who were asked, in [0, 1]: a
        round with fewer changes nothing and pays nobody.
    min_train_nodes, min_available_nodes : int
        A round begins when as many contributors are connected, the larger of the two. With 0
        and 0 nobody is waited for, and a run may end without a model.
    patience : float
        Seconds to wait for them; then the run ends with an error.
    code : str, optional
        Hash of the code that contributors must run.

    Raises
    ------
    TypeError
        If the roster cannot be called, or the members are one text.
    ValueError
        If a number lies outside its range.
    """

    roster: Roster = by_public_key
    members: Collection[str] = ()
    min_replies: float = 0.0
    min_train_nodes: int = 2
    min_available_nodes: int = 2
    patience: float = 300.0
    code: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.members, str):
            raise TypeError(f"a collection of names is needed, got the text {self.members!r}")
        if not callable(self.roster):
            raise TypeError(f"roster must be callable, got {type(self.roster).__name__}")
        object.__setattr__(self, "members", frozenset(self.members))
        number("min_replies", self.min_replies, 0, 1)
        count("min_train_nodes", self.min_train_nodes)
        count("min_available_nodes", self.min_available_nodes)
        number("patience", self.patience, 0, math.inf)

    @property
    def least(self) -> int:
        """How many contributors a round waits for."""
        return max(self.min_train_nodes, self.min_available_nodes)

    def gather(self, grid: Grid) -> tuple[dict[int, str], tuple[str, ...], tuple[str, ...]]:
        """Wait for enough of them, see `strategies.gathering.gather`.

        Returns
        -------
        tuple
            Node id to contributor; why others take no part; why some are not called as they
            say.
        """
        present, refused = gather(grid, self.roster, self.least, self.patience)
        strangers = self.roster.refused if isinstance(self.roster, ByKey) else ()
        notes = self.roster.take_notes() if isinstance(self.roster, ByName) else ()
        return present, (*strangers, *refused), notes

    def present(self, grid: Grid) -> dict[int, str]:
        """Say who is there, each on one node, and wait for nobody."""
        return one_node_each(self.roster(grid))[0]

    def enough(self, valid: int, asked: int, undrawn: Collection[str] = ()) -> float | None:
        """Return None if there are enough valid replies, and otherwise how many are needed."""
        wanted = self.min_replies * len(
            frozenset(self.members).difference(undrawn) or range(asked)
        )
        return None if valid >= wanted else wanted
