"""What a round leaves behind: one text, in checkpoint, ledger and file."""

from __future__ import annotations

import json

from anml_fl.ledger.hashes import sha256_of
from anml_fl.method.records import RoundRecord
from anml_fl.run.files import CHECKPOINT
from server.orchestration import round_log


def test_a_rounds_record_is_written_once_and_is_the_same_everywhere(
    small, run, tmp_path, monkeypatch
):
    written, kept = [], []
    text, save = RoundRecord.to_json, round_log.save_checkpoint
    monkeypatch.setattr(
        RoundRecord, "to_json", lambda record: (written.append(record.round), text(record))[1]
    )

    def saved(folder, checkpoint, line):
        save(folder, checkpoint, line)
        kept.append((folder / CHECKPOINT).read_bytes())

    monkeypatch.setattr(round_log, "save_checkpoint", saved)
    run(small(strategies="anml", reputation=True), tmp_path)
    assert written == [1, 2, 3]
    lines = (tmp_path / "anml" / "rounds.jsonl").read_text().splitlines()
    _, *settled, _ = map(json.loads, (tmp_path / "ledger.jsonl").read_text().splitlines())
    for line, entry, checkpoint in zip(lines, settled, kept, strict=True):
        assert entry["record"] == sha256_of(line.encode())
        header = json.loads(checkpoint[8 : 8 + int.from_bytes(checkpoint[:8], "little")])
        assert json.loads(header["__metadata__"]["anml"])["record"] == line


def test_no_round_reads_the_files_of_those_before_it(small, run, tmp_path, monkeypatch):
    from pathlib import Path

    read, found = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: (found.append(path), read(path))[1])
    add = round_log.RoundLog.add

    def added(self, *args):
        found.clear()
        add(self, *args)
        assert not found

    monkeypatch.setattr(round_log.RoundLog, "add", added)
    run(small(strategies="anml", record_updates=False), tmp_path)
    assert len((tmp_path / "anml" / "rounds.jsonl").read_text().splitlines()) == 3
