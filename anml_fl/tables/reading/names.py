"""Names of columns: each there, each once, and none that is a value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 200
"""Characters of a column's name, at most."""


def column_names(head: Sequence[str], where: str) -> list[str]:
    """Take the names of a table's columns, without the blanks around them.

    Parameters
    ----------
    head : sequence of str
    where : str
        What they were read from, for messages.

    Raises
    ------
    TableError
        If one is empty, too long or there twice. It quotes none: where the header is
        missing, they are somebody's values.

    Examples
    --------
    >>> column_names(["age ", "sex"], "a.csv, line 1")
    ['age', 'sex']
    >>> column_names(["age", "sex", "age"], "a.csv, line 1")
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv, line 1: columns 1 and 3 have the same name; give
    each a name of its own
    """
    names = [name.strip() for name in head]
    if "" in names:
        advice = "give it one, or take the column out"
        if names[0] == "":
            advice += " (pandas leaves out its index with to_csv(..., index=False))"
        raise TableError(
            f"{where}: column {names.index('') + 1} of {len(names)} has no name; {advice}"
        )
    for place, name in enumerate(names, start=1):
        if len(name) > LONGEST or not name.isprintable():
            raise TableError(
                f"{where}: the name of column {place} has {len(name)} characters, or one"
                f" that cannot be printed, as a line's end; up to {LONGEST} printable ones are"
                " right"
            )
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        at = [str(place) for place, name in enumerate(names, 1) if name == twice[0]]
        raise TableError(
            f"{where}: columns {', '.join(at[:-1])} and {at[-1]} have the same name; give each"
            " a name of its own"
        )
    return names
