"""`anml explain`, and what a run's end and its ledger say of reasons, by a real run."""

from __future__ import annotations

import json
import shutil
from statistics import mean

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

OPTIONS = (
    "--engine inline --dataset wine --rounds 3 --contributors 6 --local-epochs 1 --seed 3"
    " --behaviour joint=1 --behaviour label_flip=1 --strategy fedavg --strategy anml"
)


def call(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(one) for one in arguments])


def told(*arguments):
    done = call("explain", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run's folder, and what the screen showed."""
    home = tmp_path_factory.mktemp("explained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANML_LEDGER_KEY", str(home / "ledger.key"))
        done = call("run", *OPTIONS.split(), "--out", home / "run")
    assert done.exit_code == 0, done.output
    return home / "run", done.output


@pytest.fixture
def run(made, tmp_path):
    """A copy of it, to be changed."""
    return shutil.copytree(made[0], tmp_path / "run")


def rounds(run, strategy="anml"):
    lines = (run / strategy / "rounds.jsonl").read_text().splitlines()
    return [
        {one["contributor"]: one for one in json.loads(line)["contributors"]} for line in lines
    ]


def test_json_has_each_contributor_with_its_mean_weight(run):
    found = told(run)
    assert (found["strategy"], found["rounds"]) == ("anml", 3)
    there = rounds(run)
    for one in found["contributors"]:
        weights = [people[one["contributor"]]["weight"] for people in there]
        assert one["weight"] == pytest.approx(mean(weights))
        assert one["left_out"] == weights.count(0.0)
        assert (one["latest"], one["latest_equal"]) == (weights[-1], pytest.approx(1 / 6))
        assert sum(one["parts"].values()) == pytest.approx(one["weight"] - 1 / 6)
    assert {one["contributor"] for one in found["contributors"]} == {*there[0]}


def test_json_of_a_round_has_its_decision(run):
    found = told(run, "--round", 2)
    assert (found["round"], found["reproduced"]) == (2, True)
    assert "rho_c = " in found["decision"]
    for one in found["contributors"]:
        assert one["weight"] == rounds(run)[1][one["contributor"]]["weight"]


def test_of_one_it_says_what_json_has(run):
    for more in ([], ["--round", 3], ["--strategy", "fedavg"]):
        (one,) = told(run, "contributor-0004", *more)["contributors"]
        assert call("explain", run, "contributor-0004", *more).output == f"{one['words']}\n"
        assert one["words"].startswith("contributor-0004: ")


def test_the_table_has_everybody_the_heaviest_first(run):
    shown = call("explain", run).output
    found = sorted(told(run)["contributors"], key=lambda one: -one["weight"])
    places = [shown.index(one["contributor"]) for one in found]
    assert places == sorted(places)
    assert f"{100 * found[0]['weight']:.1f} %" in shown
    assert found[0]["because"] in shown
    assert shown.endswith(f"anml explain {run} CONTRIBUTOR\n")
    of_round = call("explain", run, "--round", 1).output
    assert of_round.startswith("round 1 of anml: ")
    assert of_round.endswith("CONTRIBUTOR --round 1\n")


def test_a_run_that_goes_on_is_explained_as_far_as_it_came(run):
    (run / "summary.json").unlink()
    path = run / "anml" / "rounds.jsonl"
    path.write_text(path.read_text()[:-50])
    assert told(run)["rounds"] == 2
    path.unlink()
    done = call("explain", run)
    assert done.exit_code == 2
    assert "anml, which pays in" in done.output
    assert "of fedavg there are: choose with --strategy" in done.output
    assert told(run, "--strategy", "fedavg")["rounds"] == 3
    done = call("explain", run, "--strategy", "anml")
    assert "has no round of anml yet" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["contributor-00001"],
         "no contributor 'contributor-00001' was asked in 3 rounds of anml: did you mean"
         " contributor-0001"),
        (["zz"],
         "no contributor 'zz' was asked in 3 rounds of anml; asked were contributor-0000,"),
        (["--round", "4"], "--round must be from 1 to 3, the last one of anml in "),
        (["--round", "0"], "0 is not in the range x>=1"),
        (["--strategy", "anmll"],
         "--strategy must be one of fedavg, anml, got 'anmll': did you mean anml?"),
        (["--strategy", "../run/anml"], "--strategy must be one of fedavg, anml, got"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_would_be_right(run, arguments, message):
    done = call("explain", run, *arguments)
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.toml", None, "is not a run's folder: it has no config.toml"),
        ("config.toml", "strategies = []", "strategies must be a list of names, got []"),
        ("config.toml", "strategies = ['../x']",
         "strategy '../x' must be a plain folder name"),
        ("config.toml", "strategies = ['a']\n[aggregation]\ntau = 0",
         "aggregation.tau must be a number > 0, got 0"),
        ("anml/rounds.jsonl", "{}", "rounds.jsonl line 1: not a round record"),
    ],
)  # fmt: skip
def test_a_folder_that_is_none_or_damaged_is_named(run, name, content, message):
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_text(content)
    done = call("explain", run)
    assert done.exit_code == 2
    assert message in done.output.replace("\n", "")


def test_a_round_that_stands_twice_is_damage(run):
    path = run / "anml" / "rounds.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
    assert "line 4: round 1 appears twice" in call("explain", run).output


def test_a_contributor_who_stands_twice_in_a_round_is_damage(run):
    path = run / "anml" / "rounds.jsonl"
    lines = path.read_text().split("\n")
    first, second = (one["contributor"] for one in json.loads(lines[1])["contributors"][:2])
    lines[1] = lines[1].replace(second, first)
    path.write_text("\n".join(lines))
    told = f"line 2: contributor '{first}' appears twice"
    assert told in call("explain", run, "--strategy", "anml").output


def test_the_end_of_a_run_names_who_got_least_and_how_to_ask(made):
    run, screen = made
    least = min(told(run)["contributors"], key=lambda one: one["weight"] / one["equal"])
    assert f"least under anml: {least['contributor']} " in screen
    assert least["because"] in screen
    assert f"more: anml explain {run} {least['contributor']}" in screen
    # Named once, the page comes last.
    assert screen.splitlines()[-1] == f"next: anml page {run} (in a browser)"


def test_the_end_of_a_run_in_which_nobody_stands_out_names_what_comes_next(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("ANML_LEDGER_KEY", str(tmp_path / "ledger.key"))
    plain = "--engine inline --dataset wine --rounds 1 --contributors 3 --behaviour honest=3"
    folder = tmp_path / "a run"
    done = call("run", *plain.split(), "--strategy", "fedavg", "--out", folder)
    assert done.exit_code == 0, done.output
    assert "least under" not in done.output
    assert done.output.splitlines()[-1] == (
        f"next: anml explain '{folder}' (why each counted),"
        f" anml page '{folder}' (in a browser)"
    )


def test_the_ledger_says_why_by_records_that_it_is_bound_to(run):
    shown = json.loads(call("ledger", "show", run, "--json").stdout)["contributors"]
    because = {one["contributor"]: one["because"] for one in told(run)["contributors"]}
    assert {one["contributor"]: one["why"] for one in shown} == because
    assert because["contributor-0000"] in call("ledger", "show", run).stdout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("anml/rounds.jsonl", '"T":1.0', '"T":0.9'),
        ("config.toml", "tau_h = ", "tau_h = 0"),
        ("anml/rounds.jsonl", None, None),
    ],
)
def test_of_other_records_the_ledger_says_nothing(run, name, old, new):
    path = run / name
    if old is None:
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]))
    else:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    done = call("ledger", "show", run, "--json")
    assert done.exit_code == 0
    assert {one["why"] for one in json.loads(done.stdout)["contributors"]} == {None}
    assert f"no reasons are told: {name}" in done.stderr


def test_a_ledger_alone_is_shown_without_reasons(run, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("ledger.jsonl", "ledger.pub"):
        shutil.copy(run / name, alone)
    done = call("ledger", "show", alone)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "why" not in done.stdout
