"""What a whole cohort replies, in columns: no message, no bytes of its own a contributor.

An engine that trains a round's contributors as one tensor program offers it, see
`TrainsCohort`. The checks are those of `strategies.screening`, and so are the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from strategies import protocol
from strategies.arrays import is_finite
from strategies.buffers import settled
from strategies.examples import MOST_EXAMPLES
from strategies.screening import Screened, code_reason, hashes_in, tokens_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from strategies.layout import Layout


@dataclass(frozen=True, slots=True)
class CohortReplies:
    """The replies of those who were asked in one round, n of whom trained.

    Parameters
    ----------
    contributors : tuple of str
        Who replies, by stable identity.
    arrays : mapping
        Name to array (n, *shape): the models that they send.
    examples : (n,) int64
        On how many samples each says it trained.
    left_out : mapping
        Contributor to the reason, for all others who were asked.
    credentials : mapping
        Contributor to the tokens that it shows, if any.
    code : str
        Hash of the code that all of them run.
    own : mapping
        Modules of one's own that all of them run, each to the hash of its files.
    """

    contributors: tuple[str, ...]
    arrays: Mapping[str, NDArray[Any]]
    examples: NDArray[np.int64]
    left_out: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Sequence[str]] = field(default_factory=dict)
    code: str = ""
    own: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class TrainsCohort(Protocol):
    """A grid that can train a round's contributors at once, and needs no messages for it."""

    def train_cohort(
        self,
        server_round: int,
        model: Mapping[str, NDArray[Any]],
        contributors: Sequence[str],
    ) -> CohortReplies:
        """Train contributors from one global model.

        Parameters
        ----------
        server_round : int
            From 1.
        model : mapping
            Name to array.
        contributors : sequence of str
            Who is asked, by stable identity.
        """
        ...


def screen_cohort(
    replies: CohortReplies,
    asked: Sequence[str],
    layout: Layout,
    model: NDArray[Any],
    before: Mapping[str, NDArray[Any]],
    code: str | None = None,
) -> Screened:
    """Sort a cohort's replies out, as `strategies.screening.screen` does messages.

    Parameters
    ----------
    replies : CohortReplies
    asked : sequence of str
        By stable identity.
    layout : Layout
        Of the global model.
    model : (d,) array
        The global model as a vector.
    before : mapping
        Its buffers, by name.
    code : str, optional
        Hash of the code that contributors must say they run.

    Raises
    ------
    ValueError
        If the engine's own columns do not fit: a mistake of no contributor's.

    Examples
    --------
    >>> from strategies.layout import Layout
    >>> layout = Layout(("w",), ((2,),), (np.dtype(np.float32),))
    >>> sent = np.array([[1, 2], [np.nan, 0]], np.float32)
    >>> replies = CohortReplies(("a", "b"), {"w": sent}, np.array([16, 16]), {"c": "late"})
    >>> screened = screen_cohort(replies, ("a", "b", "c"), layout, np.ones(2, np.float32), {})
    >>> screened.contributors, screened.updates
    (('a',), array([[0., 1.]], dtype=float32))
    >>> screened.left_out
    {'c': 'late', 'b': '1 values are not finite'}
    """
    _check_columns(replies, asked, layout)
    names, left_out = replies.contributors, dict(replies.left_out)
    wrong = code_reason(replies.code or None, code)
    if wrong is not None:
        left_out |= dict.fromkeys(names, wrong)
    updates = _updates(replies, layout, model)
    buffers = _buffers(replies, layout, before)
    bad = ~((replies.examples >= 1) & (replies.examples <= MOST_EXAMPLES))
    for i in np.flatnonzero(bad).tolist():
        left_out.setdefault(
            names[i],
            f"{protocol.EXAMPLES} must lie in [1, {MOST_EXAMPLES}], got {replies.examples[i]}",
        )
    for i, reason in _unusable(replies, layout, updates, buffers, before).items():
        left_out.setdefault(names[i], reason)
    kept = [i for i, name in enumerate(names) if name not in left_out]
    own = hashes_in(replies.own)
    return Screened(
        contributors=tuple(names[i] for i in kept),
        updates=updates if len(kept) == len(names) else updates[kept],
        buffers=tuple(buffers[i] for i in kept),
        examples=replies.examples[kept].astype(np.float64),
        left_out=left_out,
        refused=(),
        credentials={
            name: shown
            for name, tokens in sorted(replies.credentials.items())
            if name not in left_out and (shown := tokens_in(list(tokens)))
        },
        codes=dict.fromkeys(names, replies.code) if hashes_in({"": replies.code}) else {},
        policies={},
        own=dict.fromkeys(names, own) if own else {},
        echoed=bool(names),
        metrics={},
    )


def _check_columns(replies: CohortReplies, asked: Sequence[str], layout: Layout) -> None:
    """Refuse what no engine may give, whatever its contributors do."""
    wanted = tuple(name for name in sorted(asked) if name not in replies.left_out)
    if replies.contributors != wanted:
        raise ValueError(
            "a cohort's replies must be those of everyone who was asked and is not left out,"
            f" by stable identity: {len(wanted)}, got {len(replies.contributors)}"
        )
    if set(replies.arrays) != set(layout.names):
        raise ValueError(
            f"a cohort's arrays must be named {sorted(layout.names)[:5]}, got"
            f" {sorted(replies.arrays)[:5]}"
        )
    for name, shape, dtype in zip(layout.names, layout.shapes, layout.dtypes, strict=True):
        column = replies.arrays[name]
        if column.shape != (len(wanted), *shape) or column.dtype != dtype:
            raise ValueError(
                f"a cohort's array {name!r} must be {dtype.name} of shape"
                f" {(len(wanted), *shape)}, got {column.dtype.name} of {column.shape}"
            )


def _updates(replies: CohortReplies, layout: Layout, model: NDArray[Any]) -> NDArray[Any]:
    """Subtract the global model, an array at a time: (n, d)."""
    n, start = len(replies.contributors), 0
    updates = np.empty((n, layout.size), layout.dtype)
    judged = [name for name in layout.names if name not in layout.buffers]
    with np.errstate(over="ignore", invalid="ignore"):
        for name, shape in zip(judged, layout.judged, strict=True):
            sent, stop = replies.arrays[name], start + prod(shape)
            if sent.dtype.kind == "c":
                sent = np.ascontiguousarray(sent).view(sent.real.dtype).reshape(n, *shape)
            # In the array's own shape, as columns may be a part of larger ones: no copy.
            before, out = model[start:stop].reshape(shape), updates[:, start:stop]
            np.subtract(sent, before, out=out.reshape(n, *shape))
            start = stop
    return updates


def _buffers(
    replies: CohortReplies, layout: Layout, before: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[Any]], ...]:
    names = [name for name in layout.names if name in layout.buffers]
    if not names:
        return ({},) * len(replies.contributors)
    return tuple(
        settled({name: replies.arrays[name][i] for name in names}, before)
        for i in range(len(replies.contributors))
    )


def _unusable(
    replies: CohortReplies,
    layout: Layout,
    updates: NDArray[Any],
    buffers: Sequence[Mapping[str, NDArray[Any]]],
    before: Mapping[str, NDArray[Any]],
) -> dict[int, str]:
    """Say of which rows something is not finite, and what."""
    lost = [_lost(one, before) if one else 0 for one in buffers]
    suspects = {i for i, count in enumerate(lost) if count}
    if not is_finite(updates):
        suspects |= {i for i, row in enumerate(updates) if not is_finite(row)}
    found = {}
    for i in sorted(suspects):
        sent = np.empty(layout.size, layout.dtype)
        layout.fill({name: column[i] for name, column in replies.arrays.items()}, sent)
        bad = lost[i] + np.count_nonzero(~np.isfinite(sent))
        found[i] = (
            f"{bad} values are not finite"
            if bad
            else f"the update is too large for {layout.dtype.name}"
        )
    return found


def _lost(buffers: Mapping[str, NDArray[Any]], before: Mapping[str, NDArray[Any]]) -> int:
    """Count what was finite in the global model's buffers, and is no longer."""
    return sum(
        int(np.count_nonzero(np.isfinite(before[name]) & ~np.isfinite(value)))
        for name, value in buffers.items()
    )
