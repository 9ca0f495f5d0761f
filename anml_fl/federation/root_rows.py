"""Trusted rows of a run: counted, and told of without showing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.prepare import Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_PROMISED = (
    "without one no rule that was tried is safe against 40 % of contributors who act together"
)
"""What is not promised where nobody vouches for any rows."""


@dataclass(frozen=True, slots=True, repr=False)
class RootRows(Samples):
    """Rows of a root set.

    Parameters
    ----------
    origin : str
        Where they are from, such as "of the server's".
    donated : bool
        Whether contributors gave them, for whom nobody vouches.
    needed : tuple of int
        Classes that must be there; empty for values.
    notes : tuple of str
        What was left out, by count.
    """

    origin: str = ""
    donated: bool = False
    needed: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"RootRows({self.about})"

    @property
    def about(self) -> str:
        """What records say of them: "80 rows of the server's", "60 donated rows"."""
        count = f"{self.labels.size} {'donated ' if self.donated else ''}rows"
        return f"{count} {self.origin}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """Say how many there are, for a run's manifest: never a row, nor a hash of any.

        A hash of few rows of few columns is found by trying all that there could be.
        """
        counts: Iterable[int] = ()
        if self.classes > 1:
            counts = np.bincount(self.labels, minlength=self.classes)
        return {
            "about": self.about,
            "rows": int(self.labels.size),
            "donated": self.donated,
            "classes": [int(count) for count in counts],
            "notes": list(self.notes),
        }
