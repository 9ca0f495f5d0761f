"""Strategies by name: ANML's combinations, the baselines, and the ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from strategies.options import Options, parts_of
from strategies.rule import named_rule
from strategies.screened_strategy import ScreenedStrategy

if TYPE_CHECKING:
    from collections.abc import Collection

    from anml_fl.settings.aggregation import Aggregation


def strategy(
    name: str,
    /,
    settings: Aggregation,
    honest: Collection[str] = (),
    **options: Unpack[Options],
) -> ScreenedStrategy:
    """Make a strategy by name.

    Parameters
    ----------
    name : str
        Of `anml_fl.plugins.STRATEGIES`, or `module:function`; as in
        `strategies.rule.named_rule`.
    settings : Aggregation
    honest : collection of str
        The honest contributors: for `oracle` alone, which is told.
    **options
        As in `strategies.options`.

    Raises
    ------
    ValueError
        If the name is unknown; it lists the known ones.

    Examples
    --------
    >>> from anml_fl.settings.aggregation import Aggregation
    >>> strategy("krum", Aggregation()).name
    'krum'
    """
    return ScreenedStrategy(*parts_of(named_rule(name, settings, honest), options))
