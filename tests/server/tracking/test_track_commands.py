"""`--track` and `anml track`: what is refused before a run begins, and what harms none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.run.verification import verify_run

ANML = str(Path(sys.executable).with_name("anml"))
QUICK = [
    "run", "--dataset", "wine", "--contributors", "4", "--behaviour", "label_flip=1",
    "--local-epochs", "1", "--strategy", "fedavg", "--strategy", "anml", "--rounds",
]  # fmt: skip

OWN = '''
"""Trackers that harm whoever lets them."""

import os
import random
import time

import numpy

from server.tracking.tracker import TrackerKind


class Bad:
    def __init__(self, run, where):
        self.where = where
        random.seed(1)
        numpy.random.seed(1)

    def last(self, strategy):
        return 0

    def log(self, one):
        if self.where == "dies":
            os._exit(9)
        if self.where == "hangs":
            time.sleep(10_000)
        print("noise of a library")
        raise RuntimeError(f"the disk of {one.strategy} is full")

    def conclude(self, ending):
        pass

    def close(self):
        raise RuntimeError("nor can it be closed")


bad = TrackerKind(Bad, "HOW")
nothing = Bad
'''


def rounds(folder):
    return {p.parent.name: p.read_bytes() for p in folder.glob("*/rounds.jsonl")}


def anml(folder, *arguments, **more):
    return subprocess.run(
        [ANML, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, **more},
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mlfow", "unknown tracker 'mlfow'"),
        ("mlflow=https://ada:hunter22@host", "the address holds a user or a secret"),
        ("mlflow=https://host/?api_token=hunter22", "the address holds a user or a secret"),
        ("mlflow=https://ada:hunt/er?22hunter22@host", "the address holds a user or a secret"),
        ("mlflow=https:/ada:hunter22@host", "the address holds a user or a secret"),
        ("mlflow=ada:hunter22@host:9", "the address holds a user or a secret"),
        ("mlflow=https://host/?sig=hunter22", "the address holds a user or a secret"),
        ("https://ada:hunter22@host", "goes behind a tracker's name, as in mlflow=ADDRESS"),
        ("own_trackers:bad_one", "no module is called own_trackers"),
    ],
)
@pytest.mark.parametrize("command", ["run", "track"])
def test_what_cannot_be_used_is_refused_before_anything_trains(command, asked, said, tmp_path):
    option = "--track" if command == "run" else "--to"
    given = [*QUICK, "1", "--out", str(tmp_path / "run")] if command == "run" else [
        "track", str(tmp_path)
    ]  # fmt: skip
    done = CliRunner().invoke(main, [*given, option, asked])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert "hunter22" not in done.output
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_named_with_its_extra(monkeypatch, tmp_path):
    from server.tracking import asked

    monkeypatch.setattr(asked, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["track", str(tmp_path), "--to", "tensorboard"])
    assert done.exit_code == 2
    assert "pip install 'anml-fl[tensorboard]'" in done.output


def test_a_folder_of_no_run_is_refused(tmp_path):
    done = CliRunner().invoke(main, ["track", str(tmp_path), "--to", "jsonl"])
    assert done.exit_code == 2
    assert "is not a run's folder" in done.output
    assert not list(tmp_path.iterdir())


def test_without_local_up_has_nobody_to_tell(tmp_path):
    done = CliRunner().invoke(
        main, ["up", "--track", "jsonl", "--state", str(tmp_path / "state")]
    )
    assert done.exit_code == 2
    assert "--local" in done.output
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_trackers_that_fail_die_or_hang_leave_the_run_as_it_is(tmp_path):
    (tmp_path / "own_trackers.py").write_text(OWN)
    alone = anml(tmp_path, *QUICK, "3", "--out", "alone")
    assert alone.returncode == 0, alone.stderr
    begun = time.monotonic()
    tracks = [f"own_trackers:bad={how}" for how in ("fails", "dies", "hangs")]
    asked = [part for one in [*tracks, "jsonl"] for part in ("--track", one)]
    told = anml(tmp_path, *QUICK, "3", "--out", "told", *asked)
    assert told.returncode == 0, told.stderr
    assert time.monotonic() - begun < 150
    said = " ".join((told.stdout + told.stderr).split())
    assert said.count("the disk of fedavg is full; the run goes on") == 1
    assert "noise" not in said
    for one in tracks:
        assert "tells the rest" in said
        assert f"anml track told --to {one}" in said
    assert rounds(tmp_path / "told") == rounds(tmp_path / "alone")
    assert not verify_run(tmp_path / "told").altered
    # Nor does one wait for the other.
    (lines,) = (tmp_path / "told" / "tracking").glob("*.jsonl")
    kinds = [json.loads(line)["kind"] for line in lines.read_text().splitlines()]
    assert kinds == ["run", *["round"] * 6, "end", "end"]
    # And nothing of who was asked is kept with the run's settings.
    for name in ("config.toml", "manifest.json"):
        assert "track" not in (tmp_path / "told" / name).read_text()


@pytest.mark.slow
def test_a_run_that_is_killed_and_resumed_is_told_whole_and_once(tmp_path):
    out = tmp_path / "run"
    track = ["--track", f"jsonl={tmp_path / 'told.jsonl'}"]
    process = subprocess.Popen(
        [ANML, *QUICK, "150", "--out", str(out), *track],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 200
    path = out / "fedavg" / "rounds.jsonl"
    while not (path.exists() and path.read_bytes().count(b"\n") > 5):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = anml(tmp_path, "resume", str(out), *track)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    told = [(one["strategy"], one["round"]) for one in lines if one["kind"] == "round"]
    assert told == [(name, number) for name in ("fedavg", "anml") for number in range(1, 151)]


@pytest.mark.slow
def test_each_run_of_a_sweep_is_told(tmp_path):
    told = tmp_path / "told.jsonl"
    done = anml(
        tmp_path, *QUICK, "2", "--out", "sweep", "--seeds", "0,1", "--jobs", "2",
        "--track", f"jsonl={told}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    seeds = {one["run"]: one["settings"]["seed"] for one in lines if one["kind"] == "run"}
    assert sorted(seeds.values()) == [0, 1]
    for mark in seeds:
        assert sum(one["kind"] == "round" for one in lines if one["run"] == mark) == 4
