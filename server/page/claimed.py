"""What sites claim of each round's model, where the server has no rows to test on."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from anml_fl.run.files import CLAIMS
from server.page.json_numbers import number
from server.page.opening import content

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 1 << 26


def claimed_medians(folder: Path, strategy: str) -> dict[int, float]:
    """Read the median of the claims of each round; none where nobody was asked.

    Parameters
    ----------
    folder : Path
        The run's.
    strategy : str
        Name of the folder in it.

    Returns
    -------
    dict of int to float
        By round; a line that is none is left out.
    """
    try:
        text = content(folder, strategy, CLAIMS, most=_LONGEST)
    except OSError:
        return {}
    found = {}
    # What is behind the last newline is being written.
    for line in text.split(b"\n")[:-1]:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            fields = json.loads(line)
            if (middle := number(fields["median"])) is not None:
                found[int(fields["round"])] = middle
    return found
