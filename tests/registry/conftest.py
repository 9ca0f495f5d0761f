"""A registry with people in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import issue, key_id
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


@pytest.fixture
def world(engine: sa.Engine) -> World:
    """Make a registry that is empty."""
    return World(engine)


@pytest.fixture
def worlds() -> type[World]:
    """Hand out the class, to open several on one database."""
    return World
