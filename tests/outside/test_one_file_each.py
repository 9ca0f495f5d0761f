"""Data, models, behaviours, rules and scenarios from outside: one file each, by name."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from anml_fl.method.records import RoundRecord
from anml_fl.run.updates import load_updates
from server.page.following import Following
from server.page.serving import PageServer
from server.page.snapshot import snapshot


def done(result):
    assert result.exit_code == 0, result.output
    return result


def rounds_of(run, strategy):
    lines = (run / strategy / "rounds.jsonl").read_text().splitlines()
    return [RoundRecord.from_json(line) for line in lines]


def updates_of(run, strategy, number):
    found = load_updates(run / strategy, number)
    return found.contributors, found.model, found.updates, found.examples


def who(run, behaviour):
    cast = json.loads((run / "summary.json").read_text())["contributors"]
    return [name for name, acting in cast.items() if acting == behaviour]


# ── All of it together, through the command ─────────────────────────────────────────────────


@pytest.fixture
def finished(place, anml, options):
    done(anml(*options("my_attack:sign_flip=2"), "--out", "run"))
    return Path("run").resolve()


def test_everything_from_outside_runs_and_is_verified(finished, anml):
    assert (finished / "my_rule:clipped" / "model.safetensors").is_file()
    assert len(who(finished, "my_attack:sign_flip")) == 2
    assert rounds_of(finished, "my_rule:clipped")[0].note == "clipped"
    done(anml("verify", finished))
    done(anml("resume", finished))
    page = (finished / "report.html").read_text()
    assert "my_rule:clipped" in page
    assert "my_attack:sign_flip" in page


def test_contributions_to_it_are_valued(finished, anml):
    found = json.loads(done(anml("attribution", finished, "--json")).stdout)
    assert len(found["contributors"]) == 5


def test_its_rounds_are_served_and_its_state_is_shown(finished):
    (finished / "summary.json").rename(finished / "later.json")
    following = Following(finished)
    following.catch_up()
    one, *_ = snapshot(following, "run").strategies
    assert (one.name, one.rounds, one.state) == ("my_rule:clipped", 2, "done")
    server = PageServer(finished, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        host = server.url.removeprefix("http://")
        url = f"http://{host}{finished.name}/files/my_rule:clipped/rounds.jsonl"
        with urllib.request.urlopen(url) as answer:
            content = answer.read()
    finally:
        server.should_exit = True
        thread.join()
    assert content == (finished / "my_rule:clipped" / "rounds.jsonl").read_bytes()


def test_page_and_proof_of_a_run_need_nothing_of_what_made_it(finished, anml, place):
    for name in [name for name in sys.modules if name.startswith("my_")]:
        del sys.modules[name]
    shutil.rmtree(place)
    done(anml("verify", finished))
    done(anml("report", finished))
    assert not [name for name in sys.modules if name.startswith("my_")]


# ── Each of them alone ──────────────────────────────────────────────────────────────────────


def test_a_sign_flip_sends_the_opposite_of_what_was_learned(place, anml, options):
    done(anml(*options("my_attack:sign_flip=2"), "--out", "flipped"))
    done(anml(*options(), "--out", "honest"))
    names, _, flipped, _ = updates_of(Path("flipped"), "my_rule:clipped", 1)
    _, _, honest, _ = updates_of(Path("honest"), "my_rule:clipped", 1)
    bad = who(Path("flipped"), "my_attack:sign_flip")
    signs = np.array([-1.0 if name in bad else 1.0 for name in names])
    np.testing.assert_allclose(flipped, signs[:, None] * honest, atol=1e-6)


def test_shuffled_labels_change_the_update_of_who_has_them_alone(place, anml, options):
    done(anml(*options("my_noise:shuffled=1"), "--out", "shuffled"))
    done(anml(*options(), "--out", "honest"))
    names, _, shuffled, _ = updates_of(Path("shuffled"), "my_rule:clipped", 1)
    _, _, honest, _ = updates_of(Path("honest"), "my_rule:clipped", 1)
    changed = [
        name for name, a, b in zip(names, shuffled, honest, strict=True) if (a != b).any()
    ]
    assert changed == who(Path("shuffled"), "my_noise:shuffled")


def test_an_omniscient_attacker_sends_what_it_computes_from_the_others(place, anml, options):
    done(anml(*options("my_omniscient:little_is_enough=2"), "--out", "run"))
    bad = who(Path("run"), "my_omniscient:little_is_enough")
    for number in (1, 2):
        names, _, rows, _ = updates_of(Path("run"), "my_rule:clipped", number)
        good = [row for name, row in zip(names, rows.tolist(), strict=True) if name not in bad]
        for name, row in zip(names, rows.tolist(), strict=True):
            if name in bad:
                for sent, values in zip(row, zip(*good, strict=True), strict=True):
                    mean = sum(values) / 3
                    spread = (sum((x - mean) ** 2 for x in values) / 3) ** 0.5
                    assert sent == pytest.approx(mean - 1.5 * spread, abs=1e-5)


def test_a_forgers_token_is_refused_with_a_reason(place, anml, options):
    done(anml(*options("my_forger:forger=1"), "--out", "run"))
    (bad,) = who(Path("run"), "my_forger:forger")
    for person in rounds_of(Path("run"), "my_rule:clipped")[0].contributors:
        assert len(person.refused_credentials) == (person.contributor == bad)


def test_a_scenario_says_v_and_r(place, anml, options):
    done(anml(*options("my_attack:sign_flip=2"), "--out", "run"))
    bad = who(Path("run"), "my_attack:sign_flip")
    for person in rounds_of(Path("run"), "my_rule:clipped")[0].contributors:
        assert person.v == (0.2 if person.contributor in bad else 0.6)
        assert 0.4 <= person.r <= 0.5


def test_a_rule_moves_the_model_by_what_it_decides(place, anml, options):
    done(anml(*options(), "--out", "run"))
    _, before, rows, _ = updates_of(Path("run"), "my_rule:clipped", 1)
    _, after, _, _ = updates_of(Path("run"), "my_rule:clipped", 2)
    norms = [sum(float(x) ** 2 for x in row) ** 0.5 for row in rows]
    bound = sorted(norms)[2]
    expected = sum(
        row.astype(float) * min(1, bound / norm) for row, norm in zip(rows, norms, strict=True)
    )
    np.testing.assert_allclose(after - before, expected / 5, atol=1e-6)


def test_a_rule_with_a_root_set_trusts_who_moves_like_it(place, anml, options):
    words = options("my_attack:sign_flip=2", strategy="my_root:fltrust", rounds=3)
    done(anml(*words, "--out", "run"))
    root = importlib.import_module("my_root")._trained
    for record in rounds_of(Path("run"), "my_root:fltrust"):
        names, before, rows, _ = updates_of(Path("run"), "my_root:fltrust", record.round)
        arrays, start = {}, 0
        for name, array in initial().items():
            arrays[name] = before[start : start + array.size].reshape(array.shape)
            start += array.size
        moved = np.concatenate([array.ravel() for array in root(arrays).values()]) - before
        own = [float(x) for x in moved]
        trust = {}
        for name, row in zip(names, rows.tolist(), strict=True):
            cosine = sum(a * b for a, b in zip(row, own, strict=True))
            cosine /= sum(a * a for a in row) ** 0.5 * sum(b * b for b in own) ** 0.5
            trust[name] = max(0.0, cosine)
        for person in record.contributors:
            share = trust[person.contributor] / sum(trust.values())
            assert person.weight == pytest.approx(share, abs=1e-5)
            assert person.selected == (share > 0)


def initial():
    """Name the model's arrays, in their order."""
    model = importlib.import_module("my_model").small((2, None, 2))
    return {name: value.numpy() for name, value in model.state_dict().items()}


# ── A rule with state ───────────────────────────────────────────────────────────────────────


def written(run):
    """Hash what a run wrote, seconds apart."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_file() and path.name not in (
            "timings.jsonl",
            "summary.json",
            "report.html",
        ):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def adds_up(run):
    """Work the momentum out from the recorded updates, and hold it against the models."""
    speed, last = 0.0, None
    for number in (1, 2, 3, 4):
        _, before, rows, examples = updates_of(run, "my_momentum:momentum", number)
        if last is not None:
            np.testing.assert_allclose(before - last, speed, atol=1e-5)
        mean = sum(w * row for w, row in zip(examples, rows, strict=True)) / sum(examples)
        speed, last = mean + 0.9 * speed, before


def test_momentum_adds_up_from_round_to_round(place, anml, options):
    words = options(strategy="my_momentum:momentum", rounds=4)
    done(anml(*words, "--out", "run"))
    adds_up(Path("run"))


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_with_the_rules_state(place, options, tmp_path):
    words = options(
        "my_omniscient:little_is_enough=1", strategy="my_momentum:momentum", rounds=4
    )

    def anml(*words, **more):
        command = [sys.executable, "-m", "anml_fl.cli", *words]
        done = subprocess.run(
            command,
            env={**os.environ, **more},
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    killed, said = anml(*words, "--out", "killed", DIE_IN_ROUND="3")
    assert killed == 9, said
    assert len(rounds_of(tmp_path / "killed", "my_momentum:momentum")) == 2
    for command in (("resume", "killed"), (*words, "--out", "whole"), ("verify", "killed")):
        status, said = anml(*command)
        assert status == 0, said
    assert written(tmp_path / "killed") == written(tmp_path / "whole")
    adds_up(tmp_path / "killed")


@pytest.mark.slow
def test_flowers_own_engine_finds_it_on_a_relative_path(place, options, tmp_path):
    words = options("my_omniscient:little_is_enough=2")
    for engine in ("simulation", "inline"):
        subprocess.run(
            [sys.executable, "-m", "anml_fl.cli", *words, "--engine", engine, "--out", engine],
            env={**os.environ, "PYTHONPATH": place.name},
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    name = "my_rule:clipped/rounds.jsonl"
    assert (tmp_path / "simulation" / name).read_bytes() == (
        tmp_path / "inline" / name
    ).read_bytes()


# ── By an entry point ───────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_package_adds_names_by_entry_points(place, tmp_path, options):
    about = place / "my_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[anml_fl.rules]\nmy-clipping = my_rule:clipped\nkrum = my_rule:clipped\n"
        "../up = my_rule:clipped\n[anml_fl.behaviours]\nmy-flip = my_attack:sign_flip\n"
    )

    def anml(*words):
        command = [sys.executable, "-m", "anml_fl.cli", *words]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    shown = anml("run", "--help")
    assert "my-clipping" in shown
    assert "my-flip" in shown
    assert "../up" not in shown
    words = options("my-flip=1", strategy="my-clipping")
    anml(*words, "--strategy", "krum", "--out", "run")
    assert rounds_of(tmp_path / "run", "my-clipping")[0].note == "clipped"
    # A shipped name stays what it is.
    assert rounds_of(tmp_path / "run", "krum")[0].note is None
    anml("verify", "run")
