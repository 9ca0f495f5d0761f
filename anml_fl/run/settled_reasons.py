"""Why a ledger's contributors were paid: told from records that it is bound to, or not."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from anml_fl.ledger.hashes import sha256_of
from anml_fl.ledger.short_entry import without_people
from anml_fl.method.records import RoundRecord
from anml_fl.reasons.over_rounds import over_rounds
from anml_fl.run.dials import dials_of
from anml_fl.run.difference import DifferenceError, check_hash, content_of
from anml_fl.run.files import CONFIG, ROUNDS
from anml_fl.run.round_audit import rounds_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from anml_fl.reasons.over_rounds import OverRounds


def settled_reasons(folder: Path, entries: Iterable[bytes]) -> dict[str, OverRounds]:
    """Tell why contributors were paid, over the rounds that a ledger settled.

    Parameters
    ----------
    folder : Path
        That of a run; it may hold a ledger alone.
    entries : iterable of bytes
        Of a ledger that was verified, in their order.

    Returns
    -------
    dict
        By contributor; empty where the records are not there, or the ledger is of a form that
        binds none.

    Raises
    ------
    DifferenceError
        If settings or records beside the ledger are not those that it is bound to.
    OSError, ValueError
        If a file cannot be read.
    """
    short = [without_people(line) for line in entries]
    opened, settled = short[0], [one for one in short if one["kind"] == "round"]
    if "settings" not in opened or not (folder / opened["strategy"] / ROUNDS).is_file():
        return {}
    config = content_of(folder, CONFIG)
    check_hash(CONFIG, config, opened["settings"])
    lines = rounds_of(folder, opened["strategy"], unfinished=True)
    if len(lines) < len(settled):
        raise DifferenceError(f"{opened['strategy']}/{ROUNDS} ends after round {len(lines)}")
    for line, entry in zip(lines, settled, strict=False):
        if sha256_of(line) != entry.get("record"):
            raise DifferenceError(
                f"{opened['strategy']}/{ROUNDS}, round {entry['round']} was altered"
            )
    records = (RoundRecord.from_json(line.decode()) for line in islice(lines, len(settled)))
    return over_rounds(records, dials_of(config.decode(), folder / CONFIG))
