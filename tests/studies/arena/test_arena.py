"""Running a grid: resumed, taken up, added to, and each run the same alone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies.arena import arena
from studies.arena.arena import PAIRS, run_arena, stale_pairings
from studies.arena.contender import Contender
from studies.arena.pairing import pairing
from studies.arena.setup import NOBODY
from studies.arena.single_run import single_run
from studies.arena.table import load_table
from studies.closure import closure_of
from studies.federations.run import federate

RULE = """
from strategies.rules.fedavg import fedavg


def mine(cohort, context):
    return fedavg(cohort, context)
"""


def cells_in(folder):
    return {file.name for file in (folder / PAIRS / "cells").glob("*.parquet")}


@pytest.fixture(scope="module")
def done(tiny, tmp_path_factory):
    """A finished run of the tiny grid."""
    folder = tmp_path_factory.mktemp("arena")
    run_arena(tiny, folder, jobs=1, asked={"command": "anml arena run tiny"})
    return folder


@pytest.fixture
def nothing_runs(monkeypatch):
    """Any federation that is trained fails the test."""

    def refuse(*args, **given):
        raise AssertionError("a cell was worked out again")

    monkeypatch.setattr(arena, "run_studies", refuse)


@pytest.fixture
def asked(monkeypatch):
    """What is worked out, as (rule, attack)."""
    found = []
    real = arena.run_studies

    def run(plan, *args, **given):
        found.extend((one.rule, one.attack) for one, _ in plan)
        return real(plan, *args, **given)

    monkeypatch.setattr(arena, "run_studies", run)
    return found


def test_every_rule_meets_every_attack_and_nobody(done, tiny):
    kept = load_table(done)
    assert set(kept.lines) == {
        (rule, attack) for rule in tiny.rules for attack in (NOBODY, *tiny.attacks)
    }
    counts = {(line.attack, line.attackers) for line in kept.every}
    assert counts == {(NOBODY, 0), ("label_flip", 2), ("gradient_aligned", 2)}
    errors = [line.value for line in kept.every if line.metric == "error"]
    assert len(errors) == 6
    assert all(0 < error < 1 for error in errors)


def test_again_nothing_is_run_and_the_table_has_the_same_bytes(done, tiny, nothing_runs):
    before = (done / "arena.parquet").read_bytes()
    run_arena(tiny, done, jobs=1, asked={"command": "anml arena run tiny"})
    assert (done / "arena.parquet").read_bytes() == before


def test_another_folder_takes_up_what_is_known(done, tiny, tmp_path, nothing_runs):
    run_arena(tiny, tmp_path, jobs=1, known=(done,))
    assert load_table(tmp_path).every == load_table(done).every


def test_after_a_stop_the_rest_is_run(tiny, tmp_path):
    def stop(share, words):
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_arena(tiny, tmp_path, jobs=1, progress=stop)
    first = cells_in(tmp_path)
    written = {name: (tmp_path / PAIRS / "cells" / name).stat().st_mtime_ns for name in first}
    assert 0 < len(first) < 6
    run_arena(tiny, tmp_path, jobs=1)
    assert len(cells_in(tmp_path)) == 6
    for name, at in written.items():
        assert (tmp_path / PAIRS / "cells" / name).stat().st_mtime_ns == at


def test_a_newcomers_rule_enters_by_its_own_runs_alone(
    done, tiny, tmp_path, monkeypatch, asked
):
    (tmp_path / "newcomers_rule.py").write_text(RULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    own = "newcomers_rule:mine"
    grid = arena.Grid.of_json(tiny.to_json(), (*tiny.rules, own), tiny.attacks)
    run_arena(grid, tmp_path / "out", jobs=1, known=(done,))
    assert asked == [(own, attack) for attack in (NOBODY, *tiny.attacks)]
    kept = load_table(tmp_path / "out")
    of = {
        rule: [line.value for line in kept.lines[rule, "label_flip"] if line.metric == "error"]
        for rule in ("fedavg", own)
    }
    assert of["fedavg"] == of[own]  # it is FedAvg
    asked.clear()
    (tmp_path / "newcomers_rule.py").write_text(RULE + "\n\nEDITED = 1\n")
    run_arena(grid, tmp_path / "out", jobs=1, known=(done,))
    assert {rule for rule, _ in asked} == {own}


def test_a_folder_of_other_federations_is_refused(done, tiny):
    other = arena.Grid.of_json({**tiny.to_json(), "rounds": 3}, tiny.rules, tiny.attacks)
    with pytest.raises(ValueError, match="holds results of other federations"):
        run_arena(other, done, jobs=1)


def test_an_unknown_rule_is_refused_before_anything_is_run(tiny, tmp_path, nothing_runs):
    other = arena.Grid.of_json(tiny.to_json(), ("krumm",), tiny.attacks)
    with pytest.raises(ValueError, match="krumm"):
        run_arena(other, tmp_path, jobs=1)


@pytest.mark.parametrize("rule", ["krum", "anml;fraction=0.5"])
def test_a_federation_gives_the_same_error_alone(rule, tiny, tmp_path):
    cell = pairing(rule, "label_flip", tiny).cells()[0]
    setup, name = cell.variants[0].recipe, Contender(rule).name
    flat = {k.replace("-", "_"): v for k, v in setup.flat("digits", 0).items()}
    here = federate(**flat).error(name)
    words = single_run(setup, "digits", 0).split()
    ran = CliRunner().invoke(main, [*words[1:], "--out", str(tmp_path / "run")])
    assert ran.exit_code == 0, ran.output
    lines = (tmp_path / "run" / name / "rounds.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["test_error"] == here


def test_a_pairing_reaches_no_other_rule_or_attack(tiny):
    modules = closure_of(pairing("krum", "label_flip", tiny)).modules
    assert {"strategies.rules.krum", "anml_fl.behaviours.label_flip"} <= modules
    rules = {one for one in modules if one.startswith("strategies.rules.")}
    assert rules <= {"strategies.rules.krum", "strategies.rules._lowest"}
    assert not modules & {"anml_fl.behaviours.joint", "anml_fl.behaviours.backdoor"}
    assert not any(one.startswith("strategies.pre_aggregations.") for one in modules)


def test_a_pairing_reaches_each_part_of_a_chain(tiny):
    modules = closure_of(pairing("nnm+median", "backdoor", tiny)).modules
    assert {
        "strategies.pre_aggregations.nnm",
        "strategies.rules.median",
        "anml_fl.behaviours.backdoor",
        "anml_fl.federation.backdoor_success",
    } <= modules
    assert "strategies.pre_aggregations.bucketing" not in modules


def test_what_other_code_made_is_stale(done, tiny, monkeypatch):
    kept = load_table(done)
    assert stale_pairings(kept) == []
    kept.about["pairings"]["krum|label_flip"]["code"] = "0" * 64
    assert stale_pairings(kept) == ["krum|label_flip"]


def test_a_pairing_is_made_anew_in_another_process(tiny):
    make, given = pairing("krum", "label_flip", tiny).__reduce__()
    again = make(*given)
    assert [cell.key for cell in again.cells()] == [
        cell.key for cell in pairing("krum", "label_flip", tiny).cells()
    ]
    assert make(*given) is again  # once, however many cells it has
