"""Nodes with tables of their own: one scale for all, claims, and both bound to the ledger."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from anml_fl.execution import execute
from anml_fl.federation.own_table import schema_of
from anml_fl.federation.run_task import task_of
from anml_fl.run.claims import load_claims
from anml_fl.run.ledger_audit import audit
from anml_fl.run.reading import load_run
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from anml_fl.tables.holdout import kept_for_testing
from anml_fl.tables.schema_file import read_schema
from clients.app import app
from clients.own_table import fitting_rows
from server.engines.inline_grid import InlineGrid
from server.orchestration.common_scale import kept_scale, on_scale
from server.orchestration.federation import run_federation
from server.orchestration.round_log import RoundLog
from server.orchestration.summary_table import table
from server.report.claims_figure import claims_table
from server.report.page import write_report

SITES = ("a", "b", "c")
SCHEMA = """
version = 1
[label]
kind = "class"
name = "ill"
classes = ["no", "yes"]
[[columns]]
kind = "number"
name = "age"
low = 0
high = 130
"""
FIXED = SCHEMA + "centre = 50.0\nspread = 10.0\n"


@pytest.fixture
def folder(tmp_path):
    """A table a site and one of the server's, and what all have agreed on."""
    generator = np.random.default_rng(5)
    (tmp_path / "schema.toml").write_text(SCHEMA)
    for name in (*SITES, "test"):
        rows = []
        for _ in range(40):
            ill = int(generator.integers(2))
            rows.append(f"{40 + 20 * ill + 8 * generator.standard_normal():.3f},{'ny'[ill]}")
        text = "age,ill\n" + "\n".join(rows) + "\n"
        (tmp_path / f"{name}.csv").write_text(text.replace(",n", ",no").replace(",y", ",yes"))
    return tmp_path


def settings(folder, **more):
    """A run of two rounds on the three nodes."""
    flat = {
        "schema": str(folder / "schema.toml"),
        "names": "a,b,c",
        "contributors": 3,
        "behaviours": "honest=3",
        "scenario": "unknown",
        "rounds": 2,
        "local-epochs": 1,
        "strategies": "anml,fedavg",
        **more,
    }
    return from_flat(flat)


def grid(folder, config, **without):
    """The three nodes, each with its own table; some may lack theirs."""
    nodes = [
        {
            "partition-id": place,
            "data": str(without.get(name, folder / f"{name}.csv")),
            "schema": str(folder / "schema.toml"),
        }
        for place, name in enumerate(SITES)
    ]
    return InlineGrid(app, nodes, config.to_flat())


def ages(folder, name):
    """What stands in a site's table."""
    lines = (folder / f"{name}.csv").read_text().splitlines()[1:]
    return np.array([float(line.split(",")[0]) for line in lines])


def measured(folder, name):
    """The ages of the four fifths of a site's rows that are never for testing."""
    rows = fitting_rows(str(folder / f"{name}.csv"), read_schema(folder / "schema.toml"))
    return ages(folder, name)[kept_for_testing(rows)[0]]


def test_scale_is_the_median_of_what_sites_tell(folder):
    config = settings(folder, test=str(folder / "test.csv"))
    run_federation(grid(folder, config), config, folder / "out")
    told = json.loads((folder / "out" / "statistics.json").read_text())
    means = [measured(folder, name).mean() for name in SITES]
    variances = [measured(folder, name).var() for name in SITES]
    centre = np.median(means)
    between = 1.4826 * np.median(np.abs(means - centre))
    spread = np.sqrt(np.median(variances) + between**2)
    assert told["scale"]["age"] == pytest.approx({"centre": centre, "spread": spread})
    assert list(told["told"]) == list(SITES)
    assert told["left_out"] == {}


def test_servers_own_rows_are_on_the_nodes_scale(folder):
    config = settings(folder, test=str(folder / "test.csv"))
    run_federation(grid(folder, config), config, folder / "out")
    scale = json.loads((folder / "out" / "statistics.json").read_text())["scale"]["age"]
    task = on_scale(task_of(config), config, kept_scale(config, folder / "out"))
    wanted = (ages(folder, "test") - scale["centre"]) / scale["spread"]
    np.testing.assert_allclose(task.data.test.features[:, 0], wanted, rtol=1e-5, atol=1e-6)
    # With a test table nobody is asked for claims.
    assert not list((folder / "out").rglob("claims.jsonl"))


def test_where_the_schema_fixes_the_scale_nobody_is_asked(folder):
    (folder / "schema.toml").write_text(FIXED)
    config = settings(folder, test=str(folder / "test.csv"))
    run_federation(grid(folder, config), config, folder / "out")
    told = json.loads((folder / "out" / "statistics.json").read_text())
    assert told["told"] == told["left_out"] == {}
    assert told["scale"] == {"age": {"centre": 50.0, "spread": 10.0}}


def test_too_few_who_tell_end_the_run_by_name(folder):
    config = settings(folder, **{"min-replies": 0.9})
    (folder / "bad.csv").write_text("age,ill\nsecretly,no\n")
    with pytest.raises(RuntimeError, match=r"2 of 3 .* 3 are needed .*0\.9\): b: ") as error:
        run_federation(grid(folder, config, b=folder / "bad.csv"), config, folder / "out")
    assert "secretly" not in str(error.value)
    assert not (folder / "out" / "statistics.json").exists()


def test_one_who_tells_nothing_is_named_and_the_run_goes_on(folder):
    config = settings(folder, test=str(folder / "test.csv"))
    broken = grid(folder, config, b=folder / "nowhere.csv")
    run_federation(broken, config, folder / "out")
    told = json.loads((folder / "out" / "statistics.json").read_text())
    assert list(told["told"]) == ["a", "c"]
    assert list(told["left_out"]) == ["b"]


def test_a_run_that_goes_on_asks_nobody_again(folder, monkeypatch):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "whole")
    rounds = count(1)
    keep = RoundLog._keep

    def killed(self, *given):
        keep(self, *given)
        if next(rounds) == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RoundLog, "_keep", killed)
        with pytest.raises(KeyboardInterrupt):
            run_federation(grid(folder, config), config, folder / "out")
    said = json.loads((folder / "out" / "statistics.json").read_text())

    def refuse(*_):
        raise AssertionError("asked again")

    monkeypatch.setattr("server.orchestration.common_scale.ask_statistics", refuse)
    run_federation(grid(folder, config), config, folder / "out")
    assert json.loads((folder / "out" / "statistics.json").read_text()) == said
    for name in ("anml/claims.jsonl", "anml/rounds.jsonl", "fedavg/claims.jsonl"):
        whole = (folder / "whole" / name).read_bytes()
        assert (folder / "out" / name).read_bytes() == whole, name


def test_statistics_that_were_altered_are_not_gone_on_with(folder):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "out")
    path = folder / "out" / "statistics.json"
    told = json.loads(path.read_text())
    told["scale"]["age"]["centre"] += 1
    path.write_text(json.dumps(told))
    with pytest.raises(ConfigError, match="its scale does not follow from what nodes told"):
        kept_scale(config, folder / "out")
    told["schema"] = "0" * 64
    path.write_text(json.dumps(told))
    with pytest.raises(ConfigError, match="is of another schema"):
        kept_scale(config, folder / "out")


def test_each_site_claims_what_it_finds_on_rows_it_held_back(folder):
    config = settings(folder)
    summary = run_federation(grid(folder, config), config, folder / "out")
    for strategy in ("anml", "fedavg"):
        claims = load_claims(folder / "out" / strategy)
        assert [one.round for one in claims] == [1, 2]
        for one in claims:
            assert set(one.values) == set(SITES)
            assert one.examples == dict.fromkeys(SITES, 8)  # a fifth of 40
            assert all(value * 8 == round(value * 8) for value in one.values.values())
            assert one.median == sorted(one.values.values())[1]
        assert summary["strategies"][strategy]["claimed"] == claims[-1].median
        assert summary["strategies"][strategy]["test_error"] is None


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("statistics.json", '"rows": 32', '"rows": 33'),
        ("anml/claims.jsonl", '"round":2', '"round":2 '),
        ("fedavg/claims.jsonl", '"a":8', '"a":9'),
    ],
)
def test_an_edit_of_what_nodes_said_is_found(folder, name, before, after):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "out")
    assert audit(folder / "out").ok
    path = folder / "out" / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    assert name in str(audit(folder / "out").difference)


def test_files_of_what_nodes_said_belong_to_runs_on_nodes_alone(folder):
    config = settings(folder, test=str(folder / "test.csv"))
    run_federation(grid(folder, config), config, folder / "out")
    (folder / "out" / "anml" / "claims.jsonl").touch()
    assert "claims.jsonl" in str(audit(folder / "out").difference)


def test_ledger_names_the_policy_of_each_node(folder):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "out")
    lines = (folder / "out" / "ledger.jsonl").read_text().splitlines()
    policies = [
        person["egress"]
        for line in map(json.loads, lines)
        if line["kind"] == "round"
        for person in line["contributors"]
    ]
    assert len(policies) == 6
    assert {len(one) for one in policies} == {64}


def test_another_policy_in_the_record_is_found(folder):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "out")
    path = folder / "out" / "anml" / "rounds.jsonl"
    policy = load_policy(path)
    path.write_text(path.read_text().replace(policy, "0" * 64, 1))
    assert "round 1: a: egress is" in str(audit(folder / "out").difference)


def load_policy(path):
    """The policy that the first round's first contributor named."""
    first = json.loads(path.read_text().splitlines()[0])
    return first["contributors"][0]["egress"]


def test_schema_without_a_table_is_no_run_of_one_process(folder):
    with pytest.raises(ConfigError, match=r"none is given: add --data.*anml up --schema"):
        execute(settings(folder), folder / "out")


def test_best_round_can_be_the_claims_word(folder):
    more = {"patience": 1, "best-by": "claims", "rounds": 9, "strategies": "anml"}
    config = settings(folder, **more)
    summary = run_federation(grid(folder, config), config, folder / "out")
    medians = [one.median for one in load_claims(folder / "out" / "anml")]
    best = medians.index(min(medians)) + 1
    found = summary["strategies"]["anml"]
    assert (found["best_round"], found["rounds"]) == (best, best + 1)
    assert found["claimed"] == medians[best - 1]
    assert audit(folder / "out").ok


def test_claims_of_rounds_without_a_new_model_are_passed_over(folder):
    """In rounds 2 and 3 too few replied."""

    class Failing(InlineGrid):
        trained = 0

        def pull_messages(self, message_ids):
            replies = list(super().pull_messages(message_ids))
            if any("arrays" in one.content for one in replies):
                self.trained += 1
                return replies[: 1 if self.trained in (2, 3) else None]
            return replies

    more = {"patience": 1, "best-by": "claims", "rounds": 9, "strategies": "anml"}
    config = settings(folder, **more, **{"min-replies": 0.6})
    whole = grid(folder, config)
    whole.__class__ = Failing
    found = run_federation(whole, config, folder / "out")["strategies"]["anml"]
    medians = [one.median for one in load_claims(folder / "out" / "anml")]
    assert medians[0] == medians[1] == medians[2]
    assert found["rounds"] > 3
    assert found["best_round"] not in (2, 3)
    assert audit(folder / "out").ok


def test_page_and_table_say_whose_word_it_is(folder):
    config = settings(folder)
    summary = run_federation(grid(folder, config), config, folder / "out")
    page = re.sub(r"\n *", " ", write_report(folder / "out").read_text())
    assert "What the sites say of the model" in page
    assert "nobody can check them" in page
    assert re.search(
        r"By what 3 sites claim, the median error of anml is \d+\.\d\xa0%.*; the"
        r" server tested nothing\.</p>",
        page,
    )
    assert "without a tested model" not in page
    assert "Test error by round" not in page
    assert "Claimed error, median (%)</th>" in page
    assert "Why nothing" not in page
    found = load_run(folder / "out")
    *others, last = found.lead.claims
    silent = replace(last, values={}, left_out=dict.fromkeys(SITES, "no reply in time"))
    lead = replace(found.lead, claims=(*others, silent))
    of_silent = claims_table(replace(found, strategies=(lead,)))
    assert of_silent.titles[-1] == "Why nothing"
    assert of_silent.rows[1][-1] == "no reply in time"
    assert "Test error (%)</th>" not in page
    headings = [str(column.header) for column in table(summary).columns]
    assert "claimed error (median)" in headings
    assert "test error" not in headings


def test_schema_of_a_run_is_the_servers(folder):
    config = settings(folder)
    run_federation(grid(folder, config), config, folder / "out")
    assert schema_of(config.table).width == 1
    assert "age" in (folder / "out" / "schema.toml").read_text()


# ── A root set of the server's ──────────────────────────────────────────────────────────────


def test_trusted_rows_come_from_the_servers_test_table_on_the_nodes_scale(folder):
    config = settings(folder, test=str(folder / "test.csv"), root=20, strategies="calibrated")
    run_federation(grid(folder, config), config, folder / "out")
    scale = json.loads((folder / "out" / "statistics.json").read_text())["scale"]["age"]
    task = on_scale(task_of(config), config, kept_scale(config, folder / "out"))
    assert (task.root.labels.size, task.data.test.labels.size) == (20, 20)
    both = np.concatenate([task.root.features, task.data.test.features])[:, 0]
    wanted = (ages(folder, "test") - scale["centre"]) / scale["spread"]
    np.testing.assert_allclose(np.sort(both), np.sort(wanted), rtol=1e-5, atol=1e-6)
    (done,) = load_run(folder / "out").strategies
    assert {one.judgement.root for one in done.records} == {"20 rows of the server's"}
    # Whatever the scale, the same rows.
    before = task_of(config)
    np.testing.assert_array_equal(before.root.labels, task.root.labels)


def test_trusted_rows_in_a_file_are_put_on_the_nodes_scale_too(folder):
    config = settings(
        folder, strategies="calibrated", **{"root-data": str(folder / "test.csv")}
    )
    run_federation(grid(folder, config), config, folder / "out")
    scale = json.loads((folder / "out" / "statistics.json").read_text())["scale"]["age"]
    task = on_scale(task_of(config), config, kept_scale(config, folder / "out"))
    wanted = (ages(folder, "test") - scale["centre"]) / scale["spread"]
    np.testing.assert_allclose(task.root.features[:, 0], wanted, rtol=1e-5, atol=1e-6)
    # It is no test table: the nodes say how good a model is.
    assert list((folder / "out").rglob("claims.jsonl"))
    (done,) = load_run(folder / "out").strategies
    assert {one.judgement.root for one in done.records} == {"40 rows of test.csv"}


def test_a_server_without_rows_says_what_is_not_promised(folder, caplog):
    config = settings(folder, strategies="calibrated")
    run_federation(grid(folder, config), config, folder / "out")
    (said,) = [one.message for one in caplog.records if "no root set" in one.message]
    assert said.startswith("no root set (the server has no test rows, of which they would be")
    with pytest.raises(ConfigError, match=r"the server has no test rows, .* got '40'"):
        task_of(settings(folder, root=40))
    with pytest.raises(ConfigError, match="would have to leave the contributors' nodes"):
        task_of(settings(folder, root="donated"))
