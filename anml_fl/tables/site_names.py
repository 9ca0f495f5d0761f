"""The names of a table's sites, and whose each row is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.refusal import shown
from anml_fl.datasets.site_name import SITE_NAME, alike, is_site
from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.distinct import Distinct


def site_names(
    cells: Distinct, missing: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Read the column that says whose rows they are.

    Returns
    -------
    tuple
        Names in the order of their first row; of each row its name's place.

    Raises
    ------
    TableError
        If a name is missing or no name, or two differ in case or blanks alone.
    """
    texts = cells.texts
    none = cells.missing(missing) | [not is_site(text) for text in texts]
    cells.refuse(none, lambda text: SITE_NAME)
    names: dict[str, int] = {}
    places = [names.setdefault(text, len(names)) for text in texts[:-1]]
    holder = np.array([*places, -1], dtype=np.int64)[cells.codes]
    if found := alike(names):
        one, two = (
            f"{shown(who)} ({cells.columns.place(int(np.argmax(holder == names[who])))})"
            for who in found
        )
        raise TableError(
            f"{cells.columns.where}, column {cells.name}: {one} and {two} differ in case or"
            " blanks alone; write the same name in the same way"
        )
    return tuple(names), holder
