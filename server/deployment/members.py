"""Who is to take part, as `anml up --nodes` says it: a number, names, or names with tables."""

from __future__ import annotations

from pathlib import Path

from anml_fl.settings.section import ConfigError


def read_nodes(text: str) -> tuple[int, dict[str, Path | None]]:
    """Read how many nodes there are, how they are called, and which table each of them has.

    Parameters
    ----------
    text : str
        `3`, or `site-a,site-b`, or `site-a=a.csv,site-b=b.csv`.

    Returns
    -------
    tuple
        How many, and name to table: nobody is named where a number is given, and a table is
        None where none is given.

    Raises
    ------
    ConfigError
        If it is none of these, or a name is there twice, or only some have tables.

    Examples
    --------
    >>> read_nodes("3")
    (3, {})
    >>> count, tables = read_nodes("a, b=b.csv")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: --nodes: 'b' has a table, and 'a' has none: ...
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and parts[0].isascii() and parts[0].isdecimal():
        if int(parts[0]) < 1:
            raise ConfigError(f"--nodes: there must be one at least, got {parts[0]}")
        return int(parts[0]), {}
    found: dict[str, Path | None] = {}
    for part in parts:
        name, equals, table = (one.strip() for one in part.partition("="))
        if not name or (equals and not table):
            raise ConfigError(
                f"--nodes: {part!r} is neither NAME nor NAME=FILE; right would be a number,"
                " or site-a,site-b, or site-a=a.csv,site-b=b.csv"
            )
        if name in found:
            raise ConfigError(
                f"--nodes: {name!r} is there twice; each node needs another name"
            )
        found[name] = Path(table) if equals else None
    with_table = [name for name, path in found.items() if path is not None]
    without = [name for name, path in found.items() if path is None]
    if with_table and without:
        raise ConfigError(
            f"--nodes: {with_table[0]!r} has a table, and {without[0]!r} has none: give"
            " NAME=FILE for all of them, or names alone and `anml join --data` at each site"
        )
    return len(found), found
