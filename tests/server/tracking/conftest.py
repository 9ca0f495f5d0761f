"""A finished run, and what of it was there after some of its rounds."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from anml_fl import federate
from anml_fl.run.files import REPORT, SUMMARY

ROUNDS = 4
STRATEGIES = ("fedavg", "calibrated")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(250, 3))
    names = np.repeat(["north", "south", "Zürich", "a b", "a/b"], 50)
    folder = tmp_path_factory.mktemp("runs") / "demo"
    federate(
        x,
        x[:, 0] > 0,
        by=names,
        out=folder,
        name="demo",
        strategies=",".join(STRATEGIES),
        rounds=ROUNDS,
        local_epochs=1,
        behaviours={"label_flip": 1},
    )
    return folder


@pytest.fixture
def stopped(finished, tmp_path):
    """As it is in the second strategy's round 2: its record is there, its seconds are not."""
    folder = tmp_path / "demo"
    shutil.copytree(finished, folder)
    for name in (SUMMARY, REPORT):
        (folder / name).unlink()
    for name, kept in (("rounds.jsonl", 2), ("timings.jsonl", 1)):
        path = folder / STRATEGIES[1] / name
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:kept]) + lines[kept][:9])
    return folder


@pytest.fixture
def go_on(finished):
    """Let a run that was stopped come to its end: what is there stays, as runs do."""

    def done(folder):
        for path in sorted(finished.rglob("*")):
            if path.is_file():
                (folder / path.relative_to(finished)).write_bytes(path.read_bytes())

    return done


@pytest.fixture(scope="session")
def records(finished):
    from anml_fl.run.reading import load_run

    return {one.name: one.records for one in load_run(finished).strategies}
