"""Which rules use a root set, as the module of each says by its `ROOT`."""

from __future__ import annotations

import sys
from typing import Literal

from anml_fl.plugins import RULES, STRATEGIES

Use = Literal["", "wanted", "update", "rows"]
"""What a rule asks: nothing; rows, without which it goes by less; the update that training on
them leads to, or rows to ask models of, without either of which it cannot decide."""

_USES: tuple[Use, ...] = ("wanted", "update", "rows")


def needed(use: Use) -> bool:
    """Whether a rule cannot decide without a root set."""
    return use in ("update", "rows")


def root_use(name: str) -> Use:
    """Say what a rule asks of a root set, by its name in the settings.

    Parameters
    ----------
    name : str
        Of `plugins.RULES`, or `module:object`, behind pre-aggregations or not. A
        `strategies.rule.Rule` that brings a root set of its own asks nothing.

    Examples
    --------
    >>> root_use("krum"), root_use("nnm+calibrated"), root_use("fltrust")
    ('', 'wanted', 'update')
    """
    found = RULES.load(STRATEGIES.split(name)[1])
    if getattr(found, "root", None) is not None:
        return ""
    return use_of(getattr(found, "decide", found))


def use_of(decide: object) -> Use:
    """Say what a rule asks, by what decides; by the rule at the end of a chain."""
    while callable(inner := getattr(decide, "inner", None)):
        decide = inner
    said = getattr(sys.modules.get(getattr(decide, "__module__", "")), "ROOT", "")
    return said if said in _USES else ""
