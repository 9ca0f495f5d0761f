"""`anml compare`: one computation on the screen, as CSV, as JSON and as a page."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.run.comparison import COLUMNS, compared
from server.page.finished_run import finished_run


def called(*arguments, code=0):
    done = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def as_text(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())


def test_screen_csv_json_and_page_say_the_same(seeds, tmp_path):
    table, page = tmp_path / "out.csv", tmp_path / "out.html"
    shown = called(*seeds, "--csv", table, "--html", page).stdout
    expected = [*compared([finished_run(folder) for folder in seeds]).rows()]

    rows = [*csv.DictReader(io.StringIO(table.read_text()))]
    assert [*rows[0]] == list(COLUMNS)
    for row, should in zip(rows, expected, strict=True):
        for name, value in should.items():
            assert row[name] == ("" if value is None else str(value))
    assert called(*seeds, "--csv", "-").stdout == table.read_text()
    told = json.loads(called(*seeds, "--json").stdout)
    assert told == {"rows": expected, "apart": [], "warnings": []}

    sentence = shown.splitlines()[0]
    assert sentence.startswith("Over 5 repeats, each with another seed, anml ended at ")
    text = as_text(page.read_text())
    assert sentence in text
    fedavg = expected[0]
    for said in (shown, text):
        assert f"{fedavg['p']:.3f}" in said
        assert "the seeds are 0, 1, 2, 3 and 4" in said
        # Of five pairs no p is below 1/16: a test cannot show anything there.
        assert "So few seeds cannot bring it below 0.062" in said
    assert "All runs" not in text


def test_runs_that_cannot_be_compared_are_told_and_shown_alone(seeds, real):
    shown = called(*seeds[:3], real).stdout
    assert "Over 3 repeats" in shown
    assert "A test takes 5 pairs; there are 3." in shown
    assert "One run with one seed: what it shows may be by chance." in shown
    assert "wine is not taken together with s0: they differ in strategies (" in shown
    assert shown.index("wine:\n") < shown.index("One run with one seed")
    assert "training.rounds (2 and 3)" in shown


@pytest.mark.parametrize("option", ["--html", "--csv"])
def test_no_file_of_a_run_is_replaced(seeds, option):
    ledger = seeds[0] / "ledger.jsonl"
    before = ledger.read_bytes()
    done = called(*seeds[:2], option, ledger, code=2)
    assert "is a file of the run in" in done.stderr
    assert ledger.read_bytes() == before


def test_runs_whose_folders_are_called_the_same_go_by_their_paths(real, tmp_path):
    other = shutil.copytree(real, tmp_path / "wine")
    rows = json.loads(called(real, other, other, "--json").stdout)["rows"]
    assert {row["runs"] for row in rows} == {str(real), str(other)}


def test_an_altered_run_is_named_and_ends_with_exit_code_1(seeds, tmp_path):
    folder = shutil.copytree(seeds[0], tmp_path / "s0")
    summary = json.loads((folder / "summary.json").read_text())
    summary["strategies"]["fedavg"]["test_error"] = 0.0
    (folder / "summary.json").write_text(json.dumps(summary))
    done = called(folder, *seeds[1:], code=1)
    assert "s0: This run was altered, and does not fit its ledger: summary.json" in done.stderr
    assert "Over 5 repeats" in done.stdout
    told = json.loads(called(folder, *seeds[1:], "--json", code=1).stdout)
    assert len(told["warnings"]) == 1


def test_a_folders_name_steers_no_terminal(seeds, real, tmp_path):
    """Runs come from others: what a folder is called is spelled out, wherever it is told."""
    folder = shutil.copytree(seeds[0], tmp_path / "\x1b[31mred\r")
    (folder / "anml" / "rounds.jsonl").write_text("")
    done = called(real, folder, code=1)
    assert "\\x1b[31mred\\r: This run was altered" in done.stderr
    assert "\\x1b[31mred\\r is not taken together with wine" in done.stdout
    (folder / "summary.json").unlink()
    refused = called(real, folder, code=2)
    assert "\\x1b[31mred\\r has not come to its end" in refused.stderr
    for text in (done.output, refused.output):
        assert not {"\x1b", "\r"} & set(text)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("summary.json", "has not come to its end: it has no summary.json yet"),
        ("config.toml", "is not a run's folder: it has no config.toml"),
        ("manifest.json", "manifest.json does not say which code made the run"),
    ],
)
def test_what_is_no_finished_run_is_refused(seeds, tmp_path, lost, said):
    folder = shutil.copytree(seeds[0], tmp_path / "s0")
    (folder / lost).unlink()
    assert said in " ".join(called(folder, code=2).stderr.split())


def test_what_cannot_be_written_is_refused_with_what_to_do(seeds, tmp_path):
    done = called(seeds[0], "--csv", tmp_path / "no" / "a.csv", code=2)
    assert "there is no folder" in done.stderr
    assert "make it first" in done.stderr
    done = called(seeds[0], "--csv", "-", "--json", code=2)
    assert "give --csv a file" in done.stderr
