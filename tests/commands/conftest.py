"""A consortium's registry, kept by `anml registry` in a folder of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anml_fl.commands import registry as commands

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FAR = "2099-01-01"
_HASH = "sha256:" + 64 * "a"


@pytest.fixture
def node_key() -> Callable[[Path], None]:
    """Write a SuperNode's public key, as ssh-keygen does."""

    def write(path: Path) -> None:
        key = ec.generate_private_key(ec.SECP384R1()).public_key()
        path.write_bytes(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))

    return write


@pytest.fixture
def anml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Call `anml registry` in the test's folder, and return what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ANML_REGISTRY", raising=False)

    def call(*args: object, fails: bool = False, **more: Any) -> str:
        done = CliRunner().invoke(commands.registry, [str(arg) for arg in args], **more)
        assert done.exit_code == (2 if fails else 0), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    return call


@pytest.fixture
def read(anml: Callable[..., str]) -> Callable[..., Any]:
    """Call it for JSON."""
    return lambda *args, **more: json.loads(anml(*args, "--json", **more))


@pytest.fixture
def consortium(
    anml: Callable[..., str], node_key: Callable[[Path], None], tmp_path: Path
) -> Path:
    """Register a hospital with data, and a university that may vouch for it."""
    anml("key", "university.key")
    anml("add", "issuer", "university", "--key", "university.key.pub",
         "--level", "peer-reviewed", "--until", _FAR)  # fmt: skip
    node_key(tmp_path / "hospital.pub")
    anml("add", "contributor", "--key", "hospital.pub", "--name", "City hospital",
         "--domain", "news", "--id", "hospital")  # fmt: skip
    anml("add", "contribution", "hospital", "--data-hash", _HASH, "--size", 12,
         "--collected", "2025-01-01")  # fmt: skip
    return tmp_path
