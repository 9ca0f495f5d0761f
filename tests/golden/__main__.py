"""Compare what this code does with what another commit's did, byte by byte, on this machine.

    python -m tests.golden COMMIT [--only GLOB] [--jobs 2]

Bytes are promised on one machine alone (docs/adr/0015), so the repository keeps none: the
commit's are made here once, into .golden/COMMIT, and the working tree's each time.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from fnmatch import fnmatch
from pathlib import Path

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.golden.cases import CASES, Case
from tests.golden.compare import differences
from tests.golden.places import PLACES

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".golden"
DRIVER = Path(__file__).with_name("driver.py")


def main() -> None:
    """Make both sides' outputs, and print every difference; exit code 1 if there is one."""
    parser = argparse.ArgumentParser("make golden", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--only", default="*", metavar="GLOB", help="these cases")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    cases = [one for one in CASES if fnmatch(one.name, asked.only)]
    if not cases:
        sys.exit(
            f"no case is called {asked.only}; there are {', '.join(c.name for c in CASES)}"
        )
    KEPT.mkdir(exist_ok=True)
    lock = (KEPT / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would write the same files
    commit = _git("rev-parse", "--short=12", f"{asked.commit}^{{commit}}").decode().strip()
    before, now = KEPT / commit / "out", KEPT / "now"
    reference = _code(commit)
    make(cases, reference, before, reference, asked.jobs)
    shutil.rmtree(now, ignore_errors=True)
    make(cases, ROOT, now, reference, asked.jobs)
    found = 0
    for one in cases:
        # Two sides that fail alike, for want of data, would show nothing.
        for line in (before / one.name / "statuses").read_text().splitlines():
            if not one.fail and not line.endswith(": 0"):
                sys.exit(f"{one.name} should succeed with {commit}, and does not: {line}")
        for line in differences(before / one.name, now / one.name):
            found += 1
            print(f"{one.name}/{line}")
    print(f"{len(cases)} cases beside {commit}: {found or 'no'} files differ")
    sys.exit(found > 0)


def make(cases: list[Case], tree: Path, out: Path, reference: Path, jobs: int) -> None:
    """Make the outputs that are not in `out` yet, or were made of another case."""
    out.mkdir(parents=True, exist_ok=True)
    folders = {"reference": str(reference), "keys": str(_keys())}
    driver = hashlib.sha256(DRIVER.read_bytes()).hexdigest()
    todo = []
    for one in cases:
        filled = one.filled(**folders)
        about = json.dumps([driver, filled])
        stamp = out / f"{one.name}.json"
        if not (stamp.exists() and stamp.read_text() == about):
            todo.append((filled, stamp, about))
    if not todo:
        return
    print(f"{len(todo)} cases of {tree} ...", flush=True)
    # In one place for all states of the code: the folder's name stands in some outputs.
    work = KEPT / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    request = {"cases": [filled for filled, _, _ in todo], "places": PLACES}
    try:
        subprocess.run(
            [sys.executable, DRIVER, tree, work, str(jobs)],
            input=json.dumps(request).encode(),
            env=_environment(tree),
            check=True,
        )
    finally:
        for filled, stamp, about in todo:
            name = filled["name"]
            if (work / f"{name}.done").exists():
                shutil.rmtree(out / name, ignore_errors=True)
                (work / name).rename(out / name)
                stamp.write_text(about)


def _environment(tree: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "ANML_DATA_DIR") if name in os.environ}
    home = KEPT / "home"
    home.mkdir(exist_ok=True)
    return {
        **kept,
        "PYTHONPATH": str(tree),
        "HOME": str(home),
        "ANML_LEDGER_KEY": str(_keys() / "ledger.key"),
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
    }


def _code(commit: str) -> Path:
    """Take a commit's files out of the repository, once."""
    code = KEPT / commit / "code"
    if not code.exists():
        part = code.with_name("code.part")
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
            archive.extractall(part, filter="data")
        part.rename(code)
    return code


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def _keys() -> Path:
    """Write keys that are always the same, and so worth nothing."""
    folder = KEPT / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("ledger.key", "issuer.key"):
        key = ed25519.Ed25519PrivateKey.from_private_bytes(name.ljust(32).encode())
        pem = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
        public = key.public_key().public_bytes(
            ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / name).touch(0o600)
        (folder / name).write_bytes(pem)
        (folder / f"{name}.pub").write_bytes(public)
    node = ec.derive_private_key(20260701, ec.SECP384R1()).public_key()
    line = node.public_bytes(ser.Encoding.OpenSSH, ser.PublicFormat.OpenSSH)
    (folder / "node.pub").write_bytes(line + b"\n")
    return folder


if __name__ == "__main__":
    main()
