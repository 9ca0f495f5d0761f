"""What a Flower app's run leaves: the folder of `anml run`, which verifies."""

from __future__ import annotations

import html
import json
import logging
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from flwr.app import MetricRecord

from anml_fl.ledger.hashes import model_hash
from anml_fl.run.claims import ClaimsRecord
from anml_fl.run.reading import load_run
from anml_fl.run.updates import load_updates
from anml_fl.settings.aggregation import Aggregation
from anml_fl.settings.reading import from_file
from server.orchestration.run_folder import hold
from strategies.anml import Anml


@pytest.fixture
def kept(lines, tmp_path):
    """A finished run of four sites, and what `start` gave."""
    result = lines.carry_out(lines.of_kind("anml", save=tmp_path / "mine"))
    return tmp_path / "mine", result


def test_the_folder_is_that_of_a_run_and_verifies(kept, anml):
    run, result = kept
    names = {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file()}
    updates = {f"anml/updates/{number:04d}.safetensors" for number in (1, 2, 3, 4)}
    assert names == {
        ".lock",
        "config.toml",
        "manifest.json",
        "server.seed",
        "summary.json",
        "ledger.jsonl",
        "ledger.pub",
        "report.html",
        "anml/rounds.jsonl",
        "anml/timings.jsonl",
        "anml/model.safetensors",
        "anml/claims.jsonl",
        *updates,
    }
    for command in (("verify", run), ("ledger", "verify", run), ("report", run)):
        assert anml(*command)[0] == 0, command
    # The signed model is the one that the app was given.
    arrays = {name: array.numpy() for name, array in result.arrays.items()}
    *_, last, _ = map(json.loads, (run / "ledger.jsonl").read_text().splitlines())
    assert last["model"] == model_hash(arrays)


def test_each_round_has_a_line_in_flowers_log(lines, tmp_path, caplog):
    """Four sites under the published gate, which leaves one of them out: 70 % are selected."""
    with caplog.at_level(logging.INFO, "flwr"):
        lines.carry_out(lines.of_kind("anml", save=tmp_path / "mine"), rounds=2)
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]
    for number, record in enumerate(load_run(tmp_path / "mine").strategies[0].records, 1):
        (out,) = [one.contributor for one in record.contributors if not one.selected]
        assert f"round {number}: 3 of 4 counted; left out by anml: {out}" in said


def test_payouts_can_be_exported_and_add_up(kept, anml):
    run, _ = kept
    code, text = anml("ledger", "export", run, "--format", "csv")
    assert code == 0
    header, *rows = [line.split(",") for line in text.splitlines()]
    paid = [int(row[header.index("payout")]) for row in rows]
    assert (len(rows), sum(paid)) == (4 * 4, 4 * 1_000_000)


def test_the_settings_say_what_is_known_and_nothing_else(kept):
    run, _ = kept
    said = tomllib.loads((run / "config.toml").read_text())
    assert said["engine"] == "app"
    assert said["name"] == "mine"
    assert said["strategies"] == ["anml"]
    assert said["training"] == {"rounds": 4, "timeout": 3600.0, "min_replies": 0.0}
    assert "federation" not in said
    assert "attacks" not in said
    assert from_file(run / "config.toml").to_toml() == (run / "config.toml").read_text()


def test_aggregation_is_as_it_was_given(lines, tmp_path):
    chosen = Anml(settings=Aggregation(tau_h=0.2), roster=lines.by_number, save=tmp_path / "a")
    lines.carry_out(chosen, 1)
    assert from_file(tmp_path / "a" / "config.toml").aggregation.tau_h == 0.2


def test_of_nobody_it_is_said_how_they_behave(kept):
    run, _ = kept
    found = load_run(run)
    assert found.summary.contributors == {f"site-{i}": "unknown" for i in range(4)}
    assert not any(map(found.attacks, found.summary.contributors))
    assert found.lead.summary.attacker_weight is None
    page = (run / "report.html").read_text()
    text = page[page.index("<body") :].partition("<script")[0]
    assert "A Flower app" in text
    for word in ("Behaviour", "honest:", "attacking", "Attackers", "digits", "Seed:"):
        assert word not in text


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("anml/rounds.jsonl", '"site-1"', '"site-9"', "round 1"),
        ("config.toml", "tau_h = 0.35", "tau_h = 0.36", "config.toml"),
        ("summary.json", '"site-1": "unknown"', '"site-1": "honest"', "contributors.site-1"),
        ("summary.json", '"a Flower app"', '"digits"', "dataset"),
        ("ledger.jsonl", '"payout":', '"payout": ', "ledger.jsonl"),
    ],
)
def test_what_was_altered_is_named(kept, anml, file, before, after, named):
    run, _ = kept
    text = (run / file).read_text()
    assert before in text
    (run / file).write_text(text.replace(before, after, 1))
    code, said = anml("verify", run)
    assert code == 1
    assert named in said


def test_a_model_or_an_update_in_anothers_place_is_found(kept, anml):
    run, _ = kept
    first, second = (run / f"anml/updates/000{number}.safetensors" for number in (1, 2))
    first.write_bytes(second.read_bytes())
    assert anml("verify", run)[0] == 1


def test_updates_are_those_of_the_contributors(kept):
    run, _ = kept
    for number in (1, 2, 3, 4):
        found = load_updates(run / "anml", number)
        assert found.contributors == tuple(f"site-{i}" for i in range(4))
    # The model of round 2 is that of round 1, moved by its weighted updates.
    before, after = (load_updates(run / "anml", number) for number in (1, 2))
    record = load_run(run).lead.records[0]
    weights = np.array([one.weight for one in record.contributors])
    moved = before.model + weights @ before.updates.astype(np.float64)
    np.testing.assert_allclose(after.model, moved, rtol=1e-5)


def test_attribution_says_what_it_lacks(kept, anml):
    code, said = anml("attribution", kept[0])
    assert code == 2
    assert "is a Flower app's run: its updates are kept, but there are neither data" in said


@pytest.mark.parametrize("command", ["run", "resume"])
def test_the_command_line_does_not_carry_an_app_out(kept, anml, command):
    given = ["--engine", "app"] if command == "run" else [kept[0]]
    if command == "resume":
        (kept[0] / "summary.json").unlink()
    code, said = anml(command, *given)
    assert code == 2
    assert "goes on by starting that app again" in " ".join(said.split())


def test_other_rules_leave_the_same_folder(lines, tmp_path, anml):
    for kind in ("krum", "momentum"):
        lines.carry_out(lines.of_kind(kind, save=tmp_path / kind), 2)
        assert anml("verify", tmp_path / kind)[0] == 0
        assert (tmp_path / kind / kind / "rounds.jsonl").is_file()


def test_pool_and_updates_are_chosen_as_in_the_settings(lines, tmp_path, anml):
    chosen = lines.of_kind("anml", save=tmp_path / "a", pool=7, record_updates=False)
    lines.carry_out(chosen, 2)
    assert not (tmp_path / "a" / "anml" / "updates").exists()
    ledger = (tmp_path / "a" / "ledger.jsonl").read_text()
    rounds = [json.loads(one) for one in ledger.splitlines()]
    assert [one["pool"] for one in rounds if one["kind"] == "round"] == [7, 7]
    assert anml("verify", tmp_path / "a")[0] == 0


def test_what_contributors_claim_is_kept_shown_and_bound(kept, anml):
    run, result = kept
    said = load_run(run).lead.claims
    assert [one.round for one in said] == [1, 2, 3, 4]
    assert said[-1].metric == "mse"
    assert set(said[-1].values) == {"site-0", "site-1", "site-3"}
    assert set(said[-1].left_out) == {"site-2"}
    assert said[-1].examples == {"site-0": 20, "site-1": 21, "site-3": 23}
    # The first site's own points, and the model that the app was given.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(scale=0.1, size=20)
    w, b = (result.arrays[name].numpy() for name in ("w", "b"))
    assert said[-1].values["site-0"] == pytest.approx(((x @ w + b - y) ** 2).mean())
    page = (run / "report.html").read_text()
    assert "the median mse of anml is" in page
    assert "on examples of their own" in page
    claims = run / "anml" / "claims.jsonl"
    claims.write_text(claims.read_text().replace('"site-0":20', '"site-0":21'))
    code, told = anml("verify", run)
    assert code == 1
    assert "claims.jsonl was altered" in told
    claims.unlink()
    assert anml("verify", run)[0] == 1


def test_what_the_app_itself_finds_is_kept_and_shown(lines, tmp_path, anml):
    def test(number, arrays):
        return MetricRecord({"loss": 8.0 / 2**number, "accuracy": number / 8})

    lines.carry_out(lines.of_kind("anml", save=tmp_path / "a"), 3, test)
    assert anml("verify", tmp_path / "a")[0] == 0
    records = load_run(tmp_path / "a").lead.records
    assert [one.test_error for one in records] == [0.875, 0.75, 0.625]
    assert [one.test_score for one in records] == [4.0, 2.0, 1.0]
    page = (tmp_path / "a" / "report.html").read_text()
    said = "With 4 contributors, anml ended at 62.5\N{NO-BREAK SPACE}% test error in this one"
    assert f"{said} run." in page
    assert "The app's own test by round" in html.unescape(page)


def test_claims_that_nobody_signed_are_refused(lines, tmp_path, anml):
    run = tmp_path / "a"
    lines.carry_out(lines.of_kind("anml", save=run, fraction_evaluate=0.0), 1)
    assert anml("verify", run)[0] == 0
    claim = ClaimsRecord(1, {"site-0": 0.0}, {}, {})
    (run / "anml" / "claims.jsonl").write_text(claim.to_json() + "\n")
    code, said = anml("verify", run)
    assert code == 1
    assert "anml/claims.jsonl is there, but nothing was signed for it" in said


def test_without_save_nothing_of_the_server_is_loaded():
    look = (
        "import sys; from anml_fl import Anml, echo_nonce, strategy, Aggregation; Anml();"
        " strategy('krum', Aggregation());"
        " print([m for m in sys.modules if m.split('.')[0] == 'server'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_run_that_changes_nothing_leaves_its_reasons_and_is_no_success(
    lines, tmp_path, anml
):
    chosen = lines.of_kind("anml", save=tmp_path / "a", code="f" * 64)
    with pytest.raises(RuntimeError, match="none of 2 rounds changed the model"):
        lines.carry_out(chosen, 2)
    assert anml("verify", tmp_path / "a")[0] == 0
    assert "runs code" in (tmp_path / "a" / "report.html").read_text()


def test_a_home_folder_and_a_relative_one_are_where_they_were_said(
    lines, tmp_path, monkeypatch
):
    home, here, elsewhere = (tmp_path / name for name in ("home", "here", "elsewhere"))
    for folder in (home, here, elsewhere):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    strategies = [lines.of_kind("krum", save=where) for where in ("~/a", "runs/b")]
    monkeypatch.chdir(elsewhere)
    for chosen in strategies:
        lines.carry_out(chosen, 1)
    assert (home / "a" / "summary.json").is_file()
    assert (here / "runs" / "b" / "summary.json").is_file()


def test_a_finished_run_stays_and_the_next_one_stands_beside_it(lines, kept, caplog):
    run, _ = kept
    before = lines.bound(run)
    lines.carry_out(lines.of_kind("anml", save=run))
    assert lines.bound(run) == before
    assert load_run(run.with_name("mine-2")).summary.name == "mine-2"
    assert f"{run} holds a finished run, which stays as it is" in caplog.text
    lines.carry_out(lines.of_kind("anml", save=run))
    assert (run.with_name("mine-3") / "summary.json").is_file()


def test_a_folder_with_something_else_is_refused_by_name(lines, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("a\n1\n")
    (tmp_path / "file").write_text("")
    for name, said in (("data", r"other files \(train.csv\)"), ("file", "is a file")):
        with pytest.raises(ValueError, match=f"{name}.*{said}|{name} {said}"):
            lines.carry_out(lines.of_kind("anml", save=tmp_path / name))
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["train.csv"]


def test_a_second_app_is_refused_while_the_first_one_writes(lines, tmp_path):
    with (
        hold(tmp_path / "mine"),
        pytest.raises(ValueError, match="another process is writing to"),
    ):
        lines.carry_out(lines.of_kind("anml", save=tmp_path / "mine"))
    lines.carry_out(lines.of_kind("anml", save=tmp_path / "mine"), 1)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"save": ""}, ValueError, "save must name a folder"),
        ({"save": "runs/a", "pool": -1}, ValueError, "pool: Input should be"),
        ({"save": "runs/a", "record_updates": "maybe"}, ValueError, "record_updates: "),
        ({"pool": 5}, TypeError, "pool is of a run that is kept: give save, too"),
    ],
)
def test_options_that_cannot_be_used_are_refused_at_once(options, error, said):
    with pytest.raises(error, match=said):
        Anml(**options)
    assert not Path("runs/a").exists()


@pytest.mark.parametrize("rounds", [0, 2])
def test_what_cannot_be_kept_is_refused_before_anyone_trains(lines, tmp_path, rounds):
    options = {"save": tmp_path / "a", "name": "../up" if rounds else "anml"}
    chosen = lines.of_kind("anml", **options)
    with pytest.raises(ValueError, match=r"this run cannot be kept: .*(folder|rounds)"):
        lines.carry_out(chosen, rounds)
    assert chosen.records == []
    assert list(tmp_path.iterdir()) == []
