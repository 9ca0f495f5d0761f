"""Rules and attacks of one's own that fail: told, and nobody else's loss."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies.arena import grid as grids
from studies.arena import tuning
from studies.arena.arena import mark_of, run_arena
from studies.arena.checks import check
from studies.arena.page import write_arena
from studies.arena.pairing import pairing
from studies.arena.setup import NOBODY
from studies.arena.table import load_table

OWN = """
    from pathlib import Path
    import numpy as np
    from anml_fl import Behaviour, Decision
    from strategies.pre_aggregation import scaled
    from strategies.rules.fedavg import fedavg

    def raising(cohort, context):
        if not Path("disk_is_free").exists():
            raise ZeroDivisionError("by my own fault")
        return fedavg(cohort, context)

    def endless(cohort, context):
        found = fedavg(cohort, context)
        return Decision(np.full_like(found.update, np.nan), found.weights, found.selected)

    def pre(cohort, context):
        return scaled(cohort, np.ones(len(cohort.contributors)))

    def rule(cohort, context):
        return fedavg(cohort, context)

    def _fail(update, sight):
        raise ValueError("it never works")

    attack = Behaviour(update=_fail)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Name of a module of one's own; the results go into its folder."""
    name = f"own_{tmp_path.name[-12:]}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(OWN))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return name


@pytest.fixture
def anml(tiny, monkeypatch):
    """Give a command of the arena, whose quick grid is tiny."""
    monkeypatch.setitem(grids.GRIDS, "quick", replace(tiny, attacks=("label_flip",)))
    return lambda *words: CliRunner().invoke(main, ["arena", *words])


def test_a_rule_that_raises_ends_nobody_elses_runs(own, anml, tmp_path):
    words = ("run", "quick", "--rule", f"{own}:raising", "--jobs", "1", "--out", "out")
    ran = anml(*words)
    assert ran.exit_code == 1
    assert f"{own}:raising under label_flip: label_flip|dirichlet:1|6|2, seed 0:" in ran.stderr
    assert "by my own fault" in ran.stderr
    assert "2 of 6 pairings were not carried out" in ran.stderr
    kept = load_table(tmp_path / "out")
    both = {(rule, attack) for rule in ("fedavg", "krum") for attack in (NOBODY, "label_flip")}
    assert set(kept.lines) == both
    assert set(kept.about["failed"]) == {f"{own}:raising|{a}" for a in (NOBODY, "label_flip")}
    assert not set(kept.about["failed"]) & set(kept.about["pairings"])
    text = write_arena(tmp_path / "out", tmp_path / "page")[0].read_text()
    assert "Runs that could not be carried out" in text
    # It was not the code: the same is tried again, and its own runs alone are missing.
    (tmp_path / "disk_is_free").touch()
    assert anml(*words).exit_code == 0
    kept = load_table(tmp_path / "out")
    assert set(kept.lines) == both | {(f"{own}:raising", a) for a in (NOBODY, "label_flip")}
    assert kept.about["failed"] == {}


def test_an_attack_that_always_raises_is_said_to_attack_nobody(own, anml, tmp_path):
    more = ("--only", "--rule", "fedavg", "--attack", f"{own}:attack", "--jobs", "1")
    ran = anml("run", "quick", *more, "--out", "out")
    assert ran.exit_code == 0, ran.output
    assert f"warning: {own}:attack: 100.0 % of its updates were left out" in ran.stderr
    kept = load_table(tmp_path / "out")
    of = {(one.attack, one.metric): one.value for one in kept.every}
    assert of[f"{own}:attack", "attackers_left_out"] == 1
    assert (NOBODY, "attackers_left_out") not in of
    assert of[f"{own}:attack", "rounds_stood"] == 0
    text = write_arena(tmp_path / "out", tmp_path / "page")[0].read_text()
    assert "Attacks that attacked nobody" in text
    assert "attack†" in text


def test_a_rule_whose_updates_are_never_finite_is_said_to_keep_the_old_model(
    own, anml, tmp_path
):
    more = ("--only", "--rule", f"{own}:endless", "--attack", "label_flip", "--jobs", "1")
    ran = anml("run", "quick", *more, "--out", "out")
    assert ran.exit_code == 0, ran.output
    assert f"warning: {own}:endless: kept the old model in 100.0 % of its rounds" in ran.stderr
    kept = load_table(tmp_path / "out")
    assert {one.value for one in kept.every if one.metric == "rounds_stood"} == {1.0}
    text = write_arena(tmp_path / "out", tmp_path / "page")[0].read_text()
    assert "Models that stood still" in text
    assert "label\\_flip‡" in text


@pytest.mark.parametrize(
    "chain", ["{own}:pre+{own}:rule", "{own}:pre+fedavg", "nnm+{own}:rule"]
)
def test_parts_of_ones_own_may_stand_in_a_chain(own, chain, tiny, tmp_path):
    name = chain.format(own=own)
    run_arena(replace(tiny, rules=(name,), attacks=()), tmp_path / "out", jobs=1)
    kept = load_table(tmp_path / "out")
    assert kept.about["failed"] == {}
    assert set(kept.lines) == {(name, NOBODY)}


@pytest.mark.parametrize(
    ("rules", "attacks", "said"),
    [
        (("krum",), ("{own}:rule",), "attack '{own}:rule': .* must be an .*Behaviour"),
        (("{own}:attack",), (), "rule '{own}:attack': .* must be a function"),
        (("{own}:nothing",), (), "has no nothing"),
        (("krum;nosuch=1",), (), "rule 'krum;nosuch=1': .*nosuch"),
        (("krum",), ("alie;nosuch=1",), "attack 'alie;nosuch=1': .*nosuch"),
    ],
)
def test_what_can_be_no_rule_or_attack_is_refused_first(own, tiny, rules, attacks, said):
    def named(names):
        return tuple(name.format(own=own) for name in names)

    with pytest.raises(ValueError, match=said.format(own=own)):
        check(replace(tiny, rules=named(rules), attacks=named(attacks)))


def test_nothing_is_shown_of_what_cannot_run(anml):
    ran = anml("show", "nosuch", "nosuch", "--grid", "quick")
    assert ran.exit_code == 2
    assert "unknown strategy 'nosuch'" in ran.output


def test_nothing_is_chosen_where_a_run_fails(own, tiny, tmp_path, monkeypatch):
    rule = f"{own}:raising"
    monkeypatch.setattr(tuning, "CANDIDATES", {rule: ({},)})
    small = replace(tiny, rules=(rule,), attacks=("label_flip",))
    with pytest.raises(RuntimeError, match=rf"{rule} under label_flip, .*by my own fault"):
        tuning.tune(small, tmp_path / "out", jobs=1)
    assert not (tmp_path / "out" / tuning.CHOSEN).exists()


def test_a_name_that_no_text_has_is_told_with_the_pairing(own, tiny, tmp_path):
    (tmp_path / f"{own}_hidden.py").write_text('globals()["rule"] = lambda cohort, _: None\n')
    (tmp_path / f"{own}.py").write_text(
        f"from {own}_hidden import rule as hidden\nrule = hidden\n"
    )
    one = pairing(f"{own}:rule", NOBODY, tiny)
    with pytest.raises(ValueError, match=f"{own}:rule under nobody: {own}_hidden has no rule"):
        mark_of(one)
