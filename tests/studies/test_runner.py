"""Cells on processes: skipped when finished, redone when not, the same on any jobs."""

import json
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies import store
from studies.catalogue import STUDIES, chosen
from studies.runner import run_studies
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


def test_a_cell_of_other_code_is_worked_out_anew(done):
    file = next((done / "cells").iterdir())
    rows = store.load_rows(file)
    store.save_rows([row._replace(value=0.5) for row in rows], file, "another hash")
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
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("cells/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"the same command goes on" in said
    assert b"Traceback" not in said
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.glob("cells/*.parquet")}
    assert 1 <= len(kept) < 3
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in kept.items())
    assert len(list(tmp_path.glob("cells/*.parquet"))) == 3
    table = pq.read_table(tmp_path / "table-13.parquet")
    assert set(table["trial"].to_pylist()) == set(range(60))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["table-6"], "unknown study 'table-6'; known: all, table-5"),
        (["table-7", "--trials", "0"], "trials must lie between 1 and 10000, got 0"),
        (["table-7", "--seed", "-1"], "seed must be >= 0, got -1"),
        (["table-7", "--jobs", "0"], "jobs must be >= 1, got 0"),
        (["table-7", "--set", "beta"], "must be KEY=VALUE, got 'beta'"),
        (["table-7", "--set", "beta=2"], "beta = '2'"),
        (["table-7", "--set", "bata=0.2"], "unknown setting 'bata'; known: beta"),
    ],
)
def test_command_says_what_is_wrong(words, told, tmp_path):
    found = CliRunner().invoke(main, ["study", "run", *words, "--out", str(tmp_path / "out")])
    assert found.exit_code == 2
    assert told in found.output


def test_list_names_every_study():
    said = CliRunner().invoke(main, ["study", "list"], env={"COLUMNS": "200"}).output
    for name in STUDIES:
        assert name in said
