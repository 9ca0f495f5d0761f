"""Whether contributors can be called as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.federation.data import data_of
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig


def check_names(config: RunConfig) -> None:
    """Refuse names for contributors whom the data call otherwise.

    Only sites that bring tables or tasks of their own are called as somebody likes.

    Raises
    ------
    ConfigError
        With the first name that is another.

    Examples
    --------
    >>> from anml_fl.settings.reading import from_flat
    >>> given = {"contributors": 2, "behaviours": "honest=2", "names": "north,south"}
    >>> check_names(from_flat(given))
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: names: a contributor of digits is called ...
    """
    given = config.federation.listed_names
    if not given or config.table.on_nodes or config.training.task:
        return
    for name, called in zip(given, data_of(config).names, strict=False):
        if name != called:
            raise ConfigError(
                f"names: a contributor of {config.data_name} is called {called!r}, and not"
                f" {name!r}: give a number of contributors in place of names; those are for"
                " sites that bring tables of their own (--schema) or a task"
            )
