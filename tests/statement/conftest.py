"""Runs made by hand, with a ledger, whose every number is known; and one that was trained."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from anml_fl.cli import main
from anml_fl.ledger.entry import Results
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.hashes import sha256_of
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.statement.making import settled_run
from anml_fl.statement.signing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from click.testing import Result

SERVER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\xff" * 32)
POOL = 1_000_003
CONFIG = 'name = "made"\nstrategies = ["fedavg"]\n\n[aggregation]\nfraction = 1.0\n'
MODEL = "sha256:" + "ab" * 32


def _person(
    name: str, examples: float | None, weight: float, **more: Any
) -> ContributorRecord:
    """Make a contributor with a valid reply; by its q and s it is told from others."""
    own = sum(map(ord, name)) % 997 / 1000
    signals = {"q": own, "v": 0.9, "r": own / 3, "T": 1.0, "s": 0.3 * own}
    usual = {**signals, "weight": weight, "selected": weight > 0, "examples": examples}
    return ContributorRecord(name, **{**usual, **more})


def _refused(name: str, reason: str) -> ContributorRecord:
    return _person(name, None, 0.0, q=math.nan, reason=reason)


def _by_examples(number: int, people: dict[str, float], **more: Any) -> RoundRecord:
    """Make a round in which everybody counts by examples, as under fedavg."""
    total = sum(people.values())
    counted = tuple(_person(name, count, count / total) for name, count in people.items())
    return RoundRecord(
        number, "fedavg", None, math.nan, 0.1, (*counted, *more.pop("others", ())), **more
    )


@dataclass
class Made:
    """A run's folder as `anml run` leaves it, as far as a statement looks."""

    folder: Path
    records: Sequence[RoundRecord]
    bound: bool = True
    closed: bool = True
    key: Ed25519PrivateKey = field(default=SERVER, repr=False)

    def write(self) -> Made:
        strategy = self.records[0].strategy if self.records else "fedavg"
        (self.folder / strategy).mkdir(parents=True)
        (self.folder / "config.toml").write_text(CONFIG)
        digest = sha256_of(CONFIG.encode())
        ledger = FileLedger(self.folder / "ledger.jsonl", self.key)
        name = f"made-{digest[7:23]}"
        ledger.open(name, strategy, POOL, digest if self.bound else None)
        for record in self.records:
            ledger.append(record, MODEL)
        if self.closed:
            ledger.close(Results({}, MODEL))
        lines = "".join(record.to_json() + "\n" for record in self.records)
        self.rounds.write_text(lines)
        pem = self.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        (self.folder / "ledger.pub").write_bytes(pem)
        return self

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    @property
    def rounds(self) -> Path:
        return next(self.folder.glob("*/")) / "rounds.jsonl"

    def entries(self) -> list[Any]:
        return [json.loads(line) for line in self.ledger.read_bytes().splitlines()]

    def statement(self, contributor: str) -> Any:
        """State it as data."""
        return settled_run(self.folder, self.key.public_key()).statement(contributor)

    def content(self, contributor: str, *, signed: bool = True) -> bytes:
        """State it as a file has it."""
        return written(self.statement(contributor).fields(), self.key if signed else None)


ROUNDS = (
    _by_examples(1, {"ann": 10.0, "ben": 30.0, "eve": 60.0}),
    _by_examples(
        2,
        {"ann": 20.0, "ben": 60.0},
        others=(_refused("eve", "no reply in time"),),
    ),
    RoundRecord(
        3,
        "fedavg",
        None,
        math.nan,
        0.1,
        (replace(_person("ann", 10.0, 0.0), refused_credentials=("expired", "expired")),),
        note="not drawn: ben, eve; all weights are 0",
    ),
    _by_examples(4, {"ben": 50.0, "eve": 50.0}),
)
"""ann: a tenth, a quarter, nothing, not asked. Round 3 makes no new model."""


@pytest.fixture(scope="session")
def server() -> Ed25519PrivateKey:
    return SERVER


@pytest.fixture(scope="session")
def stranger() -> Ed25519PrivateKey:
    return STRANGER


@pytest.fixture(scope="session")
def pool() -> int:
    return POOL


@pytest.fixture(scope="session")
def rounds() -> tuple[RoundRecord, ...]:
    return ROUNDS


@pytest.fixture(scope="session")
def person() -> Callable[..., ContributorRecord]:
    return _person


@pytest.fixture(scope="session")
def refused() -> Callable[..., ContributorRecord]:
    return _refused


@pytest.fixture(scope="session")
def by_examples() -> Callable[..., RoundRecord]:
    return _by_examples


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "run", ROUNDS).write()


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """Make a run of any rounds."""

    def call(records: Sequence[RoundRecord], **more: Any) -> Made:
        return Made(tmp_path_factory.mktemp("made") / "run", records, **more).write()

    return call


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's private key, where commands look for it."""
    path = tmp_path / "keys" / "ledger.key"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(SERVER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    monkeypatch.setenv("ANML_LEDGER_KEY", str(path))
    return path


@pytest.fixture
def no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANML_LEDGER_KEY", str(tmp_path / "nowhere" / "ledger.key"))


@pytest.fixture
def anml() -> Callable[..., Result]:
    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments])

    return call


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANML_LEDGER_KEY", str(home / "ledger.key"))
        options = "--engine inline --rounds 3 --contributors 5 --dataset wine --local-epochs 1"
        kinds = "--behaviour label_flip=1 --behaviour credential_faking=1"
        arguments = [*options.split(), *kinds.split(), "--strategy", "calibrated"]
        done = CliRunner().invoke(main, ["run", *arguments, "--out", str(home / "run")])
        assert done.exit_code == 0, done.output
    return home


@pytest.fixture
def trained(_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a run under `calibrated`, whose key is at hand."""
    monkeypatch.setenv("ANML_LEDGER_KEY", str(_trained / "ledger.key"))
    return shutil.copytree(_trained / "run", tmp_path / "trained")
