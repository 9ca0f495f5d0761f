"""Decide what becomes of a held round: signed, and written behind the run's ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anml_fl.ledger.decisions import (
    DecisionError,
    decide,
    decision_fields,
    read_decisions,
)
from anml_fl.ledger.verify import read_lines, verify_file
from anml_fl.run.decided import decided
from anml_fl.run.files import DECISIONS, LEDGER
from anml_fl.system.files import write_whole
from server.orchestration.ledger_key import signing_key

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.ledger.decisions import Decision, Kind


def decide_round(folder: Path, kind: Kind, number: int, reason: str) -> Decision:
    """Release a held round of a finished run, or make it void, once and for good.

    Parameters
    ----------
    folder : Path
        The run's; nobody else may write to it meanwhile.
    kind : "release" or "void"
    number : int
        The round.
    reason : str
        1 to 1,000 printable characters.

    Returns
    -------
    Decision
        As it was signed; synced to the disk.

    Raises
    ------
    DecisionError
        If the ledger is not this key's, does not hold, or is not closed; if a decision that is
        there does not hold; if the round is not held, or was decided; or without a reason.
    ConfigError
        If the server's key cannot be had.
    OSError
        If a file cannot be read or written.
    """
    key = signing_key()
    path = folder / LEDGER
    verdict = verify_file(path, key.public_key(), unfinished=True)
    if not verdict.ok:
        raise DecisionError(f"{path} is not to be decided on: {verdict}")
    chain = verdict.chain
    if not chain.closed:
        raise DecisionError(
            f"{folder} has not come to its end: a held round is decided on once its ledger is"
            " closed"
        )
    before = decided(path, chain, key.public_key())
    if number not in before.held:
        waiting = [str(one) for one in before.held if one not in before.decisions]
        which = f"held are {', '.join(waiting)}" if waiting else "none is"
        raise DecisionError(f"round {number} of {folder} is not held; {which}")
    if number in before.decisions:
        was = before.decisions[number]
        raise DecisionError(
            f"round {number} was decided before, for good: {before.state(number)},"
            f" {was.reason!r}"
        )
    opened = json.loads(next(read_lines(path)))
    fields = decision_fields(opened, kind, before.held[number], reason)
    lines = [*before.lines, decide(fields, chain, before.lines, key)]
    # Read back by the rules that everybody else reads it by.
    found = read_decisions(lines, chain, before.held, key.public_key())
    write_whole(folder / DECISIONS, b"".join(line + b"\n" for line in lines))
    return found[-1]
