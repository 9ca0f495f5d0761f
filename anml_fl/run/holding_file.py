"""`holding.toml`: that a run checks its payouts before it settles them, and by which bound."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from anml_fl.ledger.holding import Holding
from anml_fl.run.files import HOLDING
from anml_fl.system.files import cause

if TYPE_CHECKING:
    from pathlib import Path


def holding_text(holding: Holding) -> str:
    r"""Write the file.

    Examples
    --------
    >>> holding_text(Holding(0.05))
    'bound = 0.05\nlevel = 0.01\nslack = 0.03\n'
    """
    return "".join(f"{name} = {value!r}\n" for name, value in holding.fields().items())


def load_holding(folder: Path) -> Holding | None:
    """Read it from a run's folder; None for a run that pays every round at once.

    Raises
    ------
    ValueError
        If it says something else than it should.

    Examples
    --------
    >>> from pathlib import Path
    >>> load_holding(Path("runs/none")) is None
    True
    """
    try:
        content = (folder / HOLDING).read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = Holding(**tomllib.loads(content.decode()))
        if holding_text(found).encode() != content:
            raise ValueError(f"expected {holding_text(found)!r}")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder / HOLDING}: {cause(error)}") from error
    return found
