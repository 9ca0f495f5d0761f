"""A game: players, and what every coalition of them is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, real_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Worth = Callable[[NDArray[np.bool_]], ArrayLike]


class Game:
    """Players and a worth function, which is asked for each coalition once.

    Where the worth of a coalition is a mean over rows, as an accuracy is over test rows, the
    function may give the rows instead of the mean: then an estimate's standard error also says
    how far its values would differ on other rows of the kind.

    Parameters
    ----------
    players : sequence of str
        At least one, each once.
    worth : callable
        (m, n) bool, a row a coalition, to (m,) finite numbers, or to (m, k) of k rows.
    batch : int
        Coalitions that are asked for at once, at most; >= 1.

    Raises
    ------
    ValueError
        If there is no player, one is named twice, or the batch is no whole number >= 1.

    Examples
    --------
    >>> game = Game(["a", "b"], lambda coalitions: coalitions.all(axis=1))
    >>> game(np.array([[True, False], [True, True], [True, True]]))
    array([0., 1., 1.])
    >>> game.evaluations
    2
    """

    def __init__(self, players: Sequence[str], worth: Worth, *, batch: int = 1024) -> None:
        if isinstance(players, str):
            raise ValueError(f"players must be names, got one text, {players!r}")
        self.players = tuple(players)
        if not self.players:
            raise ValueError("a game needs a player, got none")
        if twice := sorted({one for one in self.players if self.players.count(one) > 1}):
            raise ValueError(f"every player must be named once, got {twice[0]!r} twice")
        if count("batch", batch) < 1:
            raise ValueError("batch must be >= 1, got 0")
        self._worth, self._batch = worth, batch
        self._known: dict[bytes, NDArray[np.float64]] = {}

    @classmethod
    def of_sets(cls, players: Sequence[str], worth: Callable[[frozenset[str]], float]) -> Game:
        """Make a game of a function of sets of names.

        Parameters
        ----------
        players : sequence of str
        worth : callable
            A set of players, perhaps an empty one, to a finite number.

        Examples
        --------
        >>> gloves = Game.of_sets("L R S".split(), lambda who: "L" in who and len(who) > 1)
        >>> gloves(np.array([[True, False, True], [False, True, True]]))
        array([1., 0.])
        """
        names = np.array(players, dtype=object)

        def of_rows(coalitions: NDArray[np.bool_]) -> list[float]:
            return [worth(frozenset(names[row].tolist())) for row in coalitions]

        return cls(players, of_rows)

    def __len__(self) -> int:
        """Count the players."""
        return len(self.players)

    @property
    def evaluations(self) -> int:
        """Coalitions whose worth was asked for, each counted once."""
        return len(self._known)

    def __call__(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Say what coalitions are worth: (m, n) bool to (m,) float64."""
        mean: NDArray[np.float64] = self.rows(coalitions).mean(axis=1)
        return mean

    def rows(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Say what coalitions are worth on each row; one row where the worth has none.

        Parameters
        ----------
        coalitions : (m, n) bool

        Returns
        -------
        (m, k) float64

        Raises
        ------
        ValueError
            If the coalitions are not of these players, or the worth function does not give
            finite numbers, as many of each coalition.

        Examples
        --------
        >>> Game(["a"], lambda coalitions: [[0.0, 1.0]]).rows(np.array([[True]]))
        array([[0., 1.]])
        """
        asked = np.asarray(coalitions)
        if asked.dtype != bool or asked.ndim != 2 or asked.shape[1] != len(self):
            raise ValueError(
                f"coalitions must be (m, {len(self)}) bool, got {asked.shape} {asked.dtype}"
            )
        keys = [row.tobytes() for row in np.packbits(asked, axis=1)]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        wanted = asked[list(new.values())]
        names = list(new)
        for start in range(0, len(names), self._batch):
            part = wanted[start : start + self._batch]
            part.setflags(write=False)
            found = self._asked(part)
            self._known.update(zip(names[start : start + self._batch], found, strict=True))
        return np.array([self._known[key] for key in keys])

    def _asked(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        found = real_numbers("worth", self._worth(coalitions))
        rows = found[:, None] if found.ndim == 1 else found
        if rows.ndim != 2 or len(rows) != len(coalitions) or not rows.shape[1]:
            raise ValueError(
                f"worth must give one number, or one row of them, for each of"
                f" {len(coalitions)} coalitions, got {found.shape}"
            )
        known = next(iter(self._known.values()), rows[0])
        if rows.shape[1] != known.size:
            raise ValueError(
                f"worth must give as many rows of every coalition, got {rows.shape[1]} after"
                f" {known.size}"
            )
        if not np.isfinite(rows).all():
            bad = coalitions[int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])]
            who = [self.players[i] for i in np.flatnonzero(bad)[:5]]
            raise ValueError(f"worth must be finite, got another of {who or 'nobody'}")
        return rows
