"""Errors by class: those of the final model, on the rows that the run tests on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.metrics import recall_score

from anml_fl.federation.adoption import adopted
from anml_fl.federation.run_task import task_of
from anml_fl.models.state import outputs_of
from anml_fl.run.reading import load_run
from anml_fl.run.verification import verify_run
from anml_fl.settings.reading import from_flat
from server.report.class_table import class_table


@pytest.fixture
def done(small, run, tmp_path):
    config = small(strategies="fedavg,calibrated", dataset="digits", rounds=2)
    return config, run(config, tmp_path), tmp_path


def test_they_are_what_recall_leaves_and_add_up_to_the_error(done):
    config, summary, out = done
    task, found = task_of(config), summary["class_errors"]
    test = task.data.test
    assert [one["rows"] for one in found.values()] == np.bincount(test.labels).tolist()
    for name in config.strategies:
        model = task.model_of(load_file(out / name / "model.safetensors"))
        predicted = outputs_of(model, test.features).argmax(1)
        errors = [one["errors"][name] for one in found.values()]
        recall = recall_score(test.labels, predicted, average=None)
        np.testing.assert_allclose(errors, 1 - recall, atol=1e-12)
        wrong = sum(one["rows"] * one["errors"][name] for one in found.values())
        error = summary["strategies"][name]["test_error"]
        assert wrong / test.labels.size == pytest.approx(error)


def test_the_page_shows_the_leads_worst_first(done):
    _, summary, out = done
    run = load_run(out)
    table = class_table(run)
    assert table.titles[:2] == ("Class", "Test rows*")
    assert len(table.rows) == table.total == 10
    last = table.titles.index(f"{run.lead.name} (%)*")
    column = [float(row[last]) for row in table.rows]
    assert column == sorted(column, reverse=True)
    worst = max(one["errors"][run.lead.name] for one in summary["class_errors"].values())
    assert column[0] == pytest.approx(100 * worst, abs=0.05)
    assert "<h2>Error by class</h2>" in (out / "report.html").read_text()


def test_an_altered_one_is_found(done):
    *_, out = done
    path = out / "summary.json"
    summary = json.loads(path.read_text())
    summary["class_errors"]["class 3"]["errors"]["fedavg"] = 0.0
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert "summary.json was altered" in verify_run(out).warning


def test_of_values_there_are_none(small, run, tmp_path):
    table = tmp_path / "table.csv"
    rng = np.random.default_rng(0)
    rows = "\n".join(f"{x:.3f},{2 * x + 1:.3f},{s}" for x, s in zip(
        rng.normal(size=300), rng.integers(0, 3, 300), strict=True
    ))  # fmt: skip
    table.write_text(f"x,y,site\n{rows}\n")
    config = adopted(
        from_flat(
            {
                "data": str(table),
                "label": "y",
                "by": "site",
                "strategies": "fedavg",
                "rounds": 1,
            }
        )
    )
    summary = run(config, tmp_path / "out")
    assert "class_errors" not in summary
    assert not class_table(load_run(tmp_path / "out")).rows
