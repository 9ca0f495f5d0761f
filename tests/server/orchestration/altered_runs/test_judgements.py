"""Judgements in a run's records stand under its ledger, as all else of a round does."""

from __future__ import annotations

import json
import shutil

import pytest

from anml_fl.run.reading import load_run
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

CONFIG = from_flat(
    {
        "dataset": "wine",
        "contributors": 5,
        "rounds": 2,
        "local-epochs": 1,
        "strategies": "fedavg,calibrated",
        "behaviours": "label_flip=1",
        "root": "none",
    }
)
R = "calibrated/rounds.jsonl"


@pytest.fixture(scope="session")
def calibrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated") / "run"
    nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
    run_federation(InlineGrid(app, nodes, CONFIG.to_flat()), CONFIG, folder)
    return folder


@pytest.fixture
def run(calibrated, tmp_path):
    return shutil.copytree(calibrated, tmp_path / "run")


def test_a_run_as_it_was_holds(run, verify):
    assert verify(run)[0] == 0
    assert load_run(run).lead.name == "calibrated"


def of_one(name, value):
    return lambda fields: fields["contributors"][1]["judgement"].update({name: value})


def of_all(name, value):
    return lambda fields: fields["judgement"].update({name: value})


EDITS = {
    "posterior": (of_one("posterior", 0.123), "the record was altered"),
    "evidence": (of_one("evidence", {"company": 1.0}), "the record was altered"),
    "bound": (of_one("bound", None), "the record was altered"),
    "root": (of_all("root", "80 rows of the server's"), "the record was altered"),
    "a posterior above 1": (of_one("posterior", 1.5), "posterior must be a number in [0, 1]"),
    "a negative bound": (of_one("bound", -1.0), "bound must be a number >= 0, got -1"),
    "a name that nobody knows": (of_one("bribe", 1.0), "not a round record (TypeError"),
    "kinds without end": (
        of_one("evidence", {str(i): 1.0 for i in range(99)}),
        "evidence must",
    ),
    "a kind with a line's end": (of_one("evidence", {"a\nb": 1.0}), "a name in evidence must"),
    "a number beyond all": (of_one("norm", 10**400), "norm must be a number >= 0"),
    "no judgement of the round": (
        lambda fields: fields.pop("judgement"),
        "not a round record",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    change, said = EDITS[edit]
    found(
        run, lambda altered: altered.record("calibrated", 2, change), f"{R}, round 2: {said}"
    )


def test_what_is_doubted_follows_from_the_rounds(run, found):
    def change(altered):
        altered.summary(lambda all_: all_["strategies"]["calibrated"].update(doubted=99))

    found(run, change, "summary.json: strategies.calibrated.doubted is 99")


def test_a_folder_with_such_a_line_is_no_run_to_show(run, alter):
    alter(run).record("calibrated", 2, of_one("posterior", 1.5))
    with pytest.raises(ValueError, match=r"rounds.jsonl line 2: posterior must be a number"):
        load_run(run)
    lines = (run / R).read_text().splitlines()
    assert json.loads(lines[1])["contributors"][1]["judgement"]["posterior"] == 1.5
