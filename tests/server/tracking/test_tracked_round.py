"""What trackers are told: the records' own numbers, and nothing that says where things lie."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from anml_fl.ledger.file import read_lines
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.reasons.schemes import Dials
from anml_fl.run.reading import load_run
from server.tracking.enclosed import enclosed
from server.tracking.names import plain_name
from server.tracking.tracked_round import tracked_round
from server.tracking.tracked_run import ledger_head, read_run, told_settings
from server.tracking.words import told


@given(st.lists(st.text(max_size=100), unique=True, max_size=8))
def test_names_are_plain_and_no_two_become_one(names):
    plain = [plain_name(name) for name in names]
    assert len({*plain}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,89}", one) for one in plain)


shares = st.floats(0, 1) | st.just(math.nan)


@given(
    st.lists(st.tuples(shares, shares, shares), min_size=1, max_size=6), st.integers(0, 999)
)
def test_a_round_is_told_whole_without_what_is_not_known(people, pool):
    record = RoundRecord(
        3,
        "trimmed_mean",
        None,
        math.nan,
        0.5,
        tuple(
            ContributorRecord(f"site {n}", q, v, 0.5, 1.0, 0.5, weight, True, examples=10.0)
            for n, (q, v, weight) in enumerate(people)
        ),
        test_error=0.25,
    )
    found = tracked_round(record, Dials(), pool)
    flat = found.flat()
    assert all(map(math.isfinite, flat.values()))
    assert "rho_c" not in flat
    assert flat["test_error"] == 0.25
    for n, (q, v, weight) in enumerate(people):
        plain = plain_name(f"site {n}")
        for name, value in (("q", q), ("v", v), ("weight", weight)):
            assert flat.get(f"{name}/{plain}", math.nan) == value or math.isnan(value)
            assert (f"{name}/{plain}" in flat) == math.isfinite(value)
    paid = sum(value for name, value in flat.items() if name.startswith("payout/"))
    assert paid == (pool if any(weight > 0 for *_, weight in people) else 0)
    assert sum(v for name, v in flat.items() if name.startswith("reasons/")) == len(people)


def test_payouts_are_those_of_the_ledger(finished, records):
    run = read_run(finished)
    lines = [json.loads(line) for line in read_lines(finished / "ledger.jsonl")]
    rounds = [line for line in lines if line["kind"] == "round"]
    assert [one["round"] for one in rounds] == [1, 2, 3, 4]
    for entry, record in zip(rounds, records["calibrated"], strict=True):
        found = tracked_round(record, run.dials, run.pool).people
        for one in entry["contributors"]:
            assert found[one["contributor"]]["payout"] == one["payout"]


def test_head_is_the_one_that_pages_show(finished):
    from server.page.ledger_file import LedgerFile

    ledger = LedgerFile(finished)
    ledger.catch_up()
    assert ledger_head(finished) == ledger.told()["head"] != ""


def test_kinds_are_of_few_words_and_of_everybody(finished, records):
    dials = read_run(finished).dials
    kinds = Counter()
    for record in records["calibrated"]:
        found = tracked_round(record, dials).kinds
        assert found.keys() == {one.contributor for one in record.contributors}
        kinds.update(found.values())
    assert all(
        kind.partition(" by ")[0] in ("counted", "left out", "refused") for kind in kinds
    )
    assert any(" by " in kind for kind in kinds)


def test_settings_say_nothing_of_where_things_lie():
    tree = {
        "table": {"data": "/home/ada/rows.csv", "test": "C:\\Users\\ada\\t.csv", "label": "y"},
        "registry": {"database": "postgresql://ada@host/x", "reputation": False},
        "federation": {"behaviours": {"lab.mine:Thief": 1}, "names": "a,b"},
    }
    found = told_settings(tree)
    assert found["table.data"] == "rows.csv"
    assert found["table.test"] == "t.csv"
    assert found["federation.behaviours.lab.mine:Thief"] == 1
    assert "ada" not in str(found)
    assert "registry.database" not in found


def test_every_setting_of_a_run_is_told_but_the_database(finished):
    run = load_run(finished)
    names = {line.split(" = ")[0] for line in run.config.splitlines() if " = " in line}
    found = read_run(finished).settings
    assert names - {name.rpartition(".")[2] for name in found} == {"database"}


def test_files_that_name_a_user_stay(finished, tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "demo"
    shutil.copytree(finished, folder)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/nobody"))
    given_away = [path.name for path in enclosed(folder, "calibrated", pays=True)]
    assert given_away == [
        "rounds.jsonl", "summary.json", "ledger.jsonl", "ledger.pub", "report.html",
    ]  # fmt: skip
    assert [p.name for p in enclosed(folder, "fedavg", pays=False)] == ["rounds.jsonl"]
    config = folder / "config.toml"
    config.write_text(
        config.read_text()
        .replace('data = ""', 'data = "/home/ada/rows.csv"')
        .replace('data = "Python', 'data = "/home/ada/Python')
    )
    assert "/home/ada/" in config.read_text()
    (folder / "calibrated" / "rounds.jsonl").write_text('{"note": "/Users/ada/x is odd"}\n')
    left = [path.name for path in enclosed(folder, "calibrated", pays=True)]
    assert left == ["summary.json", "ledger.jsonl", "ledger.pub"]


def test_what_went_wrong_is_told_without_secrets(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "correct horse")
    error = RuntimeError("401 from http://ada:pw@host/x for 'correct horse'\n<html>")
    assert told(error) == "401 from http://*@host/x for '*' <html>"
