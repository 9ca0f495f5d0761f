"""Folders in whichever state: begun, altered, without ledger, several of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import anml_fl
from anml_fl.run.reading import Run


@pytest.fixture
def copied(real, tmp_path):
    return shutil.copytree(real, tmp_path / "wine")


def test_a_run_is_a_run_as_others_read_it(real):
    run = anml_fl.load_run(str(real))
    assert isinstance(run, Run)
    assert run.folder == real
    assert run.lead.name == "calibrated"
    assert run.verified
    assert run.verification().warning == ""


def test_federate_gives_the_same(tmp_path):
    import numpy as np

    x = np.random.default_rng(0).normal(size=(120, 3))
    sites = np.repeat(["a", "b", "c", "d"], 30)
    out = tmp_path / "own"
    run = anml_fl.federate(x, x[:, 0] > 0, by=sites, out=out, strategies="fedavg", rounds=2)
    assert run == anml_fl.load_run(out)
    assert run.rounds().column("round").to_pylist() == [1, 2]


def test_what_is_no_run_and_what_has_not_ended_is_told_apart(copied):
    with pytest.raises(FileNotFoundError, match=r"is not a run's folder.*no config.toml"):
        anml_fl.load_run(copied.parent)
    (copied / "summary.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has not come to its end.*anml explain"):
        anml_fl.load_run(copied)


def test_an_altered_run_is_read_and_says_so(copied):
    path = copied / "krum" / "rounds.jsonl"
    text = path.read_text()
    path.write_text(text.replace('"selected":true', '"selected":false', 1))
    run = anml_fl.load_run(copied)
    assert not run.verified
    assert "krum/rounds.jsonl was altered" in run.verification().warning
    # The ledger itself is as it was signed.
    assert {*run.ledger().column("verified").to_pylist()} == {True}
    assert run.contributors().column("payout").null_count == 18


def test_an_altered_ledger_vouches_up_to_its_first_bad_entry(copied):
    path = copied / "ledger.jsonl"
    opened, first, second, *rest = path.read_text().splitlines()
    entry = json.loads(second)
    entry["contributors"][0]["payout"] += 1
    path.write_text("\n".join([opened, first, json.dumps(entry), *rest]) + "\n")
    run = anml_fl.load_run(copied)
    assert not run.verified
    rows = run.ledger().to_pylist()
    assert [row["verified"] for row in rows] == [True] * 6 + [False] * 12
    assert rows[6]["payout"] == entry["contributors"][0]["payout"]
    assert run.contributors().column("payout").null_count == 24
    with pytest.raises(ValueError, match="wine has no payouts to draw"):
        run.plot("payouts")


@pytest.mark.parametrize("line", ["{", '{"kind":"round"}', "[]", '"x"', 3 * "[" + "1"])
def test_a_line_that_is_no_entry_is_named_and_not_quoted(copied, line):
    path = copied / "ledger.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ValueError, match=r"ledger\.jsonl line 6: no entry of a ledger \("):
        anml_fl.load_run(copied).ledger()


def test_a_value_of_another_type_is_not_quoted(copied):
    path = copied / "ledger.jsonl"
    lines = path.read_text().splitlines()
    entry = json.loads(lines[1])
    entry["contributors"][0]["payout"] = "secret"
    path.write_text("\n".join([lines[0], json.dumps(entry), *lines[2:]]) + "\n")
    with pytest.raises(ValueError, match=r"ledger\.jsonl line 2: no entry") as caught:
        anml_fl.load_run(copied).ledger()
    assert "secret" not in str(caught.value)


def test_without_ledger_or_key_nothing_is_said_to_be_verified(copied):
    run = anml_fl.load_run(copied)
    (copied / "ledger.pub").unlink()
    assert {*run.ledger().column("verified").to_pylist()} == {None}
    assert run.contributors().column("payout").null_count == 24
    (copied / "ledger.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"wine has no ledger\.jsonl"):
        run.ledger()
    assert not run.verified
    assert "Nothing vouches for this run" in run.verification().warning


def test_several_runs_stand_below_each_other(seeds):
    runs = anml_fl.load_runs(seeds)
    assert runs.verified
    table = runs.rounds()
    assert table.num_rows == 5 * 2 * 2
    one_by_one = [row for path in seeds for row in anml_fl.load_run(path).rounds().to_pylist()]
    assert table.to_pylist() == one_by_one
    assert {(row["run"], row["seed"]) for row in one_by_one} == {
        (f"s{seed}", seed) for seed in range(5)
    }


def test_runs_whose_folders_are_called_the_same_go_by_their_paths(real, copied):
    found = anml_fl.load_runs([real, str(copied)]).contributors().column("run").to_pylist()
    assert {*found} == {str(real), str(copied)}


def test_no_run_and_a_run_twice_are_refused(real):
    with pytest.raises(ValueError, match="must name at least one run, got none"):
        anml_fl.load_runs([])
    with pytest.raises(ValueError, match=r"must name each run once, got .*wine twice"):
        anml_fl.load_runs([real, Path(real.parent, "..", real.parent.name, real.name)])
