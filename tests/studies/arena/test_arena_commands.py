"""`anml arena`: the commands, the page, and what was chosen."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies.arena import commands, tuning
from studies.arena import grid as grids
from studies.arena.arena import check
from studies.arena.grid import GRIDS, Deal, Grid
from studies.arena.method import _time
from studies.arena.page import write_arena
from studies.arena.pairing import pairings
from studies.arena.table import Line, load_table, save_table
from studies.arena.tuning import load_chosen, tune


@pytest.fixture(scope="module")
def done(tiny, tmp_path_factory):
    """A run of the tiny grid by the command line."""
    folder = tmp_path_factory.mktemp("arena")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(grids.GRIDS, "quick", tiny)
        ran = _anml("run", "quick", "--jobs", "1", "--out", str(folder))
    assert ran.exit_code == 0, ran.output
    return folder


def _anml(*words):
    return CliRunner().invoke(main, ["arena", *words])


def test_grids_are_listed_with_their_runs():
    ran = _anml("list")
    assert ran.exit_code == 0
    for name in ("quick", "standard", "wide"):
        assert name in ran.output
    assert f"{GRIDS['standard'].runs:,}" in ran.output


def test_the_standard_grid_is_as_large_as_it_was_asked_for():
    grid = GRIDS["standard"]
    assert len(grid.rules) >= 14
    assert len(grid.attacks) >= 12
    assert len(grid.deals) == 4
    assert grid.runs == len(grid.rules) * 4 * 3 * (12 * 3 + 1)
    assert grid.runs > 6000


@pytest.mark.parametrize("name", GRIDS)
def test_every_name_of_a_grid_stands_for_something(name):
    check(GRIDS[name])


def test_the_report_is_written_and_the_same_again(done, tmp_path):
    first = [path.read_bytes() for path in write_arena(done, tmp_path / "one")]
    again = [path.read_bytes() for path in write_arena(done, tmp_path / "two")]
    assert first == again
    text = (tmp_path / "one" / "arena.md").read_text()
    for title in ("Which defence should I choose?", "Where we lose", "Who was thrown out"):
        assert f"## {title}" in text
    assert "Caution" not in text
    assert "anml arena run quick" in text


def test_results_of_other_code_are_said_to_be(done, tmp_path):
    kept = load_table(done)
    about = {**kept.about, "pairings": {**kept.about["pairings"]}}
    about["pairings"]["fedavg|nobody"] = {"code": "0", "cells": []}
    save_table(kept.every, about, tmp_path)
    write_arena(tmp_path, tmp_path)
    text = (tmp_path / "arena.md").read_text()
    assert "other code made the results of fedavg\\|nobody: " in text


def test_a_report_without_results_says_how_to_make_them(tmp_path):
    ran = _anml("report", "--results", str(tmp_path))
    assert ran.exit_code != 0
    assert "anml arena run quick --out" in ran.output


def test_a_damaged_table_is_refused(tmp_path):
    (tmp_path / "arena.parquet").write_bytes(b"PAR1")
    (tmp_path / "arena.json").write_text("{}")
    with pytest.raises(ValueError, match="no Parquet file"):
        load_table(tmp_path)


def test_a_table_is_read_as_it_was_written(tmp_path):
    line = Line("digits", "iid", "krum", "alie", "error", 20, 4, 1, 0.25)
    save_table([line], {"pairings": {}}, tmp_path)
    assert load_table(tmp_path).lines == {("krum", "alie"): [line]}


def test_a_table_that_is_not_the_one_it_was_written_beside_is_refused(tmp_path):
    line = Line("digits", "iid", "krum", "alie", "error", 20, 4, 1, 0.25)
    save_table([line._replace(value=0.01)], {"pairings": {}}, tmp_path)
    better = (tmp_path / "arena.parquet").read_bytes()
    save_table([line], {"pairings": {}}, tmp_path)
    (tmp_path / "arena.parquet").write_bytes(better)
    with pytest.raises(ValueError, match=r"is not the table that .*arena\.json tells of"):
        load_table(tmp_path)


def test_what_is_beside_a_table_is_refused_if_it_says_nothing(tmp_path):
    save_table([], {"pairings": {}}, tmp_path)
    (tmp_path / "arena.json").write_text("[]")
    with pytest.raises(ValueError, match="must say which pairings"):
        load_table(tmp_path)
    (tmp_path / "arena.json").write_text('{"pairings": {}, "failed": []}')
    with pytest.raises(ValueError, match="failed must say by pairing"):
        load_table(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "quick", "--only"), "--only needs --rule or --attack"),
        (("run", "quick", "--seeds", "a"), "--seeds must be whole numbers"),
        (("run", "quick", "--seeds", "-1"), "--seeds must be 0 or more"),
        (("run", "quick", "--only", "--rule", "krumm"), "krumm"),
        (("run", "tiny"), "'quick'"),
        (("show", "krum", "label_flip", "--deal", "mars"), "digits iid, digits dirichlet:1"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(words, said, tmp_path):
    more = ("--out", str(tmp_path)) if words[0] == "run" else ()
    ran = _anml(*words, *more)
    assert ran.exit_code != 0
    assert said in ran.output


def test_a_pairing_is_shown_as_commands():
    ran = _anml("show", "krum", "label_flip", "--deal", "digits iid")
    assert ran.exit_code == 0
    lines = ran.output.splitlines()
    assert len(lines) == 9  # three seeds, three shares
    assert all(line.startswith("anml run --dataset digits") for line in lines)
    assert "--behaviour label_flip=6" in lines[2]


def test_the_candidate_with_the_least_worst_error_is_chosen(tmp_path, monkeypatch):
    small = Grid(
        name="small",
        rules=("fedavg", "anml"),
        attacks=("label_flip",),
        deals=(Deal("digits", "iid", 6), Deal("digits", "dirichlet:1", 6)),
        fractions=(0.34,),
        rounds=2,
        local_epochs=1,
    )
    candidates = {"anml": ({}, {"fraction": "0.2"}, {"fraction": "1.0"})}
    monkeypatch.setattr(tuning, "CANDIDATES", candidates)
    said = json.loads(tune(small, tmp_path, jobs=1).read_text())
    of = said["rules"]["anml"]
    errors = [one["worst_error"] for one in of["tried"]]
    assert [one["settings"] for one in of["tried"]] == list(candidates["anml"])
    # Of equal ones the first, which is the default.
    assert of["chosen"] == of["tried"][errors.index(min(errors))]["settings"]
    assert said["grid"]["seeds"] == [100]
    assert not set(said["grid"]["seeds"]) & set(GRIDS["standard"].seeds)
    assert load_chosen(tmp_path) == {"anml": tuple(sorted(of["chosen"].items()))}


def test_what_was_chosen_is_in_every_federation_of_the_rule(tiny):
    given = (("fraction", "0.5"),)
    for one in pairings(tiny, {"krum": given}):
        settings = one.cells()[0].variants[0].recipe.rule_settings
        assert settings == ({"fraction": "0.5"} if one.rule == "krum" else {})


def test_a_damaged_choice_is_refused(tmp_path):
    assert load_chosen(tmp_path) == {}
    (tmp_path / "chosen.json").write_text("[]")
    with pytest.raises(ValueError, match=r"chosen\.json is damaged"):
        load_chosen(tmp_path)


def test_ctrl_c_says_how_to_go_on(monkeypatch, tmp_path):
    def stopped(*args, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr("studies.arena.arena.run_arena", stopped)
    ran = _anml("run", "quick", "--out", str(tmp_path))
    assert ran.exit_code == 130
    assert "the same command goes on with what is left" in ran.output


def test_one_more_rule_or_attack_is_one_more(monkeypatch, tmp_path):
    found = []
    save_table([], {"pairings": {}}, tmp_path)
    monkeypatch.setattr(
        "studies.arena.arena.run_arena", lambda grid, *_, **__: found.append(grid)
    )
    more = ("--rule", "bulyan", "--attack", "joint", "--seeds", "5,6", "--out", str(tmp_path))
    assert _anml("run", "quick", *more).exit_code == 0
    assert _anml("run", "quick", "--only", *more).exit_code == 0
    quick = GRIDS["quick"]
    added, alone = found
    assert added.rules == (*quick.rules, "bulyan")
    assert added.attacks == (*quick.attacks, "joint")
    assert added.seeds == (5, 6)
    assert (alone.rules, alone.attacks) == (("bulyan",), ("joint",))


def test_a_pairing_of_no_grid_is_shown_with_a_warning_that_names_what_is_like_it():
    shown = _anml("show", "krum", "alie_optimised", "--deal", "digits iid")
    assert shown.exit_code == 0
    assert (
        "is not of the grid standard; it has 'alie_optimised;knowledge=rule'" in shown.stderr
    )
    assert "not of the grid" not in shown.stdout
    assert not _anml("show", "krum", "ipm", "--deal", "digits iid").stderr


def test_commands_are_shown_with_what_was_chosen_in_the_folder_that_is_named(tmp_path):
    (tmp_path / tuning.CHOSEN).write_text(
        json.dumps({"rules": {"anml": {"chosen": {"fraction": "0.5"}}}}), encoding="utf-8"
    )
    shown = _anml("show", "anml", "ipm", "--deal", "digits iid", "--out", str(tmp_path))
    assert "--fraction 0.5" in shown.output


def test_published_results_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert commands._PUBLISHED.is_absolute()
    assert (commands._PUBLISHED.parents[2] / "pyproject.toml").is_file()


def test_a_report_of_no_results_says_what_makes_some(tmp_path):
    told = _anml("report", "--results", str(tmp_path / "none"))
    assert told.exit_code == 2
    assert "no results at" in told.output
    assert "anml arena run quick" in told.output


def test_short_times_are_in_seconds():
    assert _time(23.04) == "23.0 seconds"
    assert _time(90) == "1.5 minutes"
    assert _time(5400) == "1.5 hours"
