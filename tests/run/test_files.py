"""The names and the schema of what a run writes, and how little it takes to read them."""

import json
import math
import subprocess
import sys

import pytest

from anml_fl import RoundRecord
from anml_fl.run import files
from anml_fl.run.reading import load_run
from anml_fl.run.schema import OwnData, StrategySummary, Summary


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("anml_fl.run.files", {"numpy", "pydantic", "torch", "flwr", "pandas"}),
        ("anml_fl.run.updates", {"torch", "flwr", "pandas"}),
        ("anml_fl.run.reading", {"torch", "flwr"}),
        ("anml_fl.run.audit", {"torch", "flwr"}),
        ("anml_fl.run.strategy_folder", {"torch", "flwr"}),
        ("anml_fl.commands.verify", {"torch", "flwr"}),
        ("anml_fl.commands.ledger", {"torch", "flwr"}),
        ("server.report.page", {"torch", "flwr"}),
        (
            "server.page.serving",
            {"plotly", "pyarrow", "torch", "flwr", "pandas", "sqlalchemy"},
        ),
    ],
)
def test_a_reader_needs_none_of_what_a_run_needs(tmp_path, module, without):
    script = f"import sys, {module}; print(*sorted({without!r} & {{*sys.modules}}))"

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "\n"


def test_summary_is_read_as_it_was_written(tmp_path):
    summary = Summary(
        name="demo",
        engine="inline",
        dataset="wine",
        seed=3,
        contributors={"a": "honest"},
        strategies={"fedavg": StrategySummary(0.25, 0.0, {"krum": 1}, 0, 1, 0.5)},
        seconds=0.5,
        holdings={"a": OwnData(20, {"fedavg": 0.1})},
    )
    write(tmp_path, summary.fields())

    assert load_run(tmp_path).summary == summary


def test_summary_of_an_older_run_is_read_as_what_it_is(tmp_path):
    older = {
        "name": "old",
        "engine": "inline",
        "dataset": "wine",
        "seed": 0,
        "contributors": {},
        "strategies": {"fedavg": {}},
    }
    write(tmp_path, older)

    found = load_run(tmp_path).summary

    assert (found.format, found.seconds, found.holdings) == (1, None, {})
    assert found.strategies["fedavg"] == StrategySummary(None, None, {}, 0, 0, None)


def test_summary_of_a_later_format_is_refused(tmp_path):
    later = {
        "format": 2,
        "name": "new",
        "engine": "inline",
        "dataset": "wine",
        "seed": 0,
        "contributors": {},
        "strategies": {"fedavg": {}},
    }
    write(tmp_path, later)

    with pytest.raises(ValueError, match=r"summary\.json: format is 2, this code reads 1"):
        load_run(tmp_path)


def write(folder, summary):
    (folder / files.SUMMARY).write_text(json.dumps(summary))
    (folder / files.CONFIG).write_text("")
    (folder / "fedavg").mkdir()
    record = RoundRecord(1, "fedavg", None, math.nan, math.nan, ())
    (folder / "fedavg" / files.ROUNDS).write_text(record.to_json() + "\n")
