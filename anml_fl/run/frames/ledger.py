"""A ledger's payouts as a table: a row a round and contributor, verified or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anml_fl.ledger.decisions import DecisionError
from anml_fl.ledger.verify import read_lines, verify_file
from anml_fl.registry.keys import public_key
from anml_fl.run.decided import decided
from anml_fl.run.files import LEDGER, PUBLIC_KEY, SUMMARY
from anml_fl.run.frames.columns import COUNT, FLAG, TEXT, joined, schema_of, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from anml_fl.ledger.verify import Verdict
    from anml_fl.run.decided import Decided
    from anml_fl.run.reading import Run

SCHEMA = schema_of(
    {
        TEXT: "run strategy branch model contributor reason state",
        COUNT: "seed round pool payout",
        FLAG: "selected verified",
    },
    "run seed strategy round contributor q v r T weight selected reason payout pool state"
    " branch at model verified",
)
"""Names and types, in this order."""

_SHARED = ("strategy", "round", "pool", "branch", "at", "model")
_OWN = ("contributor", "q", "v", "r", "T", "weight", "selected", "reason", "payout")


def ledger_table(run: Run, label: str, folder: Path) -> pa.Table:
    """Tell what a run's ledger says, and how far its signatures hold.

    Parameters
    ----------
    run : Run
    label : str
        What the column `run` says.
    folder : Path
        The run's.

    Raises
    ------
    FileNotFoundError
        If there is no ledger.
    ValueError
        If a line is no entry; the message names file and line.
    """
    path = folder / LEDGER
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {LEDGER}: nobody was paid, or it was taken")
    verdict = _verdict(folder)
    shared = {"run": label, "seed": run.summary.seed}
    return joined(SCHEMA, _entries(path, verdict, _decided(folder, verdict), shared))


def payouts_of(folder: Path) -> Mapping[str, int] | None:
    """Give what a ledger paid, by contributor, in micro-units.

    Returns
    -------
    mapping or None
        With what released rounds paid. None where there is no ledger or no key, or signatures
        do not hold, of entries or of decisions on held rounds.
    """
    verdict = _verdict(folder) if (folder / LEDGER).is_file() else None
    if verdict is None or not verdict.ok or (became := _decided(folder, verdict)) is None:
        return None
    found = {json.loads(name): paid for name, paid in verdict.chain.totals.items()}
    for name, paid in became.released.items():
        found[name] = found.get(name, 0) + paid
    return found


def _verdict(folder: Path) -> Verdict | None:
    """Check the ledger alone, with the key beside it; None without one."""
    if not (folder / PUBLIC_KEY).is_file():
        return None
    try:
        key = public_key(folder / PUBLIC_KEY)
    except ValueError:
        return None
    return verify_file(folder / LEDGER, key, unfinished=not (folder / SUMMARY).exists())


def _decided(folder: Path, verdict: Verdict | None) -> Decided | None:
    """Tell what became of held rounds; None where nothing that can be checked says it."""
    if verdict is None or not verdict.ok:
        return None
    try:
        return decided(folder / LEDGER, verdict.chain, public_key(folder / PUBLIC_KEY))
    except DecisionError:
        return None


def _entries(
    path: Path, verdict: Verdict | None, became: Decided | None, shared: dict[str, Any]
) -> Iterator[pa.Table]:
    for number, line in enumerate(read_lines(path)):
        try:
            entry = json.loads(line)
            if entry["kind"] != "round":
                continue
            people = entry["contributors"]
            columns = {name: [one[name] for one in people] for name in _OWN}
            same = {**shared, **{name: entry[name] for name in _SHARED}}
            same["verified"] = None if verdict is None else number < verdict.chain.entries
            same["state"] = None if became is None else became.state(entry["round"])
            if became is not None and same["state"] == "released":
                paid = became.decisions[entry["round"]].payouts
                columns["payout"] = [paid.get(name, 0) for name in columns["contributor"]]
                same["pool"] = sum(paid.values())
            yield table_of(SCHEMA, columns, len(people), same)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            raise ValueError(
                f"{path} line {number + 1}: no entry of a ledger (`anml ledger verify` says"
                " what is wrong with it)"
            ) from None
