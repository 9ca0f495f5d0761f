"""What the durable registry costs: the signals of everyone, and one round observed.

On SQLite, in processor time, so that other guests of the machine are not measured; read the
minima. Opening a registry reads everyone into memory: it has a figure of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from anml_fl.database.engine import open_database, writing
from anml_fl.method.provenance import Verification
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry import recording
from anml_fl.registry.attestation import key_id
from anml_fl.registry.clock import MICROSECONDS_A_YEAR, date, microseconds
from anml_fl.registry.domain import (
    Attestation,
    Contribution,
    Contributor,
    Issuer,
    Revocation,
    Withdrawn,
)
from anml_fl.registry.sql import SqlRegistry
from studies.benchmarks.harness import Progress, Timing, markdown, on_machine, silent, timed

_START = 56.0  # years since 1970: when the registry learns of everyone
_ROUND = 1e-4  # years between rounds
_ISSUERS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One size of registry.

    Parameters
    ----------
    contributors, rounds : int
        Contributors, each with a contribution, an attestation and so many rounds.
    opening : float
        Seconds until what is there is read.
    signals, observe : Timing
        A look at everyone, and one more round of everyone.
    """

    contributors: int
    rounds: int
    opening: float
    signals: Timing
    observe: Timing


def run(
    sizes: Sequence[int] = (1_000, 10_000),
    rounds: int = 20,
    repeats: int = 7,
    progress: Progress = silent,
) -> list[Row]:
    """Measure registries of every size, each on a disk of its own making.

    Parameters
    ----------
    sizes : sequence of int
        Contributors, each >= 1000.
    rounds : int
        Rounds of history, >= 1.
    repeats : int
        Measurements of each, >= 1.
    """
    rows = []
    for n in sizes:
        with TemporaryDirectory() as folder:
            progress(f"{n} contributors, {rounds} rounds: filling")
            engine = open_database(Path(folder, "anml.db"))
            try:
                names = fill(engine, n, rounds)
                progress(f"{n} contributors, {rounds} rounds: measuring")
                rows.append(_row(engine, names, rounds, repeats))
            finally:
                engine.dispose()
    return rows


def fill(engine: Engine, n: int, rounds: int) -> list[str]:
    """Fill a database: contributors, some revoked facts, and rounds of history.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_database`, empty.
    n, rounds : int

    Returns
    -------
    list of str
        The identities, in another order than they were added.
    """
    names = [f"key-{sha256(str(i).encode()).hexdigest()[:16]}" for i in range(n)]
    keys = [_public_key(i) for i in range(_ISSUERS)]
    at = microseconds(_START)
    since, until = date(at - MICROSECONDS_A_YEAR), date(at + MICROSECONDS_A_YEAR)
    levels = frozenset({Verification.PEER_REVIEWED})
    with writing(engine) as connection:
        for i, key in enumerate(keys):
            issuer = Issuer(f"issuer {i}", key, levels, since, until)
            recording.add_issuer(connection, issuer, at)
        for i, name in enumerate(names):
            digest, key = sha256(name.encode()), keys[i % _ISSUERS]
            subject, data_hash = digest.digest(), f"sha256:{digest.hexdigest()}"
            recording.add_contributor(
                connection, Contributor(name, f"n {i}", "news", subject, since), at
            )
            data = Contribution(name, data_hash, 100, since)
            recording.add_contribution(connection, data, at)
            word = Attestation(
                id=str(i),
                issuer=f"issuer {i % _ISSUERS}",
                key_id=key_id(key),
                subject=subject,
                level=Verification.PEER_REVIEWED,
                data_hash=data_hash,
                issued=since,
                expires=until,
                token=f"{i}." + 500 * "x",  # as long as a real one
            )
            recording.keep(connection, word, i % _ISSUERS + 1, i + 1, at)
        for i in range(0, n, 100):
            flag = f"{names[i]}/sha256:{sha256(names[i].encode()).hexdigest()}"
            token = f"{key_id(keys[(i + 1) % _ISSUERS])}/{i + 1}"
            for kind, target in (
                (Withdrawn.CONTRIBUTION, flag),
                (Withdrawn.ATTESTATION, token),
            ):
                recording.revoke(connection, Revocation(kind, target, date(at), "test"), at)
        lost = Revocation(Withdrawn.ISSUER_KEY, key_id(keys[-1]), since, "stolen")
        recording.revoke(connection, lost, at)
    registry = SqlRegistry(engine)
    for number in range(1, rounds + 1):
        registry.observe("history", _record(names, number))
    order = np.random.default_rng(0).permutation(n)
    return [names[i] for i in order]


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Milliseconds as "least / median".
    """
    heads = ["contributors", "rounds each", "signals ms", "opening ms", "observe ms"]
    lines = []
    for row in rows:
        cells = [str(row.contributors), str(row.rounds), _milliseconds(row.signals)]
        cells += [f"{row.opening * 1e3:.1f}", _milliseconds(row.observe)]
        lines.append(cells)
    return on_machine(markdown(heads, lines))


def _row(engine: Engine, names: list[str], rounds: int, repeats: int) -> Row:
    registry, opening = timed(lambda: SqlRegistry(engine))
    at = _START + (rounds + 1) * _ROUND
    signals = [timed(lambda: registry.signals(names, at=at))[1] for _ in range(repeats)]
    later = [_record(names, rounds + 1 + i) for i in range(repeats)]
    observe = [timed(partial(registry.observe, "bench", record))[1] for record in later]
    return Row(
        contributors=len(names),
        rounds=rounds,
        opening=opening,
        signals=Timing.of(signals),
        observe=Timing.of(observe),
    )


def _milliseconds(timing: Timing) -> str:
    return f"{timing.least * 1e3:.1f} / {timing.middle * 1e3:.1f}"


def _public_key(number: int) -> bytes:
    seed = sha256(b"%d" % number).digest()
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _record(names: Sequence[str], number: int) -> RoundRecord:
    people = tuple(
        ContributorRecord(
            contributor=name,
            q=(i % 100) / 100,
            v=0.85,
            r=0.4,
            T=1.0,
            s=0.34,
            weight=1 / len(names),
            selected=i % 3 > 0,
        )
        for i, name in enumerate(sorted(names))
    )
    at = _START + number * _ROUND
    return RoundRecord(number, "anml", "blend", 0.5, 0.3, people, at=at)
