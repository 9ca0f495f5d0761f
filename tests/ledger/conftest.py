"""Keys, records and small ledgers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.ledger.file import FileLedger
from anml_fl.method.records import ContributorRecord, RoundRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = "sha256:" + "ab" * 32


@pytest.fixture(scope="session")
def key() -> Ed25519PrivateKey:
    """The server's."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def stranger() -> Ed25519PrivateKey:
    """A key that is not the server's."""
    return Ed25519PrivateKey.from_private_bytes(b"\xff" * 32)


@pytest.fixture(scope="session")
def model() -> str:
    """A model's hash."""
    return MODEL


@pytest.fixture(scope="session")
def record() -> Callable[..., RoundRecord]:
    """Make a round's record: weights by contributor; nan is a contributor without reply."""

    def make(number: int, weights: tuple[float, ...] = (0.5, 0.25, 0.25)) -> RoundRecord:
        people = tuple(
            ContributorRecord(
                f"contributor-{chr(97 + i)}",
                q=math.nan if math.isnan(weight) else 1 / (i + 3),
                v=0.85,
                r=0.4,
                T=1e-7 * number,
                s=0.34,
                weight=weight,
                selected=weight > 0,
                reason='no reply\n"in time" ü' if math.isnan(weight) else None,
            )
            for i, weight in enumerate(weights)
        )
        return RoundRecord(number, "anml", "blend", 0.5, 0.3, people, at=56.25 + number)

    return make


@pytest.fixture
def small(
    tmp_path: Path,
    key: Ed25519PrivateKey,
    record: Callable[..., RoundRecord],
) -> Path:
    """A closed ledger of four rounds: one unlike the others, and one with nobody to pay."""
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1_000_003)
    ledger.append(record(1), MODEL)
    ledger.append(record(2, (1.0, 0.0, math.nan)), MODEL)
    ledger.append(record(3, (0.0, math.nan)), MODEL)
    ledger.append(record(4), MODEL)
    ledger.close()
    return path
