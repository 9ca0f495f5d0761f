"""A file or folder that must be there: where it is not, what is beside it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.system.near import near

if TYPE_CHECKING:
    from os import PathLike


class ExistingPath(click.Path):
    """A path that must exist; of one that does not it is said what comes near.

    Parameters
    ----------
    files : bool
        Whether a file will do; otherwise it must be a folder.
    """

    def __init__(self, *, files: bool = False) -> None:
        super().__init__(exists=True, file_okay=files, path_type=Path)

    def convert(
        self,
        value: str | PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Check a path."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            path = Path(value)
            if path.exists():
                raise
            self.fail(f"{error.message}{_beside(path)}", param, ctx)


def _beside(path: Path) -> str:
    try:
        close = near(path.name, sorted(one.name for one in path.parent.iterdir()))
    except OSError:
        return ""
    there = [str(path.parent / name) for name in close if name.isprintable()]
    return f" Did you mean {' or '.join(there)}?" if there else ""
