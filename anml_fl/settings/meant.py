"""What a line about an unknown name says: which one was meant, and no long list."""

from __future__ import annotations

import re
from ast import literal_eval
from typing import TYPE_CHECKING, get_args

from anml_fl.catalogue import UnknownNameError
from anml_fl.settings.names import NameOf
from anml_fl.settings.run import settings
from anml_fl.system.near import known_ones

if TYPE_CHECKING:
    from anml_fl.catalogue import Catalogue
    from anml_fl.chain import Chain

ALL = "anml run --help"
"""The command that lists every setting, and every name that one may have."""

# As settings are checked, a line a mistake: what studies' numbers rest on ends there.
_LINE = re.compile(
    r"(?P<said>(?:(?P<field>\w+): )?unknown (?:(?P<key>key) )?(?P<word>'[^']*')"
    r"(?: in \[(?P<section>[\w.]+)\])?); known: (?P<known>.*)"
)


def meant(line: str) -> str:
    """Say in a line about an unknown name what it may have meant.

    Parameters
    ----------
    line : str
        As checking the settings gave it, with all names that are known behind.

    Returns
    -------
    str
        The same, where it is about something else.

    Examples
    --------
    >>> meant("unknown key 'rounds' in [federation]; known: dataset, contributors")
    "unknown key 'rounds' in [federation]; it belongs in [training]"
    >>> meant("strategies: unknown 'nnm+krun'; known: fedavg, krum")
    "strategies: unknown strategy 'krun' in 'nnm+krun'; did you mean krum?"
    >>> meant("rounds: must be at least 1, got 0")
    'rounds: must be at least 1, got 0'
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return line
    word, known = literal_eval(found["word"]), found["known"].split(", ")
    if found["key"]:
        told = _elsewhere(word, known) or known_ones(word, known, ALL)
    elif table := _table(found["field"]):
        try:
            table.check(word)
        except UnknownNameError as error:
            return f"{found['field']}: {error}"
        return line
    else:
        told = known_ones(word, known, ALL)
    return f"{found['said']}; {told}"


def _elsewhere(word: str, known: list[str]) -> str:
    """Say in which section a key stands that stands in the wrong one."""
    for name, section, key, field in settings():
        if name == word.replace("_", "-") and not {name, field.alias or key} & {*known}:
            return f"it belongs {f'in [{section}]' if section else 'above all sections'}"
    return ""


def _table(field: str | None) -> Catalogue | Chain | None:
    """Find the table whose names a setting takes."""
    for _, _, key, info in settings():
        if key == field:
            inner = get_args(info.annotation)
            marks = [*info.metadata, *(m for one in inner for m in _marks(one))]
            return next((one.catalogue for one in marks if isinstance(one, NameOf)), None)
    return None


def _marks(annotation: object) -> tuple[object, ...]:
    return getattr(annotation, "__metadata__", ())
