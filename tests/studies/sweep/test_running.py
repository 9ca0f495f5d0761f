"""Sweeps that are run: killed and gone on with, on any number of processes, and failing."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.execution import execute
from anml_fl.run.verification import verify_run
from studies.sweep.axis import parse_axes
from studies.sweep.plan import planned
from studies.sweep.running import run_sweep

pytestmark = pytest.mark.slow

SMALL = ["--dataset", "wine", "--contributors", "6", "--rounds", "2", "--local-epochs", "1"]
SMALL += ["--strategy", "fedavg", "--strategy", "anml", "--strategy", "calibrated"]
BEHAVIOURS = ("label_flip=1", "label_flip=2,joint=1")
MANY = ["--seeds", "0-4", "--sweep", "aggregation.alpha=.2,.8"]
MANY += ["--sweep", f"federation.behaviours={';'.join(BEHAVIOURS)}"]
# What a run decided and came to; its ledger is signed with the time.
SAME = [
    "config.toml",
    *(f"{name}/{file}" for name in ("fedavg", "anml", "calibrated")
      for file in ("rounds.jsonl", "model.safetensors")),
]  # fmt: skip
ANML = [sys.executable, "-m", "anml_fl.cli"]


def command(out, jobs):
    return [*ANML, "run", *SMALL, *MANY, "--jobs", str(jobs), "--out", str(out)]


def contents(folder, names):
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Kill a sweep on two processes in its midst, and give the same command again."""
    out = tmp_path_factory.mktemp("killed") / "sweep"
    process = subprocess.Popen(
        command(out, 2), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + 600
    # Three have ended, and another is at its first strategy: it does not end meanwhile.
    while time.monotonic() < deadline:
        ended = {path.parent for path in out.glob("*/summary.json")}
        begun = {path.parent.parent for path in out.glob("*/fedavg/rounds.jsonl")} - ended
        early = {path for path in begun if not (path / "anml" / "rounds.jsonl").exists()}
        if len(ended) >= 3 and early:
            break
        time.sleep(0.01)
    children = parent.children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=600)
    ended = {path.parent for path in out.glob("*/summary.json")}
    begun = {
        path: path.read_bytes()
        for path in out.glob("*/*/rounds.jsonl")
        if path.parent.parent not in ended
    }
    stamps = {path: (path / "summary.json").stat().st_mtime_ns for path in ended}
    done = subprocess.run(
        command(out, 2), check=False, capture_output=True, text=True, timeout=1200
    )
    return out, alive, stamps, begun, done


def test_a_killed_sweep_goes_on_by_the_same_command(killed):
    out, alive, stamps, begun, done = killed
    assert alive == []
    assert done.returncode == 0, done.stderr
    assert 3 <= len(stamps) < 20
    assert {path: (path / "summary.json").stat().st_mtime_ns for path in stamps} == stamps
    # Rounds that were done when it was killed were not done again.
    assert begun
    for path, before in begun.items():
        whole = before[: before.rfind(b"\n") + 1]
        assert path.read_bytes().startswith(whole)
    folders = [path for path in out.iterdir() if path.is_dir()]
    assert len(folders) == 20
    assert [verify_run(folder).warning for folder in folders] == [""] * 20
    assert all((folder / "report.html").is_file() for folder in folders)
    assert "Test error of 4 settings: at best calibrated" in done.stdout


def test_one_process_and_another_order_give_the_same(killed, tmp_path):
    out, words = killed[0], ["--behaviour", BEHAVIOURS[0], "--sweep", "alpha=.8,.2"]
    one = [
        *ANML,
        "run",
        *SMALL,
        *words,
        "--seeds",
        "4,0",
        "--jobs",
        "1",
        "--out",
        str(tmp_path),
    ]
    subprocess.run(one, check=True, capture_output=True, timeout=1200)
    folders = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert folders == {f"alpha-{alpha}_seed-{seed}" for alpha in (0.2, 0.8) for seed in (0, 4)}
    for folder in folders:
        like = folder.replace("_", "_behaviours-label_flip-1_")
        assert contents(tmp_path / folder, SAME) == contents(out / like, SAME)


def test_the_same_command_again_runs_nothing_and_writes_the_same_bytes(killed):
    out = killed[0]
    names = ["sweep.toml", "sweep.csv", "sweep.json", "sweep.parquet", "report.html"]
    before = contents(out, names)
    stamps = {path: path.stat().st_mtime_ns for path in out.glob("*/*.jsonl")}
    for name in names[1:]:
        (out / name).unlink()
    subprocess.run(command(out, 1), check=True, capture_output=True, timeout=1200)
    assert contents(out, names) == before
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*.jsonl")} == stamps


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("alpha-0.2_behaviours-label_flip-1_seed-0", (".2", 0, 0)),
        ("alpha-0.8_behaviours-label_flip-2-joint-1_seed-4", (".8", 4, 1)),
    ],
)
def test_a_run_of_a_sweep_is_that_of_the_single_command(killed, tmp_path, folder, words):
    alpha, seed, who = words
    given = [word for one in BEHAVIOURS[who].split(",") for word in ("--behaviour", one)]
    done = CliRunner().invoke(
        main,
        ["run", *SMALL, *given, "--alpha", alpha, "--seed", str(seed), "--out", str(tmp_path)],
    )
    assert done.exit_code == 0, done.output
    assert contents(tmp_path, SAME) == contents(killed[0] / folder, SAME)


def test_the_tables_say_what_each_summary_says(killed):
    out = killed[0]
    table = pq.read_table(out / "sweep.parquet")
    expected = []
    for alpha in (0.2, 0.8):
        for behaviours in BEHAVIOURS:
            for seed in range(5):
                named = behaviours.replace("=", "-").replace(",", "-")
                folder = f"alpha-{alpha}_behaviours-{named}_seed-{seed}"
                summary = json.loads((out / folder / "summary.json").read_text())
                for strategy, of in summary["strategies"].items():
                    expected.append(
                        (folder, seed, alpha, behaviours, strategy, of["test_error"],
                         of["rounds"], of["attacker_weight"])
                    )  # fmt: skip
    names = ["run", "seed", "aggregation.alpha", "federation.behaviours", "strategy"]
    names += ["test_error", "rounds", "attacker_weight"]
    assert list(zip(*(table[name].to_pylist() for name in names), strict=True)) == expected
    with (out / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [one[0] for one in expected]
    assert [float(row["test_error"]) for row in rows] == [one[5] for one in expected]
    told = json.loads((out / "sweep.json").read_text())
    assert told["runs"] == table.to_pylist()
    first = told["conditions"][0]
    assert first["settings"] == {
        "aggregation.alpha": 0.2,
        "federation.behaviours": "label_flip=1",
    }
    errors = [one[5] for one in expected[:15] if one[4] == "calibrated"]
    assert first["strategies"]["calibrated"]["mean"] == pytest.approx(sum(errors) / 5)


def test_the_page_links_to_each_run(killed):
    out = killed[0]
    page = (out / "report.html").read_text()
    for folder in (path.name for path in out.iterdir() if path.is_dir()):
        assert f'href="{folder}/report.html"' in page
    assert "over 5 seeds" in page


@pytest.mark.parametrize("damage", ["{", '{"strategies": {}}'])
def test_a_run_whose_files_are_damaged_is_told_and_the_others_are_shown(
    killed, tmp_path, damage
):
    out = shutil.copytree(killed[0], tmp_path / "sweep")
    bad = sorted(path for path in out.iterdir() if path.is_dir())[0]
    (bad / "summary.json").write_text(damage)
    done = CliRunner().invoke(main, [*command(out, 1)[len(ANML) :], "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["status"] == "failed"
    failed = json.loads((out / "sweep.json").read_text())["failed"]
    assert list(failed) == [bad.name]
    assert "cannot be read as a run: remove the folder" in failed[bad.name]


def test_ctrl_c_leaves_all_to_be_gone_on_with(tmp_path):
    out = tmp_path / "sweep"
    process = subprocess.Popen(
        command(out, 2), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + 600
    while not list(out.glob("*/summary.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    children = parent.children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=600)
    assert alive == []
    ended = len(list(out.glob("*/summary.json")))
    assert 1 <= ended < 20
    # What there was can be looked at.
    assert (
        len({row["run"] for row in pq.read_table(out / "sweep.parquet").to_pylist()}) == ended
    )
    assert f"of which {ended} have ended" in (out / "report.html").read_text()


def failing(config, out):
    """Carry a run out, but of seed 1, whose process ends, and of seed 2, which cannot be."""
    if config.seed == 1:
        psutil.Process().kill()
    if config.seed == 2:
        raise ValueError(f"nothing can be made of seed {config.seed}\nat all")
    execute(config, out)


def test_a_run_that_fails_is_told_and_the_others_go_on(tmp_path):
    given = {"dataset": "wine", "contributors": 6, "rounds": 1, "local-epochs": 1}
    plan = planned("", {**given, "strategies": "fedavg"}, parse_axes([]), range(5))
    said = []
    found = run_sweep(
        plan, tmp_path, failing, jobs=2, progress=lambda share, words: said.append(share)
    )
    assert not found.whole
    assert [one.run.seed for one in found.ended] == [0, 3, 4]
    assert found.failed["seed-2"] == "ValueError: nothing can be made of seed 2 at all"
    assert "ended by signal 9" in found.failed["seed-1"]
    assert json.loads((tmp_path / "sweep.json").read_text())["failed"] == found.failed
    page = (tmp_path / "report.html").read_text()
    assert "nothing can be made of seed 2 at all" in page
    assert said[-1] == 1.0
    # The same again tries those two alone, and this time they can be carried out; what has
    # other settings is no run of this sweep, and is left as it is.
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/summary.json")}
    settings = tmp_path / "seed-4" / "config.toml"
    own = settings.read_bytes()
    settings.write_bytes(own.replace(b"alpha = 0.5", b"alpha = 0.6"))
    again = run_sweep(plan, tmp_path, execute, jobs=1)
    assert [one.run.seed for one in again.ended] == [0, 1, 2, 3]
    assert list(again.failed) == ["seed-4"]
    assert "holds a run with other settings" in again.failed["seed-4"]
    settings.write_bytes(own)
    whole = run_sweep(plan, tmp_path, execute, jobs=1)
    assert whole.whole
    assert whole.failed == {}
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert "Not carried out" not in (tmp_path / "report.html").read_text()


def test_the_exit_status_says_that_a_run_does_not_fit_its_ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", *SMALL[:8], "--strategy", "fedavg", "--seeds", "0-2", "--jobs", "1"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    summary = Path("runs/default/seed-1/summary.json")
    text = summary.read_text()
    told = json.loads(text)
    told["strategies"]["fedavg"]["test_error"] = 0.0
    summary.write_text(json.dumps(told))
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "warning: seed-1: This run was altered" in done.output
    page = Path("runs/default/report.html").read_text()
    assert "Do not rely on this page." in page


def test_two_commands_never_write_to_one_folder(tmp_path):
    out = tmp_path / "sweep"
    process = subprocess.Popen(
        command(out, 1), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 600
        while not list(out.glob("*/config.toml")) and time.monotonic() < deadline:
            time.sleep(0.02)
        done = subprocess.run(
            command(out, 1), check=False, capture_output=True, text=True, timeout=600
        )
    finally:
        process.terminate()
        process.wait()
    assert done.returncode == 2
    assert "another process is writing to" in done.stderr
