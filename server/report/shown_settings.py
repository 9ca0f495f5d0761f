"""A run's settings as its page shows them: no path of this machine, and nothing unused."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.vouching import section
from anml_fl.system.untrusted_text import visible
from server.report.data_words import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# By section: settings that name a file, or may.
_FILES = {
    "table": ("data", "test", "root_data", "schema", "schema_file"),
    "registry": ("database",),
}
_SECTION = re.compile(r"\[([\w.-]+)\]\s*")
_SETTING = re.compile(r"(\w+) = .*")
_LONGEST = 500


def shown_settings(config: str) -> str:
    r"""Write the text of `config.toml` for a page that is sent around.

    Files are named without where they lie. Where the table is one's own, the data set that it
    stands in place of is left out.

    Parameters
    ----------
    config : str
        May be anything: a text that is no settings is shown as it is, made safe to show.

    Examples
    --------
    >>> print(shown_settings('dataset = "wine"\n[table]\ndata = "/me/a.csv"'))
    dataset = "wine"
    [table]
    data = "a.csv"
    """
    settings = settings_of(config)
    table = section(settings, "table")
    own = bool(table.get("data") or table.get("schema") or table.get("schema_file"))
    within, lines = "", []
    for line in config.split("\n"):
        shown = line
        if found := _SECTION.fullmatch(line):
            within = found[1]
        elif found := _SETTING.fullmatch(line):
            if own and (within, found[1]) == ("federation", "dataset"):
                continue
            if found[1] in _FILES.get(within, ()):
                shown = _without_path(line, found[1], section(settings, within))
        lines.append(shown)
    # Line by line: line breaks are what `visible` would spell out.
    return "\n".join(visible(one.replace("\t", "    "), _LONGEST) for one in lines)


def _without_path(line: str, name: str, group: Mapping[str, Any]) -> str:
    value = group.get(name)
    # A data set of a hub and a database's URL have slashes, and are no paths.
    if not isinstance(value, str) or "://" in value or value.startswith("hf:"):
        return line
    last = PurePath(value).name
    return line if last == value else f'{name} = "{last}"'
