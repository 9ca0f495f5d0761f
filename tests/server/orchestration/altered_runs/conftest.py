"""A finished run with its attribution, a copy of it for each test, and ways to edit it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console
from safetensors.numpy import load, save

from anml_fl.cli import main
from anml_fl.ledger.file import FileLedger
from anml_fl.method.records import RoundRecord
from anml_fl.run.updates import load_updates, save_updates
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.attribution.valuation import run as value
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.ledger_key import signing_key
from server.orchestration.settlement import run_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CONFIG = from_flat(
    {
        "dataset": "wine",
        "contributors": 5,
        "rounds": 3,
        "local-epochs": 1,
        "strategies": "fedavg,anml,median",
        "behaviours": "label_flip=1,credential_faking=1",
    }
)


class Altered:
    """A run's folder, and ways to edit it; each writes proper files, as the run would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def text(self, name: str, old: bytes, new: bytes) -> None:
        content = (self.folder / name).read_bytes()
        assert old in content
        (self.folder / name).write_bytes(content.replace(old, new, 1))

    def whole(self, name: str, change: Callable[[bytes], bytes]) -> None:
        (self.folder / name).write_bytes(change((self.folder / name).read_bytes()))

    def record(self, strategy: str, number: int, change: Callable[[Any], object]) -> None:
        path = self.folder / strategy / "rounds.jsonl"
        *lines, _ = path.read_text().split("\n")
        fields = json.loads(lines[number - 1])
        before = json.dumps(fields)
        change(fields)
        assert json.dumps(fields) != before
        lines[number - 1] = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        path.write_text("\n".join(lines) + "\n")

    def field(
        self, strategy: str, number: int, name: str, new: object, person: int | None = None
    ) -> None:
        def change(fields: Any) -> None:
            (fields if person is None else fields["contributors"][person])[name] = new

        self.record(strategy, number, change)

    def lines(self, strategy: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
        path = self.folder / strategy / "rounds.jsonl"
        *kept, _ = path.read_bytes().split(b"\n")
        path.write_bytes(b"".join(line + b"\n" for line in change(kept)))

    def summary(self, change: Callable[[Any], object]) -> None:
        fields = json.loads((self.folder / "summary.json").read_text())
        change(fields)
        (self.folder / "summary.json").write_text(json.dumps(fields, indent=2) + "\n")

    def attribution(self, change: Callable[[Any], object]) -> None:
        path = self.folder / "attribution.json"
        fields = json.loads(path.read_text())
        change(fields)
        path.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")

    def one_bit(self, name: str) -> None:
        """Change a model's first weight to the next number above it."""
        found = load((self.folder / name).read_bytes())
        first = sorted(found)[0]
        flat = found[first].copy()
        flat.flat[0] = np.nextafter(flat.flat[0], np.float32(9))
        found[first] = flat
        (self.folder / name).write_bytes(save(found))

    def update(self, number: int, change: Callable[[np.ndarray], None]) -> None:
        of = load_updates(self.folder / "anml", number)
        updates = of.updates.copy()
        change(updates)
        save_updates(
            self.folder / "anml", number, list(of.contributors), of.model, updates, of.examples
        )

    def swap(self, one: str, other: str) -> None:
        a, b = (self.folder / one).read_bytes(), (self.folder / other).read_bytes()
        assert a != b
        (self.folder / one).write_bytes(b)
        (self.folder / other).write_bytes(a)

    def copied(self, source: str, target: str) -> None:
        (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / source, self.folder / target)

    def removed(self, name: str) -> None:
        (self.folder / name).unlink()

    def linked(self, name: str) -> None:
        (self.folder / name).rename(self.folder.parent / "elsewhere")
        (self.folder / name).symlink_to(self.folder.parent / "elsewhere")


def _start(folder: Path, kind: type[InlineGrid] = InlineGrid) -> None:
    nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
    run_federation(kind(app, nodes, _CONFIG.to_flat()), _CONFIG, folder)


def _call(*args: object) -> Any:
    result = CliRunner().invoke(main, [str(one) for one in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.fixture
def alter() -> type[Altered]:
    """Name a run's folder, to edit what lies in it."""
    return Altered


@pytest.fixture
def start() -> Callable[..., None]:
    """Make the run in a folder; the kind of grid can be replaced."""
    return _start


@pytest.fixture
def call() -> Callable[..., Any]:
    """Call `anml`."""
    return _call


@pytest.fixture
def verify() -> Callable[..., tuple[int, str]]:
    """Call `anml verify`, and return its exit status and what it prints."""

    def ask(folder: Path, *more: object) -> tuple[int, str]:
        result = _call("verify", folder, *more)
        return result.exit_code, result.output

    return ask


@pytest.fixture
def found(alter: Any, verify: Any) -> Callable[..., None]:
    """Edit a run, and see that the edit is found and its place named."""

    def check(folder: Path, change: Callable[[Any], None], place: str) -> None:
        change(alter(folder))
        code, said = verify(folder)
        assert code == 1, said
        assert said.startswith(f"altered: {place}"), said

    return check


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a finished run with its attribution, which no test edits."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    _start(folder)
    value(folder, Console(quiet=True))
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Copy it."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def older(run: Path) -> Path:
    """Settle the copy as it was before a run's ledger was bound to it."""
    entries = [json.loads(x) for x in (run / "ledger.jsonl").read_text().split("\n")[:-1]]
    (run / "ledger.jsonl").unlink()
    kept = FileLedger(run / "ledger.jsonl", signing_key())
    kept.open(run_id(_CONFIG), "anml", 1_000_000)
    *texts, _ = (run / "anml/rounds.jsonl").read_text().split("\n")
    for line, entry in zip(texts, entries[1:-1], strict=True):
        kept.append(RoundRecord.from_json(line), entry["model"])
    kept.close()
    return run
