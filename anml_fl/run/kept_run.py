"""A finished run with the folder that it stands in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anml_fl.run.reading import Run

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptRun(Run):
    """A finished run, and where it was read from.

    Parameters
    ----------
    folder : Path
    """

    folder: Path = field(kw_only=True)
