"""What verifying a ledger costs: entries a second on one thread, and memory.

The ledger is a real one, every entry signed, but its rounds are taken in turn from a few
that were made before: writing them one by one would take far longer than what is measured.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.ledger.chain import NOTHING
from anml_fl.ledger.entry import close_fields, open_fields, round_fields, sign
from anml_fl.ledger.verify import verify_file
from anml_fl.method.records import ContributorRecord, RoundRecord
from studies.benchmarks.harness import Progress, markdown, peak_memory, silent

_RUN, _STRATEGY, _POOL = "benchmark", "anml", 1_000_000
_MODEL = "sha256:" + "0" * 64
_TEMPLATES = 100
# Stands in a round made before for what differs from entry to entry.
_NUMBER, _PREVIOUS = 8_888_888_888_888_888, "f" * 64


@dataclass(frozen=True, slots=True)
class Row:
    """One ledger.

    Parameters
    ----------
    entries, contributors : int
        Of the ledger; of each round.
    size : int
        Bytes of the file.
    seconds, processor : float
        To verify it: by the clock, and of processor time.
    grown : int
        Bytes by which the process's peak memory grew meanwhile.
    """

    entries: int
    contributors: int
    size: int
    seconds: float
    processor: float
    grown: int


def run(
    sizes: Sequence[int] = (1_000_000,),
    contributors: int = 10,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Row]:
    """Write ledgers into a temporary folder and verify them.

    Parameters
    ----------
    sizes : sequence of int
        Entries of each ledger, >= 2; a million take 2.5 GB of disk.
    contributors : int
        In each round, >= 1.
    seed : int
        Of the signals and weights.


    Raises
    ------
    ValueError
        If a ledger does not verify.

    Examples
    --------
    >>> [row.entries for row in run(sizes=(50,))]
    [50]
    """
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    rows = []
    for entries in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.jsonl"
            progress(f"writing {entries} entries")
            write(path, key, entries, contributors, seed)
            progress(f"verifying {path.stat().st_size / 1e6:.0f} MB")
            before, clock, processor = peak_memory(), time.perf_counter(), time.process_time()
            verdict = verify_file(path, key.public_key())
            processor, clock = time.process_time() - processor, time.perf_counter() - clock
            if not verdict.ok or verdict.chain.entries != entries:
                raise ValueError(f"the ledger should be good: {verdict}")
            size, grown = path.stat().st_size, peak_memory() - before
            rows.append(Row(entries, contributors, size, clock, processor, grown))
    return rows


def write(
    path: Path, key: Ed25519PrivateKey, entries: int, contributors: int = 10, seed: int = 0
) -> None:
    """Write a closed ledger quickly: rounds from a stock, each with its own signature.

    Parameters
    ----------
    path : Path
    key : Ed25519PrivateKey
    entries : int
        With the first and the last, >= 2.
    contributors : int
        In each round, >= 1.
    seed : int
    """
    rng = np.random.default_rng(seed)
    names = [f"key-{rng.bytes(8).hex()}" for _ in range(contributors)]
    stock = [_template(rng, names) for _ in range(min(_TEMPLATES, max(1, entries - 2)))]
    totals = dict.fromkeys(names[: contributors if entries > 2 else 0], 0)
    opened = open_fields(_RUN, _STRATEGY, _POOL, key.public_key().public_bytes_raw())
    line = sign(opened, 0, NOTHING, key)
    with path.open("wb") as file:
        for number in range(1, entries - 1):
            file.write(line + b"\n")
            (parts, strategy), paid = stock[number % len(stock)]
            before = parts % (number, sha256(line).hexdigest().encode(), number)
            signature = key.sign(before + strategy).hex().encode()
            line = before + b'"signature":"' + signature + b'",' + strategy
            for name, payout in zip(names, paid, strict=True):
                totals[name] += payout
        file.write(line + b"\n")
        previous = sha256(line).hexdigest().encode()
        last = sign(close_fields(entries - 2, totals), entries - 1, previous, key)
        file.write(last + b"\n")


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on."""
    heads = ["entries", "contributors", "MB", "s", "processor s", "entries / s", "grown MB"]
    lines = []
    for row in rows:
        cells = [str(row.entries), str(row.contributors), f"{row.size / 1e6:.0f}"]
        cells += [f"{row.seconds:.1f}", f"{row.processor:.1f}"]
        cells += [f"{row.entries / row.processor:.0f}", f"{row.grown / 1e6:.1f}"]
        lines.append(cells)
    packages = f"Python {platform.python_version()}, cryptography {version('cryptography')}"
    return f"One thread; {packages}\n\n{markdown(heads, lines)}"


def _template(
    rng: np.random.Generator, names: list[str]
) -> tuple[tuple[bytes, bytes], list[int]]:
    """Make a round's entry: before its signature, with gaps for what differs, and after."""
    q, v, r, T = rng.random((4, len(names))).tolist()
    weights = rng.dirichlet(np.ones(len(names))).tolist()
    people = tuple(
        ContributorRecord(name, q[i], v[i], r[i], T[i], v[i] * r[i], weights[i], True)
        for i, name in enumerate(names)
    )
    at = float(rng.uniform(50, 60))
    record = RoundRecord(_NUMBER, _STRATEGY, "blend", 0.5, 0.1, people, at=at)
    fields = round_fields(_RUN, record, _MODEL, _POOL)
    line = rfc8785.dumps({**fields, "number": _NUMBER, "previous": _PREVIOUS})
    before, strategy, name = line.partition(b'"strategy"')
    before = before.replace(str(_NUMBER).encode(), b"%d").replace(_PREVIOUS.encode(), b"%b")
    return (before, strategy + name), [one["payout"] for one in fields["contributors"]]
