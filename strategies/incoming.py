"""What is taken in of each reply: an update that is finite, and copies of its buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from strategies.arrays import is_finite
from strategies.buffers import settled
from strategies.instruction import BadReplyError
from strategies.updates import Updates, Views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from strategies.layout import Layout

# Parameters up to which updates are copied into a matrix: there an array's handling costs more
# than its values, and views would be handled again in every pass.
_SMALL = 2**15


class Incoming:
    """Takes the updates of a round in, one reply after the other.

    Parameters
    ----------
    layout : Layout
        Of the global model.
    model : (d,) array
        The global model as a vector, finite.
    before : mapping
        Its buffers, by name.
    most : int
        Replies that may come.
    """

    def __init__(
        self,
        layout: Layout,
        model: NDArray[Any],
        before: Mapping[str, NDArray[Any]],
        most: int,
    ) -> None:
        self._layout, self._model, self._before = layout, model, before
        self._small = model.size <= _SMALL
        self._matrix = np.empty((most if self._small else 0, model.size), model.dtype)
        self._pieces: list[Sequence[NDArray[Any]]] = []

    def take(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Take a reply's arrays by name: keeps the update, and returns the buffers, copied.

        Raises
        ------
        BadReplyError
            If something is not finite; nothing is kept then. Of large updates it is not looked
            for yet.
        """
        # Copied, since a view would keep the reply.
        buffers = settled({name: values[name] for name in self._layout.buffers}, self._before)
        lost = sum(
            int(np.count_nonzero(np.isfinite(self._before[name]) & ~np.isfinite(value)))
            for name, value in buffers.items()
        )
        pieces: Sequence[NDArray[Any]] = self._layout.pieces(values)
        finite = True
        if self._small:
            row = self._matrix[len(self._pieces)]
            self._layout.fill(values, row, minus=self._model)
            finite = is_finite(row)
        if lost or not finite:
            raise BadReplyError(self._wrong(pieces, lost))
        self._pieces.append(() if self._small else pieces)
        return buffers

    def updates(self) -> tuple[Updates, dict[int, str]]:
        """Give what was taken in, in that order; and the reasons against some, by place."""
        if self._small:
            return Updates.of(self._matrix[: len(self._pieces)]), {}
        updates = Updates(Views(self._pieces, self._model))
        if updates.measured():
            return updates, {}
        # Values of which not even their squares overflow differ by something finite.
        bounded = _bounded(self._model)
        doubtful = [
            place
            for place, pieces in enumerate(self._pieces)
            if not (bounded and all(map(_bounded, pieces)))
        ]
        return updates, {
            place: self._wrong(self._pieces[place])
            for place in doubtful
            if not self._finite(updates[[place]])
        }

    def _finite(self, update: Updates) -> bool:
        with np.errstate(over="ignore", invalid="ignore"):
            return is_finite(update.columns(slice(None)))

    def _wrong(self, pieces: Sequence[NDArray[Any]], lost: int = 0) -> str:
        bad = lost + sum(int(np.count_nonzero(~np.isfinite(piece))) for piece in pieces)
        if bad:
            return f"{bad} values are not finite"
        return f"the update is too large for {self._model.dtype.name}"


def _bounded(values: NDArray[Any]) -> bool:
    """Whether all values are finite, and so small that their differences are: in one pass."""
    if values.dtype.kind != "f":
        return True
    if values.dtype.itemsize == 2:
        return bool(np.isfinite(values).all())
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values @ values))
