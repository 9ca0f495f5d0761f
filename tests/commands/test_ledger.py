from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anml_fl.commands.ledger import ledger
from anml_fl.ledger.file import FileLedger
from anml_fl.method.records import ContributorRecord, RoundRecord

if TYPE_CHECKING:
    from pathlib import Path

SERVER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\xff" * 32)
HOSTILE = "[red]\x1b]0;x\x07\u202e"


def _public(path: Path, key: Ed25519PrivateKey) -> Path:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(pem)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with three rounds of two contributors, one of whom has an odd name."""
    folder = tmp_path / "run"
    folder.mkdir()
    kept = FileLedger(folder / "ledger.jsonl", SERVER)
    kept.open("default", "anml", 1000)
    for number in (1, 2, 3):
        people = (
            ContributorRecord("a", 0.5, 0.85, 0.4, 1.0, 0.34, 0.75, True),
            ContributorRecord(HOSTILE, 0.5, 0.25, 0.4, 1.0, 0.1, 0.25, True),
        )
        record = RoundRecord(number, "anml", "blend", 0.5, 0.1, people)
        kept.append(record, "sha256:" + "0" * 64)
    kept.close()
    _public(folder / "ledger.pub", SERVER)
    return folder


def _call(*arguments: object):
    return CliRunner().invoke(ledger, [str(one) for one in arguments])


def test_verify_accepts_a_good_ledger_and_says_where_the_key_is_from(run, tmp_path):
    result = _call("verify", run)
    assert result.exit_code == 0
    assert result.output.startswith("ok: 5 entries, 3 rounds; head ")
    assert "This key came with the ledger" in result.output
    key = _public(tmp_path / "elsewhere.pub", SERVER)
    result = _call("verify", run / "ledger.jsonl", "--key", key)
    assert result.exit_code == 0
    assert "came with the ledger" not in result.output
    assert SERVER.public_key().public_bytes_raw().hex() in result.output


def test_verify_names_the_first_bad_entry(run):
    path = run / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"round":2', b'"round":3'))
    result = _call("verify", run)
    assert result.exit_code == 1
    assert result.output.startswith("bad: entry 2 (line 3): the line was altered")
    found = json.loads(_call("verify", run, "--json").output)
    assert (found["ok"], found["entry"], found["line"]) == (False, 2, 3)
    for command in ("show", "export"):
        result = _call(command, run)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "bad: entry 2" in result.stderr


def test_verify_with_another_key_fails(run, tmp_path):
    result = _call("verify", run, "--key", _public(tmp_path / "s.pub", STRANGER))
    assert result.exit_code == 1
    assert "bad: entry 0 (line 1): the line opens a ledger of the key" in result.output


def test_an_unfinished_run_is_accepted_when_asked(run):
    path = run / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:50])
    assert _call("verify", run).exit_code == 1
    result = _call("verify", run, "--open")
    assert result.exit_code == 0
    assert "3 entries, 2 rounds; not closed yet; the last line is torn" in result.output
    result = _call("export", run)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1 + 4
    assert "not closed yet" in result.stderr
    assert json.loads(_call("show", run, "--json").stdout)["torn"] is True


def test_show_adds_up_and_obeys_nobody(run):
    found = json.loads(_call("show", run, "--json").output)
    assert (found["run"], found["strategy"], found["rounds"]) == ("default", "anml", 3)
    assert [(one["contributor"], one["payout"]) for one in found["contributors"]] == [
        ("a", 2250),
        (HOSTILE, 750),
    ]
    text = _call("show", run).output
    assert "75.00 %" in text
    assert "[red]�]0;x��" in text
    assert "\x1b]0" not in text


def test_export_writes_each_format(run, tmp_path):
    text = _call("export", run).stdout
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["payout"] for row in table] == ["750", "250"] * 3
    assert json.loads(_call("export", run, "--format", "json").stdout)[1]["payout"] == 250
    piped = _call("export", run, "--format", "parquet").stdout_bytes
    out = tmp_path / "out.parquet"
    assert _call("export", run, "--format", "parquet", "--out", out).exit_code == 0
    assert out.read_bytes() == piped
    assert pq.read_table(out).num_rows == 6
    assert not list(tmp_path.glob("*.partial"))


def test_a_failed_export_leaves_what_was_there(run, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("before")

    def full(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("anml_fl.ledger.export.export", full)
    result = _call("export", run, "--out", out)
    assert result.exit_code == 2
    assert "Error: No space left" in result.output
    assert out.read_text() == "before"
    assert not list(tmp_path.glob("*.partial"))


def test_parquet_is_not_written_to_a_terminal(run, monkeypatch):
    monkeypatch.setattr("anml_fl.commands.ledger._terminal", lambda: True)
    result = _call("export", run, "--format", "parquet")
    assert result.exit_code == 2
    assert "give --out FILE" in result.output


@pytest.mark.parametrize("command", ["show", "verify", "export"])
def test_what_is_missing_is_said(run, tmp_path, command):
    (run / "ledger.pub").unlink()
    result = _call(command, run)
    assert result.exit_code == 2
    assert "ledger.pub is not there: give the server's public key with --key" in result.output
    result = _call(command, run.parent)
    assert result.exit_code == 2
    assert f"there is one in {run}" in result.output
    assert _call(command, run / "nothing").exit_code == 2
    odd = tmp_path / "odd.pub"
    odd.write_text("no key")
    result = _call(command, run, "--key", odd)
    assert result.exit_code == 2
    assert "holds no public key" in result.output
