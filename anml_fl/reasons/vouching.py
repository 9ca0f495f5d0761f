"""Which rows vouch for the evidence, in a consortium's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

# As records say that the root set was held out of the rows that the server tests on.
_OWN_ROWS = " rows of the server's"

UNCHECKED = "rows held out of the sites' own tables, whose labels nobody has checked"
"""What such rows are."""


def section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a group of settings; an empty one where there is none.

    Examples
    --------
    >>> section({"table": {"by": "site"}}, "table"), section({"table": 3}, "table")
    ({'by': 'site'}, {})
    """
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def held_out(settings: Mapping[str, Any]) -> bool:
    """Tell whether the server's test rows are rows of the sites' own tables.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> held_out({"table": {"data": "a.csv"}}), held_out({"table": {"data": ""}})
    (True, False)
    """
    table = section(settings, "table")
    others = table.get("test") or section(settings, "federation").get("leave_out")
    return bool(table.get("data") and not others)


def vouched(root: str, settings: Mapping[str, Any]) -> str:
    """Say which rows vouch for the evidence, in a consortium's words.

    Parameters
    ----------
    root : str
        As a record has it.
    settings : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> vouched("9 rows of the server's", {"table": {"data": "a.csv"}})
    "9 rows held out of the sites' own tables, whose labels nobody has checked"
    >>> vouched("9 rows of the server's", {}), vouched("4 donated rows", {})
    ("9 rows of the server's", '4 donated rows')
    """
    count, own, rest = root.partition(_OWN_ROWS)
    if own and not rest and held_out(settings):
        return f"{visible(count)} {UNCHECKED}"
    return visible(root, 200)
