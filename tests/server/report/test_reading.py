from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.run.reading import load_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_reads_what_the_engines_wrote(typical: Path) -> None:
    run = load_run(typical)
    assert [s.name for s in run.strategies] == ["fedavg", "krum", "anml", "oracle"]
    assert run.lead.name == "anml"
    assert [record.round for record in run.lead.records] == list(range(1, 21))
    assert sum(map(run.attacks, run.summary.contributors)) == 4
    assert run.lead.timings[20] == 0.14
    assert math.isnan(run.lead.records[3].contributors[-1].q)
    assert [s.branching for s in run.strategies] == [False, False, True, False]


def test_the_first_strategy_leads_without_anml(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    folder = recipe(strategies={"krum": 0.1, "median": 0.2}, weightless=("median",)).write(
        tmp_path / "run"
    )
    run = load_run(folder)
    assert run.lead.name == "krum"
    assert [s.weighing for s in run.strategies] == [True, False]


@pytest.mark.parametrize(
    ("config", "thresholds"),
    [
        ("[aggregation]\ntau_h = 0.5\ntau_c = -0.1\n", (0.5, -0.1)),
        ("[aggregation]\ntau_h = 1\n", (1.0, 0.3)),
        ("", (0.35, 0.3)),
    ],
)
def test_thresholds_come_from_the_settings_or_the_paper(
    recipe: Callable[..., Any], tmp_path: Path, config: str, thresholds: tuple[float, float]
) -> None:
    run = load_run(recipe(config=config, rounds=1).write(tmp_path / "run"))
    assert (run.tau_h, run.tau_c) == thresholds


def test_a_run_that_was_not_timed_is_a_run(recipe: Callable[..., Any], tmp_path: Path) -> None:
    assert load_run(recipe(timed=False).write(tmp_path / "run")).lead.timings == {}


@pytest.mark.parametrize("name", ["summary.json", "config.toml", "anml/rounds.jsonl"])
def test_a_missing_file_is_named(typical: Path, name: str) -> None:
    (typical / name).unlink()
    with pytest.raises(FileNotFoundError, match=r"is missing: a run folder holds") as caught:
        load_run(typical)
    assert str(typical / name) in str(caught.value)


def _line(**changes: Any) -> str:
    person = dict.fromkeys(("q", "v", "r", "T", "s", "weight"), 0.5)
    fields: dict[str, Any] = {
        "round": 1,
        "strategy": "anml",
        "branch": None,
        "rho_c": None,
        "min_s": None,
        "refused": [],
        "contributors": [{"contributor": "contributor-00", "selected": True, **person}],
    }
    return json.dumps(fields | changes)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("summary.json", "{", "summary.json: the file: Invalid JSON"),
        ("summary.json", '{"name": 3}', "summary.json: name: Input should be a valid string"),
        ("summary.json", '{"name": "x"}', "summary.json: engine: Field required"),
        ("config.toml", "tau_h = = 3", "config.toml: not TOML"),
        ("config.toml", '[aggregation]\ntau_c = "high"', "aggregation.tau_c must be a number"),
        ("config.toml", "[aggregation]\ntau_h = nan", "aggregation.tau_h must be a number"),
        ("anml/rounds.jsonl", "", "at least one round"),
        ("anml/rounds.jsonl", "[]", "line 1: not a round record"),
        ("anml/rounds.jsonl", "\n{", "line 2:"),
        ("anml/rounds.jsonl", _line(round="one"), "line 1: round: .* got 'one'"),
        ("anml/rounds.jsonl", _line(rho_c="<b>"), "line 1: rho_c: .* got '<b>'"),
        ("anml/rounds.jsonl", _line() + "\n" + _line(), "line 2: round 1 appears twice"),
        ("anml/timings.jsonl", '{"round": 1}', "timings.jsonl line 1: must read"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_place(
    typical: Path, name: str, text: str, said: str
) -> None:
    (typical / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        load_run(typical)
    assert str(typical / name) in str(caught.value)


def test_text_that_is_not_utf8_is_said(typical: Path) -> None:
    (typical / "summary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"summary\.json is UTF-16"):
        load_run(typical)


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@h/d", "sqlite:///x.db?password=hunter2"]
)
def test_an_old_run_whose_settings_hold_a_password_is_refused(typical: Path, url: str) -> None:
    (typical / "config.toml").write_text(f'[registry]\ndatabase = "{url}"\n')
    with pytest.raises(
        ValueError, match=r"config.toml: registry.database: the data"
    ) as caught:
        load_run(typical)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["summary.json", "config.toml", "anml/rounds.jsonl", "anml/timings.jsonl"]
)
@pytest.mark.parametrize(
    "text", ["age,sex,name\n63,1,Smith\n", '[{"age": 63, "name": "Smith"}]\n', "= Smith\n"]
)
def test_nothing_is_quoted_of_another_file_in_its_place(
    typical: Path, name: str, text: str
) -> None:
    (typical / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=name) as caught:
        load_run(typical)
    assert "Smith" not in str(caught.value)


def _edit_summary(folder: Path, **changes: Any) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_contributor_of_unknown_behaviour_is_an_error(typical: Path) -> None:
    _edit_summary(typical, contributors={"contributor-00": "honest"})
    with pytest.raises(ValueError, match=r"rounds.jsonl line 1: contributor 'contributor-01'"):
        load_run(typical)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "a/b", "", "..", "x\0y"])
def test_a_strategy_cannot_name_another_folder(typical: Path, name: str) -> None:
    _edit_summary(typical, strategies={name: {}})
    with pytest.raises(ValueError, match="must be a plain folder name"):
        load_run(typical)


def test_a_run_without_strategies_is_an_error(typical: Path) -> None:
    _edit_summary(typical, strategies={})
    with pytest.raises(ValueError, match="at least one strategy"):
        load_run(typical)


def test_a_separator_inside_a_name_does_not_split_the_line(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    folder = recipe(names=["a\u2028b", "c"], attackers=0).write(tmp_path / "run")
    path = folder / "anml" / "rounds.jsonl"
    path.write_text(path.read_text().replace("\\u2028", "\u2028"), encoding="utf-8")
    assert load_run(folder).lead.records[0].contributors[0].contributor == "a\u2028b"
