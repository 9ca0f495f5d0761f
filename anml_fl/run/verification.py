"""What a page may say of a run: what its ledger paid, and what does not fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.run.audit import audit_run
from anml_fl.run.files import LEDGER, PUBLIC_KEY
from anml_fl.run.ledger_audit import UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.run.decided import Decided
    from anml_fl.run.parsing import Parse


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a run against its ledger.

    Parameters
    ----------
    warning : str
        Why the run cannot be relied on; "" if all fits.
    payouts : mapping, optional
        Contributor to micro-units, from entries whose signatures hold; None without any.
    key : str
        With which they were checked, 64 hexadecimal digits; "" without any.
    note : str
        What the ledger does not stand for, where that is more than always.
    altered : bool
        Whether there is a ledger that it does not fit.
    decided : Decided, optional
        What became of rounds that were held; None if that cannot be relied on.
    """

    warning: str
    payouts: Mapping[str, int] | None = None
    key: str = ""
    note: str = ""
    altered: bool = False
    decided: Decided | None = None

    @property
    def earned(self) -> Mapping[str, int] | None:
        """Micro-units by contributor, with those of rounds that were held and released."""
        if self.payouts is None or self.decided is None:
            return self.payouts
        released = self.decided.released
        return {
            name: self.payouts.get(name, 0) + released.get(name, 0)
            for name in {**self.payouts, **released}
        }


UNCHECKED = Verification("Nothing vouches for this run: it was not checked.")


def verify_run(folder: Path, parse: Parse | None = None) -> Verification:
    """Check a finished run's folder with the public key in it.

    Parameters
    ----------
    folder : Path
        The run's.
    parse : callable, optional
        As in `anml_fl.run.ledger_audit.audit`.

    Returns
    -------
    Verification
        Whatever the folder holds.

    Raises
    ------
    UnfinishedError
        If the run has not come to its end.
    """
    for name in (LEDGER, PUBLIC_KEY):
        if not (folder / name).is_file():
            return Verification(f"Nothing vouches for this run: it has no {name}.")
    try:
        found = audit_run(folder, parse=parse)
    except UnfinishedError:
        raise
    except (OSError, ValueError) as error:
        why = str(error).replace(f"{folder}/", "")
        return Verification(f"Nothing vouches for this run: it cannot be checked ({why}).")
    warning = ""
    if not found.ok:
        warning = f"This run was altered, and does not fit its ledger: {found.difference}."
    note = ""
    if not found.bound:
        note = f"Its ledger is of an older form and does not stand for {found.unbound()}."
    if not found.verdict.ok:
        return Verification(warning, altered=True)
    return Verification(
        warning,
        found.payouts,
        found.key,
        note,
        altered=not found.ok,
        decided=found.decided,
    )
