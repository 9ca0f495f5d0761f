"""A file's hash, kept while it grows: that of what is in it, read once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from anml_fl.run.checkpoint import Written
from anml_fl.run.growing_file import GrowingFile
from anml_fl.run.strategy_folder import StrategyFolder


def measured(content):
    return Written(len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def reads(monkeypatch):
    """Count how often a file's content is read."""
    found = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (found.append(path), read(path))[1])
    return found


def test_a_line_goes_into_the_hash_as_it_is_added(tmp_path, reads):
    file = GrowingFile(tmp_path / "rounds.jsonl")
    assert file.written() == measured(b"")
    for number in range(3):
        file.append(f'{{"name":"Zoë\u2028{number}"}}')
        content = (tmp_path / "rounds.jsonl").read_text("utf-8").encode()
        assert content.count(b"\n") == number + 1
        assert file.written() == measured(content)
    assert reads == []


def test_what_is_there_already_is_read_once(tmp_path, reads):
    (tmp_path / "rounds.jsonl").write_bytes(b"one\n")
    file = GrowingFile(tmp_path / "rounds.jsonl")
    file.append("two")
    file.append("three")
    assert file.written() == measured(b"one\ntwo\nthree\n")
    assert len(reads) == 1


@pytest.mark.parametrize("content", [b"", b"on", b"one\nother\n", None])
def test_a_file_that_was_cut_off_or_written_to_is_measured_anew(tmp_path, content):
    path = tmp_path / "rounds.jsonl"
    file = GrowingFile(path)
    file.append("one")
    path.unlink() if content is None else path.write_bytes(content)
    assert file.written() == measured(content or b"")
    file.append("two")
    assert file.written() == measured((content or b"") + b"two\n")


def test_a_line_that_could_not_be_added_is_not_in_the_hash(tmp_path, monkeypatch):
    file = GrowingFile(tmp_path / "rounds.jsonl")
    file.append("one")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            file.append("two")
    assert file.written() == measured(b"one\n")


def test_a_strategys_folder_that_begins_anew_measures_nothing_of_before(tmp_path, reads):
    folder = StrategyFolder(tmp_path / "anml")
    folder.clear()
    folder._file(folder.rounds).append("one")
    assert folder.written() == (measured(b"one\n"), measured(b""))
    folder.clear()
    assert folder.written() == (measured(b""), measured(b""))
    assert reads == []
