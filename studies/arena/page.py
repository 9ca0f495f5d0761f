"""Write `arena.md` and `arena.html` from the arena's results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anml_fl.catalogue import UnknownNameError
from anml_fl.federation.root_use import root_use
from anml_fl.system.files import make_folder, read_text, write_whole
from studies.arena.arena import stale_pairings
from studies.arena.sections import sections
from studies.arena.table import load_table
from studies.arena.tuning import CHOSEN
from studies.reproduction.markdown import markdown
from studies.reproduction.page import render

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "The arena: every attack against every defence"


def write_arena(results: Path, to: Path) -> list[Path]:
    """Write the report.

    Parameters
    ----------
    results : Path
        Folder with `arena.parquet` and `arena.json`, and `chosen.json` if anything was chosen.
    to : Path
        Folder that gets the two files; made if it does not exist.

    Returns
    -------
    list of Path
        The same results give the same bytes.

    Raises
    ------
    FileNotFoundError
        If there are no results.
    ValueError
        If a file is not as it should be; the message names file and fault.
    """
    kept = load_table(results)
    tuned = results / CHOSEN
    found = sections(kept, json.loads(read_text(tuned)) if tuned.is_file() else {}, rooted)
    stale = stale_pairings(kept)
    warning = ""
    if stale:
        more = f" and {len(stale) - 3} more" if len(stale) > 3 else ""
        warning = (
            f"other code made the results of {', '.join(stale[:3])}{more}: anml arena run"
            " works them out anew."
        )
    make_folder(to)
    written = []
    for name, text in (
        ("arena.md", markdown(TITLE, "arena.html", found, warning)),
        ("arena.html", render(found, warning, TITLE)),
    ):
        write_whole(to / name, text.encode())
        written.append(to / name)
    return written


def rooted(rule: str) -> bool:
    """Whether a rule is used with rows that the server trusts.

    Examples
    --------
    >>> [rooted(rule) for rule in ("nnm+calibrated", "calibrated;root=none", "krum")]
    [True, False, False]
    """
    name, *settings = rule.split(";")
    try:
        return bool(root_use(name)) and "root=none" not in settings
    except UnknownNameError:  # a newcomer's, whose module is not here
        return False
