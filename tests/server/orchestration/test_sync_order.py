"""What is on the disk when: a checkpoint takes its name after all that it vouches for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anml_fl.run.checkpoint import load_checkpoint
from anml_fl.run.files import CHECKPOINT
from server.orchestration.settlement import run_id


class Disk:
    """The calls that order what reaches a disk, as they are made, and what is safe by then."""

    def __init__(self, monkeypatch):
        self.content = {}  # as of the last fsync of the file
        self.names = set()  # by the last fsync of their folder
        self.seen = []  # what takes a name, or gives it up, with what is safe by then
        for name, call in (("fsync", self.fsync), ("replace", self.replace)):
            monkeypatch.setattr(os, name, call(getattr(os, name)))
        monkeypatch.setattr(os, "unlink", self.unlink(os.unlink))

    def fsync(self, real):
        def call(handle):
            real(handle)
            path = Path(f"/proc/self/fd/{handle}").readlink()
            if path.is_dir():
                self.names = {one for one in self.names if one.parent != path}
                self.names |= {one for one in path.iterdir() if one.suffix != ".partial"}
            else:
                self.content[path] = path.read_bytes()

        return call

    def replace(self, real):
        def call(source, target):
            source, target = Path(source).resolve(), Path(target).resolve()
            # A file that was never safe must not take the place of one that is.
            assert self.content[source] == source.read_bytes()
            self.seen.append(("named", target, dict(self.content), set(self.names)))
            real(source, target)
            self.content[target] = self.content.pop(source)
            self.names.discard(target)

        return call

    def unlink(self, real):
        def call(path, **more):
            there = Path(path).exists()
            real(path, **more)
            if there:
                self.seen.append(
                    ("gone", Path(path).resolve(), dict(self.content), set(self.names))
                )

        return call


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def test_a_checkpoint_comes_after_what_it_vouches_for(small, run, tmp_path, disk):
    config = small(strategies="anml")
    out = tmp_path.resolve() / "run"
    run(config, out)
    kept, folder = [], out / "anml"
    for what, path, content, names in disk.seen:
        if (what, path) != ("named", folder / CHECKPOINT):
            continue
        copy = tmp_path / "copy"
        copy.write_bytes(content[Path(f"{path}.partial")])
        checkpoint = load_checkpoint(copy, run_id(config))
        number = checkpoint.record.round
        kept.append(number)
        for file, written in (
            (folder / "rounds.jsonl", checkpoint.rounds),
            (folder / "timings.jsonl", checkpoint.timings),
        ):
            # What was said to be there is there, by its hash, and under its name.
            safe = content.get(file, b"")
            assert len(safe) == written.length
            assert safe.count(b"\n") == number - 1
            assert (file in names) == (number > 1)
        updates = folder / "updates" / f"{number:04d}.safetensors"
        assert {updates, out / "manifest.json", out / "config.toml"} <= names
        assert {folder, folder / "updates", out} <= names
        entries = content[out / "ledger.jsonl"]
        assert entries.count(b"\n") == number  # the first one opens it
    assert kept == [1, 2, 3]


def test_a_strategys_end_comes_after_its_rounds_and_before_its_checkpoints_go(
    small, run, tmp_path, disk
):
    config = small(strategies="anml")
    out = tmp_path.resolve() / "run"
    run(config, out)
    folder, model = out / "anml", out / "anml" / "model.safetensors"
    events = [(what, path) for what, path, _, _ in disk.seen]
    ended = events.index(("named", model))
    content = disk.seen[ended][2]
    assert content[folder / "rounds.jsonl"].count(b"\n") == 3
    assert content[out / "ledger.jsonl"].endswith(b"\n")
    assert content[out / "ledger.jsonl"].count(b'"kind":"round"') == 3
    gone = events.index(("gone", folder / CHECKPOINT))
    assert ended < gone
    assert model in disk.seen[gone][3]
    summary = events.index(("named", out / "summary.json"))
    assert model in disk.seen[summary][3]
    assert b'"kind":"close"' in disk.seen[summary][2][out / "ledger.jsonl"]


def test_a_run_made_anew_forgets_its_end_before_it_begins(small, run, tmp_path, disk):
    config = small(strategies="anml")
    out = tmp_path.resolve() / "run"
    run(config, out)
    before = (out / "ledger.jsonl").read_bytes()
    disk.seen.clear()
    run(config, out)
    first = next(one for one in disk.seen if one[:2] == ("named", out / "anml" / CHECKPOINT))
    assert out / "summary.json" not in first[3]
    assert out / "ledger.previous.jsonl" in first[3]
    assert (out / "ledger.previous.jsonl").read_bytes() == before
