"""Following a file that grows: each byte is read once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from anml_fl.method.records import RoundRecord
from anml_fl.settings.run import RunConfig
from server.orchestration import progress, round_tail
from server.orchestration.progress import progress_bar
from server.orchestration.round_tail import RoundTail

parts = st.lists(st.text(alphabet=st.sampled_from("a\n\u2028"), max_size=9), max_size=6)


@given(parts, st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_says_what_reading_all_of_it_would_say(tmp_path, monkeypatch, parts, block):
    monkeypatch.setattr(round_tail, "_BLOCK", block)
    path = tmp_path / "rounds.jsonl"
    path.unlink(missing_ok=True)
    tail, before = RoundTail(path), 0
    for part in parts:
        with path.open("ab") as file:
            file.write(part.encode())
        *whole, _ = path.read_bytes().split(b"\n")
        assert tail.look() == (len(whole) != before)
        assert (tail.count, tail.last) == (len(whole), whole[-1] if whole else b"")
        before = len(whole)


def test_a_file_that_was_cut_off_or_taken_away_is_read_anew(tmp_path):
    path = tmp_path / "rounds.jsonl"
    tail = RoundTail(path)
    assert not tail.look()
    path.write_bytes(b"one\ntwo\nthree\n")
    assert tail.look()
    path.write_bytes(b"one\n")
    assert tail.look()
    assert (tail.count, tail.last) == (1, b"one")
    path.unlink()
    assert tail.look()
    assert (tail.count, tail.last) == (0, b"")


@pytest.fixture
def read_bytes_of(monkeypatch):
    """Count the bytes that are read of round files."""
    found = []
    take = RoundTail._take
    monkeypatch.setattr(
        RoundTail, "_take", lambda tail, block: (found.append(len(block)), take(tail, block))
    )
    return found


def test_the_bar_reads_each_round_once_however_often_it_looks(
    tmp_path, monkeypatch, read_bytes_of
):
    monkeypatch.setattr(progress, "_POLL", 0.01)
    config = RunConfig(strategies=("anml",), training={"rounds": 3})
    path, looked, judged = tmp_path / "anml" / "rounds.jsonl", threading.Event(), []
    path.parent.mkdir()
    state = progress._state
    monkeypatch.setattr(
        progress, "_state", lambda *given: (judged.append(1), state(*given))[1]
    )
    looks, look = [], RoundTail.look

    def counted(tail):
        looks.append(tail)
        if len(looks) > 40:
            looked.set()
        return look(tail)

    monkeypatch.setattr(RoundTail, "look", counted)
    console = Console(file=(tmp_path / "log").open("w", encoding="utf-8"), width=200)
    with progress_bar(tmp_path, config, console, lines=True):
        for number in (1, 2):
            record = RoundRecord(number, "anml", "krum", 0.1, 0.2, (), test_error=0.25)
            with path.open("a", encoding="utf-8") as file:
                file.write(record.to_json() + "\n")
        looked.wait(30)
    console.file.close()
    assert sum(read_bytes_of) == path.stat().st_size
    assert len(judged) <= 2 < len(looks)
    assert "anml: round 2 of 3, test error 25.0 %  q only" in (tmp_path / "log").read_text()
