"""A run with a root set: its rows are written nowhere, stay the same, are not tested on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from anml_fl import federate
from anml_fl.federation.adoption import adopted
from anml_fl.federation.run_task import task_of
from anml_fl.run.reading import load_run
from anml_fl.run.verification import verify_run
from anml_fl.settings.reading import from_flat
from clients.app import app, client_app
from server.engines.inline_grid import InlineGrid
from server.orchestration.coalition import Again, coalition_of, whole_task
from server.orchestration.federation import run_federation

SENTINEL = 31415.875
PROMISED = "without one no rule that was tried is safe against 40 % of contributors"


def write(path, n, seed, sites=True, sentinel=False):
    rng = np.random.default_rng(seed)
    marker = rng.normal(0, 10_000, n)
    if sentinel:
        marker[3] = SENTINEL
    lines = ["site,marker,age,ill" if sites else "marker,age,ill"]
    for i, x in enumerate(marker):
        site = f"{'nesw'[i % 4]}," if sites else ""
        lines.append(
            f"{site}{x:.3f},{rng.uniform(20, 90):.4f},{'ny'[int(x + rng.normal(0, 3000) > 0)]}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def settings(folder, **more):
    flat = {
        "data": str(write(folder / "a.csv", 240, 0)),
        "label": "ill",
        "by": "site",
        "strategies": "fedavg,calibrated",
        "rounds": 3,
        "local-epochs": 1,
        "scenario": "unknown",
    }
    return adopted(from_flat(flat | more))


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_row_of_a_root_set_is_written_anywhere(tmp_path, run):
    trusted = write(tmp_path / "trusted.csv", 60, 1, sites=False, sentinel=True)
    config = settings(tmp_path, **{"root-data": str(trusted)})
    run(config, tmp_path / "run")
    rows = task_of(config).root
    written = everything(tmp_path / "run")
    assert {path.suffix for path in written} >= {".json", ".jsonl", ".html", ".safetensors"}
    lines = [line.encode() for line in trusted.read_text().splitlines()[1:]]
    for path, content in written.items():
        assert b"31415.875" not in content, path
        assert not any(row.tobytes() in content for row in rows.features), path
        assert not any(line.rpartition(b",")[0] in content for line in lines), path
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["root"]["about"] == "60 rows of trusted.csv"
    assert sum(manifest["root"]["classes"]) == 60
    (record, *_) = load_run(tmp_path / "run").strategies[-1].records
    assert record.judgement.root == "60 rows of trusted.csv"
    verify_run(tmp_path / "run")


def test_a_run_that_was_killed_goes_on_with_the_same_rows(
    tmp_path, run, small, interrupt_after
):
    config = small(
        dataset="digits", strategies="calibrated", root=60, behaviours="label_flip=2", rounds=4
    )
    run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "cut", interrupt_after(6 + 6 * 2))
    assert not (tmp_path / "cut" / "summary.json").exists()
    run(config, tmp_path / "cut")
    for name in ("calibrated/rounds.jsonl", "calibrated/model.safetensors", "manifest.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (
            tmp_path / "whole" / name
        ).read_bytes(), name


def test_models_are_tested_on_the_others(tmp_path, run, small):
    config = small(dataset="digits", strategies="fedavg,calibrated", root=100, rounds=2)
    summary = run(config, tmp_path)
    task = task_of(config)
    assert task.data.test.labels.size == 260
    for name in ("fedavg", "calibrated"):
        errors = summary["strategies"][name]["test_error"]
        assert errors * 260 == pytest.approx(round(errors * 260))


def test_without_a_root_set_one_line_says_what_is_not_promised(tmp_path, run, small, caplog):
    run(small(strategies="calibrated,fedavg"), tmp_path)
    (said,) = [one.message for one in caplog.records if PROMISED in one.message]
    assert said.startswith("no root set (of its 36 test rows the server can spare 12")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["root"] == {"none": said}
    record = json.loads((tmp_path / "calibrated/rounds.jsonl").read_text().splitlines()[0])
    assert record["judgement"]["root"] == "none"


def test_nothing_is_said_where_no_rule_wants_one(tmp_path, run, small, caplog):
    run(small(strategies="anml,fedavg"), tmp_path)
    assert PROMISED not in caplog.text
    assert "root" not in json.loads((tmp_path / "manifest.json").read_text())


def test_donated_rows_are_called_so_in_every_record(tmp_path, run, small):
    run(small(strategies="calibrated", root="donated"), tmp_path)
    records = load_run(tmp_path).strategies[0].records
    assert {one.judgement.root for one in records} == {"60 donated rows"}


def test_a_refused_root_set_leaves_no_folder(tmp_path, run, small):
    with pytest.raises(ValueError, match="of the server's 36 test rows 33 at most"):
        run(small(strategies="calibrated", root=34), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_patience_and_each_sites_own_error_go_by_the_rows_that_are_left(tmp_path, run):
    config = settings(tmp_path, patience=1, rounds=6, root=20)
    run(config, tmp_path / "run")
    task = task_of(config)
    counted = np.bincount(task.data.tested, minlength=4)
    assert counted.sum() == 48 - 20
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    for place, name in enumerate("nesw"):
        error = summary["holdings"][name]["errors"]["calibrated"]
        assert error * counted[place] == pytest.approx(round(error * counted[place]))


def test_a_program_that_gives_a_table_has_a_root_set_too(tmp_path):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3))
    done = federate(
        features,
        features[:, 0] > 0,
        by=np.repeat(list("nesw"), 100),
        out=tmp_path / "run",
        strategies="calibrated",
        rounds=2,
        root=24,
    )
    assert done.strategies[0].records[0].judgement.root == "24 rows of the server's"


# ── Is joining worth it? ────────────────────────────────────────────────────────────────────


def test_each_split_holds_out_rows_of_its_own_and_absent_ones_donate_nothing(tmp_path):
    config = settings(tmp_path, root=20)
    run_task = task_of(config)
    again = Again(client_app)
    found = []
    for number in range(2):
        other = config.model_copy(update={"seed": number})
        data = again.split(other, run_task.data.names, number)
        whole = whole_task(other, data, run_task)
        assert whole.root.labels.size == 20
        assert whole.data.test.labels.size == data.test.labels.size - 20
        changed, task = coalition_of(other, whole, {"n": "honest", "e": "honest"})
        assert task.root is whole.root
        assert changed.federation.contributors == 2
        found.append(whole.root.features)
    np.testing.assert_array_equal(found[0], run_task.root.features)
    assert not np.array_equal(*found)
    donated = settings(tmp_path, root="donated")
    whole = task_of(donated)
    _, task = coalition_of(donated, whole, {"n": "honest", "e": "honest"})
    theirs = {row.tobytes() for part in task.data.parts for row in part.features}
    assert task.root.donated
    assert {row.tobytes() for row in task.root.features} <= theirs
    _, alone = coalition_of(donated, whole, {"n": "honest"})
    assert alone.root is None or alone.root.labels.size >= 20


def test_joining_is_valued_with_a_root_set(tmp_path):
    config = settings(
        tmp_path, root=20, worth=True, repeats=2, rounds=2, strategies="calibrated"
    )
    nodes = [{"partition-id": i, "num-partitions": 4} for i in range(4)]
    run_federation(
        InlineGrid(app, nodes, config.to_flat()),
        config,
        tmp_path / "run",
        None,
        Again(client_app),
    )
    worth = json.loads((tmp_path / "run" / "worth.json").read_text())
    assert worth["repeats"] == 2
    assert worth["left_out"] == []
    # Repeat 0 is the run itself, on the same rows.
    summary: Any = json.loads((tmp_path / "run" / "summary.json").read_text())
    for one in worth["sites"]:
        assert one["joined"]["pooled"][0] == pytest.approx(
            summary["strategies"]["calibrated"]["test_error"]
        )
