"""A registry with people in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.method.provenance import Verification
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry.attestation import issue, key_id
from anml_fl.registry.clock import years
from anml_fl.registry.domain import Contribution, Contributor, Issuer
from anml_fl.registry.sql import SqlRegistry

if TYPE_CHECKING:
    import sqlalchemy as sa

_START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A registry with people in it, and what they need."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.registry = SqlRegistry(engine)
        self.issuer_key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.key_id = key_id(self.issuer_key.public_key().public_bytes_raw())

    @staticmethod
    def day(days: float) -> datetime:
        return _START + timedelta(days=days)

    @staticmethod
    def data(number: int) -> str:
        return f"sha256:{number:064x}"

    @staticmethod
    def public_key(name: str) -> bytes:
        return sha256(name.encode()).digest()

    def join(self, name: str, at: float = 0, domain: str = "news") -> None:
        one = Contributor(name, f"Name {name}", domain, self.public_key(name), self.day(at))
        self.registry.add_contributor(one, self.day(at))

    def bring(self, name: str, number: int, at: float = 0, collected: float = 0) -> None:
        one = Contribution(name, self.data(number), 10, self.day(collected))
        self.registry.add_contribution(one, self.day(at))

    def trust(
        self, at: float = 0, since: float = 0, until: float = 1000, **given: Any
    ) -> None:
        key = given.get("key", self.issuer_key).public_key().public_bytes_raw()
        levels = frozenset(given.get("levels", list(Verification)[:3]))
        one = Issuer("university", key, levels, self.day(since), self.day(until))
        self.registry.add_issuer(one, self.day(at))

    def token(self, name: str, number: int, **given: Any) -> str:
        return issue(
            given.get("key", self.issuer_key),
            issuer="university",
            subject=self.public_key(name),
            level=given.get("level", Verification.PEER_REVIEWED),
            data_hash=self.data(number),
            issued=self.day(given.get("issued", 0)),
            expires=self.day(given.get("expires", 500)),
            id=given.get("id", "1"),
        )

    def show(self, name: str, *tokens: str, at: float) -> tuple[str, ...]:
        return self.registry.present(name, tokens, at=self.day(at))

    def vrt(self, name: str, at: float) -> tuple[float, float, float]:
        found = self.registry.signals([name], at=self.day(at))
        return float(found.v[0]), float(found.r[0]), float(found.T[0])

    @staticmethod
    def one(
        name: str, q: float = 1.0, selected: bool = True, reason: str | None = None
    ) -> ContributorRecord:
        return ContributorRecord(name, q, 0.8, 0.4, 1.0, 0.3, 0.5, selected, reason)

    def a_round(self, number: int, at: float, *people: ContributorRecord) -> RoundRecord:
        # Of fewer than four updates q says nothing, and nothing is observed.
        others = [
            ContributorRecord(f"bystander-{i}", 1.0, 0.8, 0.4, 1.0, 0.3, 0.1, True)
            for i in range(4 - len(people))
        ]
        everyone = (*people, *others)
        return RoundRecord(number, "anml", "krum", 0.1, 0.2, everyone, at=years(self.day(at)))


@pytest.fixture
def world(engine: sa.Engine) -> World:
    """Make a registry that is empty."""
    return World(engine)


@pytest.fixture
def worlds() -> type[World]:
    """Hand out the class, to open several on one database."""
    return World


# libsodium's blocklist: every y of a point of small order, as 32 bytes without the sign's bit.
_PUBLISHED = (
    "00" * 32,
    "01" + "00" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
)
_SMALL = [
    y[:31] + bytes([y[31] | sign]) for y in map(bytes.fromhex, _PUBLISHED) for sign in (0, 128)
]


@pytest.fixture(scope="session")
def small_keys() -> list[bytes]:
    """Ed25519's keys of small order, under which anyone can sign: all 14 spellings."""
    return list(_SMALL)


@pytest.fixture(params=_SMALL, ids=bytes.hex)
def small_key(request: Any) -> bytes:
    """One key of small order after the other."""
    return request.param
