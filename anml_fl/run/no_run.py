"""What to say of a folder that is no run's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.files import CONFIG, SWEEP

if TYPE_CHECKING:
    from pathlib import Path


def no_run(folder: Path) -> str:
    """Say that a folder is no run's, and which one would be right.

    Parameters
    ----------
    folder : Path
        Without settings of a run; a sweep's holds its runs one below it.

    Examples
    --------
    >>> from pathlib import Path
    >>> no_run(Path("elsewhere"))
    "elsewhere is not a run's folder: it has no config.toml; give one as `anml run` makes ..."
    """
    if (folder / SWEEP).is_file():
        runs = sorted(path.parent for path in folder.glob(f"*/{CONFIG}"))
        which = f", such as {runs[0]}" if runs else "; none has begun"
        return f"{folder} is the folder of many runs: give one of them{which}"
    return (
        f"{folder} is not a run's folder: it has no {CONFIG}; give one as `anml run` makes"
        " them, such as runs/default"
    )
