"""Which commands come next, once a run has come to its end."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def next_commands(out: Path, *, explained: bool) -> str:
    """Name the commands that say why, and that show the run in a browser.

    Parameters
    ----------
    out : Path
        The run's folder.
    explained : bool
        Whether the screen has named `anml explain` already.

    Returns
    -------
    str
        A line without markup.

    Examples
    --------
    >>> from pathlib import Path
    >>> next_commands(Path("runs/wine"), explained=False)
    'next: anml explain runs/wine (why each counted), anml page runs/wine (in a browser)'
    >>> next_commands(Path("my runs"), explained=True)
    "next: anml page 'my runs' (in a browser)"
    """
    run = quote(str(out))
    explain = "" if explained else f"anml explain {run} (why each counted), "
    return f"next: {explain}anml page {run} (in a browser)"
