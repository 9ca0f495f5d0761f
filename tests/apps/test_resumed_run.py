"""An app that is stopped, killed or fails: started again, it goes on with its run."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord

from anml_fl.database.engine import open_database
from anml_fl.registry.clock import date
from anml_fl.registry.domain import Contributor
from anml_fl.registry.memory import InMemoryRegistry
from anml_fl.registry.sql import SqlRegistry
from anml_fl.run.audit import audit_run
from anml_fl.settings.section import ConfigError

PROGRAM = Path(__file__).with_name("kept_app.py")


@pytest.fixture(scope="module")
def undisturbed(lines, tmp_path_factory):
    """Carry a run of four rounds out, once of a kind; give what it left."""

    @cache
    def call(kind, **options):
        folder = tmp_path_factory.mktemp("undisturbed") / "mine"
        lines.carry_out(lines.of_kind(kind, save=folder, **options))
        return lines.bound(folder)

    return call


def _stops(error, in_round):
    def evaluate(number, arrays):
        if number == in_round:
            raise error

    return evaluate


@pytest.mark.parametrize(
    ("kind", "in_round", "error"),
    [
        ("anml", 0, KeyboardInterrupt()),
        ("anml", 1, KeyboardInterrupt()),
        ("anml", 3, ValueError("a mistake")),
        ("momentum", 3, KeyboardInterrupt()),
        ("krum", 4, KeyboardInterrupt()),
        ("fedadam", 3, KeyboardInterrupt()),
    ],
)
def test_an_interrupted_run_ends_with_the_same_bytes(
    lines, tmp_path, undisturbed, kind, error, in_round
):
    folder = tmp_path / "mine"
    with pytest.raises(type(error)):
        lines.carry_out(lines.of_kind(kind, save=folder), 4, _stops(error, in_round))
    assert (folder / "error.txt").exists() is isinstance(error, ValueError)
    chosen = lines.of_kind(kind, save=folder)
    result = lines.carry_out(chosen)
    assert [record.round for record in chosen.records] == [1, 2, 3, 4]
    assert lines.bound(folder) == undisturbed(kind)
    assert audit_run(folder).ok
    assert set(result.arrays) == {"w", "b"}


def test_a_rules_state_is_what_it_goes_on_with(lines, tmp_path):
    # Without it, what the rounds before set in motion would be lost.
    ends = {}
    for name, error in (("whole", None), ("halved", KeyboardInterrupt())):
        folder = tmp_path / name / "mine"
        if error:
            with pytest.raises(KeyboardInterrupt):
                lines.carry_out(lines.of_kind("momentum", save=folder), 4, _stops(error, 3))
        result = lines.carry_out(lines.of_kind("momentum", save=folder))
        ends[name] = result.arrays["w"].numpy()
    np.testing.assert_array_equal(ends["whole"], ends["halved"])


def test_it_is_said_that_the_model_is_not_the_apps_own(lines, tmp_path, caplog):
    folder = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(lines.of_kind("anml", save=folder), 4, _stops(KeyboardInterrupt(), 3))
    seen = []
    lines.carry_out(
        lines.of_kind("anml", save=folder), 4, lambda number, arrays: seen.append(number)
    )
    assert seen == [2, 3, 4]
    assert "holds 2 of 4 rounds already" in caplog.text
    assert "instead of the app's initial_arrays" in caplog.text


@pytest.mark.parametrize("kind", ["anml", "momentum"])
@pytest.mark.parametrize("killed", [1, 3])
def test_a_killed_process_goes_on(lines, tmp_path, undisturbed, kind, killed):
    folder = tmp_path / "mine"
    first = _process(kind, folder, killed)
    assert first.returncode == -9, first.stderr
    assert not (folder / "summary.json").exists()
    again = _process(kind, folder, 0 - 1)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "[1, 2, 3, 4]"
    assert lines.bound(folder) == undisturbed(kind)
    assert audit_run(folder).ok


def test_a_run_that_lacks_only_its_end_is_closed_without_training(lines, tmp_path):
    folder = tmp_path / "mine"
    before = lines.carry_out(lines.of_kind("anml", save=folder))
    bytes_before = lines.bound(folder)
    # As if it was killed once the model was written.
    (folder / "summary.json").unlink()
    ledger = (folder / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "ledger.jsonl").write_bytes(b"".join(ledger[:-1]))
    chosen = lines.of_kind("anml", save=folder)
    again = chosen.start(None, lines.model(), num_rounds=4)  # nobody is asked
    assert lines.bound(folder) == bytes_before
    np.testing.assert_array_equal(again.arrays["w"].numpy(), before.arrays["w"].numpy())


def test_other_settings_are_another_run_and_another_model_is_refused(lines, tmp_path, caplog):
    folder = tmp_path / "mine"
    stop = _stops(KeyboardInterrupt(), 3)
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(lines.of_kind("anml", save=folder), 4, stop)
    lines.carry_out(lines.of_kind("anml", save=folder), 2)
    assert f"{folder} holds a run with other settings, which stays as it is" in caplog.text
    assert (folder.with_name("mine-2") / "summary.json").exists()
    wider = ArrayRecord({"w": Array(np.zeros(4, np.float32)), "b": Array(np.zeros(1, "f4"))})
    with pytest.raises(ValueError, match=r"array 'w' is float32 \(3,\) there, float32 \(4,\)"):
        lines.of_kind("anml", save=folder).start(None, wider, num_rounds=4)


def test_claims_of_a_round_that_is_done_again_are_cut_off(lines, tmp_path):
    folder = tmp_path / "mine"
    stop = _stops(KeyboardInterrupt(), 3)
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(lines.of_kind("anml", save=folder), 4, stop)
    claims = folder / "anml" / "claims.jsonl"
    # The third was claimed, and its round was not kept.
    assert len(claims.read_text().splitlines()) == 3
    lines.carry_out(lines.of_kind("anml", save=folder))
    assert [json.loads(one)["round"] for one in claims.read_text().splitlines()] == [
        1,
        2,
        3,
        4,
    ]


def test_a_registry_in_memory_learns_again_what_it_forgot(lines, tmp_path, undisturbed):
    expected = undisturbed("anml", registry=InMemoryRegistry(), reputation=True)
    folder = tmp_path / "mine"
    options = {"save": folder, "reputation": True}
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(
            lines.of_kind("anml", registry=InMemoryRegistry(), **options),
            4,
            _stops(KeyboardInterrupt(), 4),
        )
    lines.carry_out(lines.of_kind("anml", registry=InMemoryRegistry(), **options))
    assert lines.bound(folder) == expected


def test_a_database_observes_each_round_once_and_a_new_run_anew(lines, tmp_path):
    engine = open_database(tmp_path / "anml.db")
    registry = SqlRegistry(engine)
    for place in range(lines.NODES):
        who = f"site-{place}"
        person = Contributor(who, who, "news", who.encode(), date(0))
        registry.add_contributor(person, at=date(0))
    folder = tmp_path / "mine"
    options = {"save": folder, "registry": registry, "reputation": True, "at": 50.0}

    def observed():
        return [entry.run for _, entry in registry.history("site-0", date(2**51))]

    try:
        with pytest.raises(KeyboardInterrupt):
            lines.carry_out(
                lines.of_kind("anml", **options), 4, _stops(KeyboardInterrupt(), 3)
            )
        lines.carry_out(lines.of_kind("anml", **options))
        assert len(observed()) == 4
        assert len(set(observed())) == 1
        folder.rename(tmp_path / "put-away")
        lines.carry_out(lines.of_kind("anml", **options))
        assert len(observed()) == 8
        assert len(set(observed())) == 2
    finally:
        engine.dispose()


def _process(kind, folder, killed):
    return subprocess.run(
        [sys.executable, PROGRAM, kind, folder, str(killed)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({}, {"judged": ["w"]}, "another judged"),
        ({"fraction_train": 0.5}, {"fraction_train": 0.75}, "another fraction_train"),
        ({"fraction_train": 0.5, "seed": 1}, {"fraction_train": 0.5, "seed": 2}, "seed"),
        ({}, {"combination": "multiplicative"}, "another rule"),
        ({}, {"members": ["site-9"]}, "another members"),
    ],
)
def test_a_run_that_would_decide_otherwise_takes_the_next_folder(
    lines, tmp_path, caplog, first, second, named
):
    folder = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(
            lines.of_kind("anml", save=folder, **first), 4, _stops(KeyboardInterrupt(), 3)
        )
    chosen = lines.of_kind("anml", save=folder, **second)
    lines.carry_out(chosen)
    assert len(chosen.records) == 4
    assert (tmp_path / "mine-2" / "summary.json").exists()
    assert named in caplog.text


def test_a_drawn_seed_is_taken_up_again(lines, tmp_path):
    options = {"save": tmp_path / "mine", "fraction_train": 0.5, "fraction_evaluate": 0.5}
    first = lines.of_kind("anml", **options)
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(first, 4, _stops(KeyboardInterrupt(), 3))
    second = lines.of_kind("anml", **options)
    assert second.sampling.seed != first.sampling.seed
    lines.carry_out(second)
    assert second.sampling.seed == first.sampling.seed
    assert len(second.records) == 4
    asked = [[one.contributor for one in record.contributors] for record in second.records]
    whole = lines.of_kind("anml", **options, seed=int(first.sampling.seed))
    lines.carry_out(whole)
    assert asked == [[c.contributor for c in record.contributors] for record in whole.records]


@pytest.mark.parametrize(
    ("altered", "said"),
    [(None, "is missing"), ("5ec2e7", "is another"), ("no number", "hexadecimal")],
)
def test_it_goes_on_by_the_seed_that_it_drew_and_by_no_other(lines, tmp_path, altered, said):
    folder = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(lines.of_kind("anml", save=folder), 4, _stops(KeyboardInterrupt(), 2))
    (folder / "server.seed").unlink()
    if altered is not None:
        (folder / "server.seed").write_text(altered)
    for _ in range(2):
        with pytest.raises(ConfigError, match=said):
            lines.carry_out(lines.of_kind("anml", save=folder))
    assert (folder / "server.seed").exists() is (altered is not None)


def test_without_its_manifest_a_seed_that_is_gone_is_missed_too(lines, tmp_path):
    folder = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        lines.carry_out(lines.of_kind("anml", save=folder), 4, _stops(KeyboardInterrupt(), 2))
    (folder / "server.seed").unlink()
    (folder / "manifest.json").unlink()
    with pytest.raises(ConfigError, match="is missing"):
        lines.carry_out(lines.of_kind("anml", save=folder))
