"""What a round of thousands costs: seconds by part, memory, and bytes on disk and in SQL.

One federation a call, so that the process's peak memory is that federation's. The whole run
is real: the same server, strategy and clients as in `anml run`.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import server.orchestration.federation
import server.orchestration.round_log
import strategies.concluding
import strategies.screened_strategy
from anml_fl.database.engine import open_database, reading, writing
from anml_fl.federation.contributors import names_of
from anml_fl.registry import recording
from anml_fl.registry.clock import microseconds, now, years
from anml_fl.registry.domain import Contributor
from anml_fl.registry.sql import SqlRegistry
from anml_fl.run.files import LEDGER, ROUNDS, UPDATES
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.reading import from_flat
from clients.app import app
from clients.cohort_round import cohort_of
from server.engines.cohort_grid import CohortGrid, grid_in_process
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.settlement import Settlement
from studies.benchmarks.harness import markdown, on_machine, peak_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anml_fl.settings.run import RunConfig

NO_DATABASE, SQLITE = "none", "sqlite"
# Adult is the one data set with two training samples for each of 10,000 contributors.
_SETTINGS = {"dataset": "adult", "local-epochs": 1, "strategies": "anml"}
# One contributor in ten flips labels, and one in ten does that and forges its credentials.
_ATTACKERS = ("label_flip", "joint")
# What does not overlap: the name of a part, and the functions whose time it is.
_PARTS: Mapping[str, tuple[tuple[Any, str], ...]] = {
    "data": ((server.orchestration.federation, "task_of"),),
    "clients": ((InlineGrid, "push_messages"), (CohortGrid, "train_cohort")),
    "screening": ((strategies.screened_strategy, "screen"),),
    "Krum": ((strategies.concluding, "assess"),),
    "registry": ((SqlRegistry, "signals"), (SqlRegistry, "observe")),
    "ledger": ((Settlement, "settle"),),
    "updates": ((server.orchestration.round_log, "save_updates"),),
    "checkpoint": ((server.orchestration.round_log, "save_checkpoint"),),
    "records": ((StrategyFolder, "append"),),
    "report": ((server.orchestration.federation, "write_report"),),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One federation.

    Parameters
    ----------
    contributors, rounds : int
    database : str
        "none", "sqlite" or "postgresql".
    seconds, processor : float
        From the first setting read to the report written: by the clock, and of processor
        time, in which what else the machine does is not measured.
    parts : mapping
        Part of the run to its processor time; "rest" is what no part has.
    memory : int
        Largest resident memory of the process, in bytes.
    sizes : mapping
        What was written to its bytes.
    error : float
        Test error at the end, in [0, 1].
    """

    contributors: int
    rounds: int
    database: str
    seconds: float
    processor: float
    parts: Mapping[str, float]
    memory: int
    sizes: Mapping[str, int]
    error: float

    def to_json(self) -> str:
        """Write the row on one line."""
        return json.dumps(asdict(self))


def run(
    contributors: int,
    rounds: int = 1,
    database: str = NO_DATABASE,
    q: str = "exact",
    engine: str = "cohort",
) -> Row:
    """Run one federation and measure it.

    Parameters
    ----------
    contributors : int
        From 10 to 10,000.
    rounds : int
        At least 1.
    database : str
        "none": a simulated registry; "sqlite": a new file; or the URL of an empty PostgreSQL
        database. Registry, ledger and reputations are kept there.
    q : str
        As in the settings: exact, or landmark:K.
    engine : str
        "cohort" or "inline".

    Raises
    ------
    ValueError
        If there are too few contributors for one of each kind, or the database holds
        contributors already.

    Examples
    --------
    >>> run(9)
    Traceback (most recent call last):
    ValueError: contributors must be at least 10, got 9
    """
    if contributors < 10:
        raise ValueError(f"contributors must be at least 10, got {contributors}")
    with TemporaryDirectory() as folder:
        where = str(Path(folder, "anml.db")) if database == SQLITE else database
        kept = "" if where == NO_DATABASE else where
        config = _config(contributors, rounds, kept, q).model_copy(update={"engine": engine})
        if config.registry.database:
            _fill(where, names_of(config))
        out = Path(folder, "run")
        with _timed() as parts:
            clock, start = time.perf_counter(), time.process_time()
            grid = grid_in_process(config, app, cohort_of(config))
            summary = run_federation(grid, config, out)
            clock, processor = time.perf_counter() - clock, time.process_time() - start
        parts["rest"] = processor - sum(parts.values())
        return Row(
            contributors,
            rounds,
            "postgresql" if "://" in where else database,
            clock,
            processor,
            dict(parts),
            peak_memory(),
            _sizes(out, config.registry.database),
            summary["strategies"]["anml"]["test_error"],
        )


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Two tables: seconds and memory; megabytes written.

    Examples
    --------
    >>> row = Row(10, 1, "none", 3.0, 2.0, {"rest": 2.0}, 10**9, {"records": 10**6}, 0.5)
    >>> [line for line in table([row]).splitlines() if line.startswith("| 10 |")]
    ['| 10 | 1 | none | 3.0 | 2.0 | 2.0 | 1000 |', '| 10 | 1 | none | 1.0 |']
    """
    parts = [name for name in (*_PARTS, "rest") if any(name in row.parts for row in rows)]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.sizes))
    who = ["contributors", "rounds", "database"]
    spent, written = [], []
    spent_heads = [*who, "seconds", "processor", *parts, "MB of memory"]
    written_heads = [*who, *(f"{kind} MB" for kind in kinds)]
    for row in rows:
        head = [str(row.contributors), str(row.rounds), row.database]
        each = [f"{row.parts[name]:.1f}" if name in row.parts else "-" for name in parts]
        totals = [f"{row.seconds:.1f}", f"{row.processor:.1f}"]
        spent.append([*head, *totals, *each, f"{row.memory / 1e6:.0f}"])
        written.append(
            [*head, *(f"{row.sizes[k] / 1e6:.1f}" if k in row.sizes else "-" for k in kinds)]
        )
    rules = ["|" + " --: |" * len(heads) for heads in (spent_heads, written_heads)]
    return on_machine(
        markdown(spent_heads, spent, rules[0]), markdown(written_heads, written, rules[1])
    )


def _config(contributors: int, rounds: int, database: str, q: str) -> RunConfig:
    kinds = ",".join(f"{kind}={contributors // 10}" for kind in _ATTACKERS)
    flat = {**_SETTINGS, "contributors": contributors, "rounds": rounds}
    flat |= {"behaviours": kinds, "q": q}
    if database:
        flat |= {"database": database, "reputation": True}
    return from_flat(flat)


def _fill(where: str, names: Sequence[str]) -> None:
    """Enter every contributor with a key of the kind that a node has."""
    at = now()
    engine = open_database(where)
    try:
        if there := len(SqlRegistry(engine).contributors(years(at))):
            raise ValueError(f"the database must be empty, but holds {there} contributors")
        with writing(engine) as connection:
            for name in names:
                since = at - timedelta(days=1)
                one = Contributor(name, name, "news", _public_key(name), since)
                recording.add_contributor(connection, one, microseconds(years(at)))
    finally:
        engine.dispose()


def _public_key(name: str) -> bytes:
    secret = int.from_bytes(sha256(name.encode()).digest())
    public = ec.derive_private_key(secret, ec.SECP384R1()).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Add up the processor time in each part; its functions are as before afterwards."""
    spent: dict[str, float] = defaultdict(float)
    before = [
        (part, owner, name, getattr(owner, name))
        for part, functions in _PARTS.items()
        for owner, name in functions
    ]
    try:
        for part, owner, name, function in before:
            setattr(owner, name, _stopwatch(function, spent, part))
        yield spent
    finally:
        for _, owner, name, function in before:
            setattr(owner, name, function)


def _stopwatch(function: Any, spent: dict[str, float], part: str) -> Any:
    @wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] += time.process_time() - start

    return timed


def _sizes(out: Path, database: str) -> dict[str, int]:
    folder = out / "anml"
    sizes = {
        "records": (folder / ROUNDS).stat().st_size,
        "updates": sum(path.stat().st_size for path in (folder / UPDATES).iterdir()),
        "ledger": (out / LEDGER).stat().st_size,
        "report": (out / "report.html").stat().st_size,
    }
    if "://" in database:
        engine = open_database(database)
        try:
            with reading(engine) as connection:
                size = sa.func.pg_database_size(sa.func.current_database())
                sizes["database"] = int(connection.execute(sa.select(size)).scalar_one())
        finally:
            engine.dispose()
    elif database:
        sizes["database"] = sum(
            path.stat().st_size for path in Path(database).parent.glob("anml.db*")
        )
    return sizes
