"""What is said of a name that is not known: those that come near, or which there are."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Letters of a list that is read at a glance, and names of a longer one that are told.
_GLANCE, _TOLD = 120, 6
_NEAR, _MOST = 0.6, 3


def known_ones(word: str, known: Iterable[str], where: str = "") -> str:
    """Say which names come near to one that is not known, or which there are.

    Parameters
    ----------
    word : str
        What was given.
    known : iterable of str
        All of them are told only where that is short.
    where : str, optional
        A command that lists them, for what is not told.

    Returns
    -------
    str
        Without an end.

    Examples
    --------
    >>> known_ones("mpl", ["cnn", "logistic", "mlp"])
    'did you mean mlp? known: cnn, logistic, mlp'
    >>> known_ones("lazy", [f"rule-{n}" for n in range(30)], "anml rules")
    'known: rule-0, rule-1, rule-2, rule-3, rule-4, rule-5 and 24 more; `anml rules` has all'
    """
    names = list(dict.fromkeys(known))
    listed = ", ".join(names)
    close = near(word, names)
    meant = f"did you mean {' or '.join(close)}?" if close else ""
    if len(listed) <= _GLANCE or len(names) <= _TOLD:
        return f"{meant} known: {listed}".strip()
    if meant:
        return meant
    more = f"{', '.join(names[:_TOLD])} and {len(names) - _TOLD} more"
    return f"known: {more}" + (f"; `{where}` has all" if where else "")


def near(word: str, known: Iterable[str]) -> list[str]:
    """List at most three names that come near, the nearest first.

    Capitals, and whether words are joined by "-" or "_", make no difference.

    Examples
    --------
    >>> near("Learning_Rat", ["seed", "learning-rate"]), near("x", ["seed"])
    (['learning-rate'], [])
    """
    spelt: dict[str, str] = {}
    for name in known:
        spelt.setdefault(_spelling(name), name)
    return [spelt[one] for one in get_close_matches(_spelling(word), spelt, _MOST, _NEAR)]


def _spelling(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
