"""Cells on processes: skipped when finished, redone when not, the same on any jobs."""

import json
import signal
import subprocess
import sys
import time

import psutil
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies import store
from studies.catalogue import STUDIES, chosen
from studies.runner import run_studies
from studies.sample.recipe import Recipe
from studies.study import Cell, Variant, cells

TABLE = STUDIES["table-9"]
SHORT = {"fit": "5"}
COLUMNS = ["study", "dataset", "condition", "method", "metric", "value", "trial", "seed"]


def plan(trials=2, **settings):
    return [(TABLE, cells(TABLE, trials=trials, settings={**SHORT, **settings}))]


@pytest.fixture
def done(tmp_path):
    run_studies(plan(), tmp_path, jobs=1)
    return tmp_path


def test_table_is_tidy_and_says_how_it_was_made(done):
    table = pq.read_table(done / "table-9.parquet")
    assert table.column_names == COLUMNS
    assert set(table["trial"].to_pylist()) == {0, 1}
    shares = [
        row["value"] for row in table.to_pylist() if row["metric"].startswith("selected")
    ]
    assert min(shares) >= 0
    assert max(shares) <= 1
    said = json.loads((done / "table-9.json").read_text())
    assert said["trials"] == {"wine": 2, "breast_cancer": 2}
    assert said["code"] == store.code_hash(TABLE)
    assert {"numpy", "torch"} <= said["versions"].keys()
    assert all(v["recipe"]["fit"] == 5 for v in said["variants"]["wine"])


def test_finished_cells_are_skipped_and_give_the_same_bytes(done):
    stamps = {file: file.stat().st_mtime_ns for file in (done / "cells").iterdir()}
    before = (done / "table-9.parquet").read_bytes()
    run_studies(plan(), done, jobs=1)
    assert {file: file.stat().st_mtime_ns for file in (done / "cells").iterdir()} == stamps
    assert (done / "table-9.parquet").read_bytes() == before


@pytest.mark.parametrize(
    "damage", [lambda file: file.write_bytes(b"PAR1"), lambda file: file.unlink()]
)
def test_a_damaged_cell_is_worked_out_anew(done, damage):
    before = (done / "table-9.parquet").read_bytes()
    damage(next((done / "cells").iterdir()))
    run_studies(plan(), done, jobs=1)
    assert (done / "table-9.parquet").read_bytes() == before


@pytest.mark.parametrize(
    "other", [{"code": "another"}, {"data": "others"}, {"versions": "{}"}, {}]
)
def test_a_cell_made_otherwise_is_worked_out_anew(done, other):
    file = next((done / "cells").iterdir())
    rows = store.load_rows(file)
    metadata = {
        key.decode(): value.decode() for key, value in pq.read_schema(file).metadata.items()
    }
    changed = [row._replace(value=0.5) for row in rows]
    store.save_rows(changed, file, {**metadata, **other} if other else {})
    run_studies(plan(), done, jobs=1)
    assert store.load_rows(file) == rows


@pytest.mark.parametrize("forge", [lambda rows: [], lambda rows: [rows[0]._replace(seed=7)]])
def test_a_cell_with_rows_of_another_is_worked_out_anew(done, forge):
    file = next((done / "cells").iterdir())
    rows = store.load_rows(file)
    metadata = {
        key.decode(): value.decode() for key, value in pq.read_schema(file).metadata.items()
    }
    store.save_rows(forge(rows), file, metadata)
    run_studies(plan(), done, jobs=1)
    assert store.load_rows(file) == rows


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(done, tmp_path):
    run_studies(plan(), tmp_path / "two", jobs=2)
    one, two = (
        (folder / "table-9.parquet").read_bytes() for folder in (done, tmp_path / "two")
    )
    assert one == two


def test_more_trials_keep_those_that_there_are():
    few, more = (cells(STUDIES["table-7"], trials=n) for n in (25, 60))
    assert few[0].key == more[0].key
    assert [len(cell.trials) for cell in more] == [25, 25, 10]


def test_key_tells_every_difference():
    base = Cell("s", "wine", plan()[0][1][0].variants, (0, 1), 0)
    variant = base.variants[0]
    changed = [
        Cell("t", "wine", base.variants, (0, 1), 0),
        Cell("s", "digits", base.variants, (0, 1), 0),
        Cell("s", "wine", base.variants, (0, 2), 0),
        Cell("s", "wine", base.variants, (0, 1), 1),
        Cell("s", "wine", base.variants, (0, 1), 0, trained=False),
        Cell("s", "wine", (Variant("x", variant.recipe, variant.methods),), (0, 1), 0),
        Cell("s", "wine", (Variant(variant.condition, variant.recipe, ("v",)),), (0, 1), 0),
        Cell(
            "s",
            "wine",
            (Variant(variant.condition, variant.recipe.changed(tau=2.0), variant.methods),),
            (0, 1),
            0,
        ),
    ]
    assert len({cell.key for cell in [base, *changed]}) == 1 + len(changed)


def test_overridden_settings_are_named_in_the_condition():
    made = cells(STUDIES["table-7"], trials=1, settings={"beta": "0.2"})
    assert all(v.condition.endswith(";beta=0.2") for v in made[0].variants)
    assert all(v.recipe.beta == 0.2 for v in made[0].variants)


def test_every_figure_and_table_has_a_study():
    wanted = [f"table-{n}" for n in (5, *range(7, 16), 17, 18)]
    wanted += ["figure-1", "figure-2", "figure-3", "figure-4", "figure-6"]
    wanted += ["appendix-a1", "appendix-a2", "q-fit-length", "gate-stage1", "gate-rho"]
    for name in wanted:
        assert chosen(name)
    assert STUDIES["table-7"].trials == {"wine": 100}
    assert set(STUDIES["table-14"].trials) == {"digits", "covertype", "adult"}


@pytest.mark.slow
def test_interrupted_run_goes_on_where_it_stopped(tmp_path):
    command = [
        sys.executable,
        "-m",
        "anml_fl.cli",
        "study",
        "run",
        "table-13",
        "--trials",
        "60",
    ]
    command += ["--out", str(tmp_path), "--jobs", "2", "--set", "epochs=40"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 600
    while not list(tmp_path.glob("cells/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 130, said
    assert b"the same command goes on" in said
    assert b"Traceback" not in said
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.glob("cells/*.parquet")}
    assert 1 <= len(kept) < 3
    subprocess.run(command, check=True, capture_output=True, timeout=1200)
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in kept.items())
    assert len(list(tmp_path.glob("cells/*.parquet"))) == 3
    table = pq.read_table(tmp_path / "table-13.parquet")
    assert set(table["trial"].to_pylist()) == set(range(60))


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["table-6"], "unknown study 'table-6'; did you mean table-16 or "),
        (["table-7", "--trials", "0"], "0 is not in the range 1<=x<=10000"),
        (["table-7", "--seed", "-1"], "-1 is not in the range"),
        (["table-7", "--seed", str(2**63)], "is not in the range"),
        (["table-7", "--jobs", "0"], "0 is not in the range x>=1"),
        (["table-7", "--set", "beta"], "must be KEY=VALUE, got 'beta'"),
        (["table-7", "--set", "beta=2"], "beta = '2'"),
        (["table-7", "--set", "bata=0.2"], "unknown setting 'bata'; did you mean beta"),
    ],
)
def test_command_says_what_is_wrong(words, reported, tmp_path):
    found = CliRunner().invoke(main, ["study", "run", *words, "--out", str(tmp_path / "out")])
    assert found.exit_code == 2
    assert reported in found.output


def test_list_names_every_study():
    said = CliRunner().invoke(main, ["study", "list"], env={"COLUMNS": "200"}).output
    for name in STUDIES:
        assert name in said


def test_results_of_other_settings_have_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["study", "run", "table-9", "--jobs", "1", "--trials", "1", "--set", "fit=1"]
    for more in ([], ["--seed", "3"], ["--profile", "quick"]):
        found = CliRunner().invoke(main, [*words, *more])
        assert found.exit_code == 0, found.output
    folders = {path.name for path in (tmp_path / "runs").iterdir()}
    assert folders == {
        "studies-trials=1-fit=1",
        "studies-trials=1-seed=3-fit=1",
        "studies-quick-trials=1-fit=1",
    }
    assert "anml study report --results runs/studies-quick-trials=1-fit=1" in found.output


def test_settings_are_listed_with_their_defaults():
    said = CliRunner().invoke(main, ["study", "settings"], env={"COLUMNS": "200"}).output
    assert all(name in said for name in Recipe.model_fields)
    assert "Softmax temperature." in said


@pytest.mark.slow
def test_no_process_outlives_a_killed_run(tmp_path):
    command = [sys.executable, "-m", "anml_fl.cli", "study", "run", "table-13"]
    command += ["--trials", "60", "--jobs", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + 600
    while len(parent.children(recursive=True)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    children = parent.children(recursive=True)
    assert len(children) >= 2
    time.sleep(1)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=600)
    assert alive == []
