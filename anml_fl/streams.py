"""Many random streams at once: those of `anml_fl.seeding.stream`, in a fourth of the time.

What takes the time is NumPy's SeedSequence, O'Neill's `seed_seq_fe` (2015), which NumPy
promises not to change (NEP 19). Every purpose's words go through the same steps with the same
constants: here all do side by side.
"""

from __future__ import annotations

import hashlib
from itertools import permutations
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.random import SeedSequence
from numpy.random.bit_generator import ISpawnableSeedSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_POOL = 4  # words
_WORD = 0xFFFFFFFF
# O'Neill's constants.
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_SHIFT = np.uint32(16)


def streams(seed: int, purposes: Sequence[Sequence[str | int]]) -> list[np.random.Generator]:
    """Open the streams of many purposes.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    purposes : sequence of sequences of str or int
        As `anml_fl.seeding.stream` takes each of them.

    Raises
    ------
    ValueError
        If the seed is negative.

    Examples
    --------
    >>> from anml_fl.seeding import stream
    >>> one, other = streams(7, [("split",), ("training", "contributor-00", 3)])
    >>> bool(other.random() == stream(7, "training", "contributor-00", 3).random())
    True
    """
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    digests = b"".join(_digest(purpose) for purpose in purposes)
    keys: NDArray[np.uint32] = np.frombuffer(digests, dtype="<u4").reshape(-1, 8)
    states = _states(_pool(seed, np.ascontiguousarray(keys.T)))
    begun = [_Begun(seed, key, state) for key, state in zip(keys, states, strict=True)]
    # By its type PCG64 takes NumPy's own sequence alone, and in fact any.
    return [np.random.Generator(np.random.PCG64(cast("SeedSequence", one))) for one in begun]


def _digest(purpose: Sequence[str | int]) -> bytes:
    # Length-prefixed, as in `stream`.
    text = "".join(f"{len(str(part))}:{part}" for part in purpose)
    return hashlib.sha256(text.encode()).digest()


class _Begun(ISpawnableSeedSequence):
    """A SeedSequence whose first words are known.

    Parameters
    ----------
    seed : int
    key : (k,) uint32
        The spawn key.
    state : (4,) uint64
        What a PCG64 begins with.
    """

    def __init__(self, seed: int, key: NDArray[np.uint32], state: NDArray[np.uint64]) -> None:
        self._seed, self._key, self._state = seed, key, state
        self._whole: SeedSequence | None = None

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """Return the sequence's first words."""
        if n_words == _POOL and dtype is np.uint64:
            return self._state
        return self._own().generate_state(n_words, dtype)

    def spawn(self, n_children: int) -> list[Any]:
        """Return sequences that begin apart from this one."""
        return self._own().spawn(n_children)

    def _own(self) -> SeedSequence:
        if self._whole is None:
            self._whole = SeedSequence(self._seed, spawn_key=tuple(map(int, self._key)))
        return self._whole


class _Hash:
    """Hash words, each time with the next constant: one a row."""

    def __init__(self, start: int, factor: int) -> None:
        self._constant, self._factor = start, factor

    def __call__(self, words: NDArray[np.uint32], times: int = 1) -> NDArray[np.uint32]:
        constants = [self._constant]
        for _ in range(times):
            constants.append(constants[-1] * self._factor & _WORD)
        self._constant = constants[-1]
        by_row = np.array(constants, np.uint32)[:, None]
        words = words ^ by_row[:-1]
        words *= by_row[1:]
        words ^= words >> _SHIFT
        return words


def _pool(seed: int, keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Mix the words of a seed, and of each key (a column of keys), into four: (4, n)."""
    words = [seed >> shift & _WORD for shift in range(0, max(seed.bit_length(), 1), 32)]
    words += [0] * (_POOL - len(words))
    own = np.array(words, np.uint32)[:, None]
    hashed = _Hash(_INIT_A, _MULT_A)
    # The seed's part is the same for all keys: of one column.
    pool = hashed(own[:_POOL], _POOL)
    for source, target in permutations(range(_POOL), 2):
        pool[target] = _mixed(pool[target], hashed(pool[source])[0])
    for one in own[_POOL:]:
        pool = _mixed(pool, hashed(one, _POOL))
    # Into each of the four goes a word with a constant of its own.
    for one in hashed(keys.repeat(_POOL, axis=0), _POOL * len(keys)).reshape(
        len(keys), _POOL, -1
    ):
        pool = _mixed(pool, one)
    return pool


def _mixed(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    found = one * _MIX_L - other * _MIX_R
    found ^= found >> _SHIFT
    return found


def _states(pool: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Draw what a PCG64 begins with, (n, 4)."""
    words = _Hash(_INIT_B, _MULT_B)(np.concatenate([pool, pool]), 2 * _POOL)
    return words.T.astype("<u4", order="C").view("<u8").astype(np.uint64)
