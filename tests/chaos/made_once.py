"""Kill whoever makes keys before each of the changes they make, then let them try again.

    python made_once.py FOLDER

Everything is imported once; each attempt is a fork, killed by kill -9 before the n-th file
that it opens for writing or renames. One line of JSON a kind: how many were killed. What is
wrong afterwards raises.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.registry.keys import make_key, private_key, public_key
from server.deployment.prepare import prepare
from server.orchestration.ledger_key import signing_key

if TYPE_CHECKING:
    from collections.abc import Callable


def attempt(make: Callable[[], object], before: int) -> bool:
    """Make it in a fork, killed before a change; whether it came to its end."""
    pid = os.fork()
    if pid == 0:
        changes = 0

        def audit(event: str, args: tuple[Any, ...]) -> None:
            nonlocal changes
            opens = event == "open" and not isinstance(args[0], int)
            if event == "os.rename" or (opens and args[2] & (os.O_WRONLY | os.O_RDWR)):
                changes += 1
                if changes == before:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        code = 1
        try:
            make()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise SystemExit(f"left with status {status}")
    return status == 0


def paired(key: Path) -> None:
    """Compare a private key with its public half."""
    public = public_key(key.with_name(key.name + ".pub"))
    assert private_key(key).public_key().public_bytes_raw() == public.public_bytes_raw()


def one_key(folder: Path) -> Callable[[], object]:
    """Make one key pair, as `anml registry key` does."""
    return lambda: make_key(folder / "one.key")


def ledger_key(folder: Path) -> Callable[[], object]:
    """Make the ledger's key, as a run does."""
    os.environ[KEY_FILE] = str(folder / "keys" / "ledger.key")
    return signing_key


def federation(folder: Path) -> Callable[[], object]:
    """Make a federation's folder, as `anml up` does."""
    return lambda: prepare(folder / "state", None, {"dataset": "wine"}, nodes=2)


def judge(folder: Path) -> None:
    """See that what was made fits together, and that nothing else is there."""
    for key in (folder / "one.key", folder / "keys/ledger.key", folder / "state/ledger.key"):
        if key.exists():
            paired(key)
    state = folder / "state"
    if not state.exists():
        return
    signer = x509.load_pem_x509_certificate((state / "ca.crt").read_bytes())
    for key, certificate in (
        ("ca.key", "ca.crt"),
        ("superlink/server.key", "superlink/server.crt"),
    ):
        private = load_pem_private_key((state / key).read_bytes(), None)
        found = x509.load_pem_x509_certificate((state / certificate).read_bytes())
        assert found.public_key() == private.public_key()
        found.verify_directly_issued_by(signer)
    for node in (state / "nodes").iterdir():
        private = load_ssh_private_key((node / "node.key").read_bytes(), None)
        assert private.public_key() == load_ssh_public_key((node / "node.pub").read_bytes())
    assert len((state / "database.password").read_text()) > 40
    assert not list(state.rglob("*.partial"))


def main() -> None:
    """Kill each kind before each of its changes."""
    folder = Path(sys.argv[1]).resolve()
    for kind in (one_key, ledger_key, federation):
        for before in count(1):
            place = folder / f"{kind.__name__}-{before}"
            place.mkdir()
            make = kind(place)
            if ended := attempt(make, before):
                break
            if kind is not one_key or not (place / "one.key.pub").exists():
                assert attempt(make, 0), (kind, before)
            judge(place)
        assert ended
        print(json.dumps({"kind": kind.__name__, "killed": before - 1}), flush=True)


if __name__ == "__main__":
    main()
