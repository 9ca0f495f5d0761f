"""Make statements of a run's folder: only of one whose ledger verifies and fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.files import LEDGER
from anml_fl.statement.records import Records
from anml_fl.statement.verified_ledger import VerifiedLedger

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.statement.settled import SettledRun


def settled_run(run: Path, key: Ed25519PublicKey) -> SettledRun:
    """Read a run's folder as its ledger settled it, for statements.

    Parameters
    ----------
    run : Path
        The run's folder. Of a run that goes on, the last round that was settled and whose
        record is written is the last.
    key : Ed25519PublicKey
        The ledger's.

    Raises
    ------
    DifferenceError
        If the ledger is bad, or settings and records are not those that were signed.
    FileNotFoundError
        If there is no ledger, or no round was settled yet.
    OSError, ValueError
        If a file cannot be read.
    """
    if not (run / LEDGER).is_file():
        raise FileNotFoundError(
            f"{run} has no {LEDGER}: nothing vouches for what a statement would say"
        )
    ledger = VerifiedLedger.of(run / LEDGER, key)
    if ledger.entries == 1:
        raise FileNotFoundError(f"{run} has settled no round yet: there is nothing to state")
    records = Records.of(run, ledger.opened)
    entries = ledger.entries
    if not ledger.closed:
        entries = min(entries, 1 + len(records.lines))
    return ledger.settled(entries, records)
