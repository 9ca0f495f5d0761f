"""The random streams of many purposes at once: the same as one by one, in a third of the time.

`stream` asks NumPy for each: here the words of all seeds are mixed together, in columns.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.random.bit_generator import ISeedSequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


def streams(seed: int, purposes: Sequence[Sequence[str | int]]) -> list[np.random.Generator]:
    """Open the streams of many purposes, each that of `anml_fl.seeding.stream`.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    purposes : sequence of sequence of str or int
        What `stream` takes of each.

    Raises
    ------
    ValueError
        If the seed is negative.

    Examples
    --------
    >>> from anml_fl.seeding import stream
    >>> one, other = streams(7, [("split",), ("training", "contributor-00", 3)])
    >>> one.permutation(4), stream(7, "split").permutation(4)
    (array([2, 1, 3, 0]), array([2, 1, 3, 0]))
    """
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    digests = b"".join(_digest(purpose) for purpose in purposes)
    keys = np.frombuffer(digests, dtype="<u4").reshape(-1, 8)
    # NumPy's own words of a seed, fewer than a pool of four filled up as it does before a key.
    words = [seed >> shift & 0xFFFFFFFF for shift in range(0, max(seed.bit_length(), 1), 32)]
    words += [0] * (_POOL - len(words))
    entropy = np.concatenate(
        [np.tile(np.array(words, np.uint32), (len(keys), 1)), keys], axis=1
    )
    return [np.random.Generator(np.random.PCG64(_Words(state))) for state in _states(entropy)]


def _digest(purpose: Sequence[str | int]) -> bytes:
    # As `stream` has it.
    text = "".join(f"{len(str(part))}:{part}" for part in purpose)
    return hashlib.sha256(text.encode()).digest()


class _Words(ISeedSequence):
    """What a bit generator asks its seed for, worked out already."""

    def __init__(self, state: NDArray[np.uint64]) -> None:
        self._state = state

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> NDArray[np.uint64]:
        return self._state


# O'Neill's seed_seq_fe as numpy.random.SeedSequence has it (NEP 19 keeps it as it is).
_POOL = 4
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_SHIFT = np.uint32(16)


def _states(entropy: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Mix rows of words as `SeedSequence` does: (n, 4) words of 64 bits for PCG64."""
    hashes = _constants(_INIT_A, _MULT_A)
    pool = [_hashed(entropy[:, i], *next(hashes)) for i in range(_POOL)]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mixed(pool[target], _hashed(pool[source], *next(hashes)))
    for i in range(_POOL, entropy.shape[1]):
        for target in range(_POOL):
            pool[target] = _mixed(pool[target], _hashed(entropy[:, i], *next(hashes)))
    hashes = _constants(_INIT_B, _MULT_B)
    words = [_hashed(pool[i % _POOL], *next(hashes)) for i in range(2 * _POOL)]
    return np.ascontiguousarray(np.stack(words, axis=1).astype("<u4")).view("<u8")


def _constants(start: int, factor: int) -> Iterator[tuple[np.uint32, np.uint32]]:
    """Give what each word is mixed with, and multiplied by: a sequence of its own."""
    while True:
        following = start * factor & 0xFFFFFFFF
        yield np.uint32(start), np.uint32(following)
        start = following


def _hashed(
    words: NDArray[np.uint32], constant: np.uint32, following: np.uint32
) -> NDArray[np.uint32]:
    mixed = (words ^ constant) * following
    return mixed ^ (mixed >> _SHIFT)


def _mixed(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    mixed = one * _MIX_L - other * _MIX_R
    return mixed ^ (mixed >> _SHIFT)
