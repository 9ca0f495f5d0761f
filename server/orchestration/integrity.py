"""Whether a run that came to its end is what its ledger says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.ledger_audit import audit
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_HOW = "Bring the folder back from a copy, or let `anml run --out FOLDER` begin another"


def check_unaltered(out: Path) -> None:
    """Refuse a run that came to its end and is not what its ledger says.

    Parameters
    ----------
    out : Path
        The run's folder.

    Raises
    ------
    ConfigError
        Naming the first difference, or why it cannot be checked.
    """
    try:
        found = audit(out, strangers=True)  # what is made anew keeps what somebody put there
    except (OSError, ValueError) as error:
        raise ConfigError(f"{out} cannot be checked: {error}. {_HOW}") from error
    if not found.ok:
        raise ConfigError(f"{out} does not fit its ledger: {found.difference}. {_HOW}")
