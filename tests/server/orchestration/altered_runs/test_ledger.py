"""A finished run whose ledger was edited or signed anew, or lacks its end or its key."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anml_fl.ledger.entry import sign


def without_hashes(run):
    """Make an older ledger of it, without the key."""
    path = run.folder / "ledger.jsonl"
    bare = []
    for raw in path.read_bytes().split(b"\n")[:-1]:
        fields = json.loads(raw)
        for name in ("settings", "record", "updates", "files", "summary"):
            fields.pop(name, None)
        bare.append(json.dumps(fields, sort_keys=True, separators=(",", ":")) + "\n")
    path.write_text("".join(bare))


EDITS = {
    "signed record": (
        lambda run: run.text("ledger.jsonl", b'"record":"sha256:', b'"record":"sha256:0'),
        "ledger.jsonl: bad: entry 1",
    ),
    "ledger cut": (
        lambda run: run.whole("ledger.jsonl", lambda c: c[: c[:-1].rindex(b"\n") + 1]),
        "ledger.jsonl: bad",
    ),
    "ledger torn": (
        lambda run: run.whole("ledger.jsonl", lambda c: c[:-9]),
        "ledger.jsonl: bad: entry 4",
    ),
    "ledger's line ends": (
        lambda run: run.whole("ledger.jsonl", lambda c: c.replace(b"\n", b"\r\n")),
        "ledger.jsonl: bad: entry 0",
    ),
    "ledger emptied": (
        lambda run: run.whole("ledger.jsonl", lambda c: b""),
        "ledger.jsonl: bad: entry 0",
    ),
    "hashes stripped": (without_hashes, "ledger.jsonl: bad: entry 0"),
}
OLDER = ["ledger cut"]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])


def resigned(run):
    """Sign an edited history with another key, and put its public key beside it."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    public = key.public_key()
    forged, previous = [], b"0" * 64
    for number, raw in enumerate((run / "ledger.jsonl").read_bytes().split(b"\n")[:-1]):
        fields = json.loads(raw)
        for name in ("signature", "previous", "number"):
            del fields[name]
        if "public_key" in fields:
            fields["public_key"] = public.public_bytes_raw().hex()
        forged.append(sign(fields, number, previous, key))
        previous = hashlib.sha256(forged[-1]).hexdigest().encode()
    (run / "ledger.jsonl").write_bytes(b"".join(line + b"\n" for line in forged))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (run / "ledger.pub").write_bytes(pem)


def test_who_signs_an_edited_run_anew_is_found_by_the_servers_key(run, tmp_path, verify):
    pem = (run / "ledger.pub").read_bytes()
    (tmp_path / "key.pub").write_bytes(pem)
    resigned(run)
    assert verify(run)[0] == 0  # of one piece, by a key that came along
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 1
    assert said.startswith(
        "altered: ledger.jsonl: bad: entry 0 (line 1): the line opens a led"
    )


def test_another_public_key_in_the_folder_is_told(run, tmp_path, verify):
    (tmp_path / "key.pub").write_bytes((run / "ledger.pub").read_bytes())
    other = Ed25519PrivateKey.generate().public_key()
    (run / "ledger.pub").write_bytes(
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert verify(run)[0] == 1
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 1
    assert said.startswith("altered: ledger.pub is not the key that was given")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (
            lambda run: run.removed("ledger.jsonl"),
            "has no ledger.jsonl: there is nothing to check",
        ),
        (
            lambda run: run.removed("ledger.pub"),
            "is not there: give the server's public key with --key",
        ),
        (lambda run: run.whole("ledger.pub", lambda c: b"no key"), "holds no public key"),
    ],
)
def test_what_cannot_be_checked_is_said_with_another_exit_code(run, harm, why, verify, alter):
    harm(alter(run))
    code, said = verify(run)
    assert code == 2
    assert why in said


@pytest.mark.parametrize("edit", ["ledger cut", "ledger torn"])
def test_a_close_that_was_cut_off_is_altered_with_a_summary_and_never_fine(
    run, edit, verify, alter
):
    EDITS[edit][0](alter(run))
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 1
        assert said.startswith("altered: ledger.jsonl: bad: entry 4")
    (run / "summary.json").unlink()  # now it looks like a run that goes on
    code, said = verify(run)
    assert code == 2
    assert "has not come to its end (3 of 3 rounds are settled)" in said
    assert "lacks its last lines" in said
