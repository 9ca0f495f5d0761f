"""A task of one's own has no root set, says so, and refuses rows that nobody could give."""

from __future__ import annotations

import json

import pytest

from anml_fl.run.reading import load_run

SHORT = ("--contributors", 4, "--rounds", 1, "--local-epochs", 1)


def test_it_runs_without_one_and_says_what_is_not_promised(anml, write, place):
    name = write("mine")
    done = anml("run", "--task", name, *SHORT, "--strategy", "calibrated", "--out", "run")
    assert done.exit_code == 0, done.output
    manifest = json.loads((place / "run" / "manifest.json").read_text())
    assert manifest["root"]["none"].startswith(f"no root set (the task {name} brings its own")
    assert manifest["root"]["none"].endswith("of contributors who act together")
    (strategy,) = load_run(place / "run").strategies
    assert strategy.records[0].judgement.root == "none"


@pytest.mark.parametrize("root", ["80", "donated"])
def test_rows_that_it_does_not_have_are_refused(anml, write, root):
    name = write("mine")
    done = anml("run", "--task", name, *SHORT, "--root", root, "--out", "run")
    assert done.exit_code == 2
    assert "aggregation.root: the task" in done.output.replace("\n", " ")
    assert f"got '{root}'" in done.output


def test_a_file_means_nothing_beside_it(anml, write):
    done = anml("run", "--task", write("mine"), *SHORT, "--root-data", "ours.csv", "--out", "run")
    assert done.exit_code == 2
    assert "beside which --root-data means nothing" in " ".join(done.output.split())
