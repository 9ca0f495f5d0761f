"""Why each contributor counted as it did: what is served is what `anml explain` says."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.method.records import ContributorRecord, RoundRecord
from server.page import history, told_rounds
from server.page.following import Following
from server.page.history import contributor_history
from server.page.round_reasons import round_reasons

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIELDS = ("weight", "equal", "place", "decided_by", "parts", "without", "under", "words")


def explained(folder: Path, *more: object) -> list[dict[str, Any]]:
    """Ask the command for the same, which reads the run in another way."""
    asked = ["explain", str(folder), *map(str, more), "--strategy", "anml", "--json"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["contributors"]


def followed(folder: Path) -> Following:
    one = Following(folder)
    one.catch_up()
    return one


def change_lines(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        change(line)
    text = [json.dumps(line, sort_keys=True, separators=(",", ":")) for line in lines]
    path.write_text("".join(f"{line}\n" for line in text))


def names(folder: Path) -> list[str]:
    return [one["contributor"] for one in explained(folder, "--round", 1)]


def test_a_rounds_column_and_one_contributors_sentences_are_those_of_the_command(
    get: Any, ended: Path
) -> None:
    for number in (1, 2, 3):
        said = explained(ended, "--round", number)
        told = get.json(ended.parent, f"/ended/anml/rounds/{number}/reasons.json")
        assert told["why"] == [one["because"] for one in said]
        for one in said:
            path = f"/ended/anml/rounds/{number}/reasons/{quote(one['contributor'])}.json"
            found = get.json(ended.parent, path)
            assert {name: found[name] for name in FIELDS} == {n: one[n] for n in FIELDS}
            # Whatever a method is, its parts sum to what it divides.
            if found["parts"]:
                between = found["weight"] - found["equal"]
                assert sum(found["parts"].values()) == pytest.approx(between, abs=1e-9)


def test_the_last_round_may_be_asked_for_as_such(get: Any, ended: Path) -> None:
    name = quote(names(ended)[0])
    for of in (f"/{name}.json", ".json"):
        last = get.json(ended.parent, f"/ended/anml/rounds/last/reasons{of}")
        assert last == get.json(ended.parent, f"/ended/anml/rounds/3/reasons{of}")


def test_who_counted_least_and_most_is_said(get: Any, ended: Path) -> None:
    said = explained(ended, "--round", 2)
    told = get.json(ended.parent, "/ended/anml/rounds/2/reasons.json")["ends"]
    least = min(one["weight"] for one in said)
    assert " counted least in round 2 (" in told
    for one in [one for one in said if one["weight"] == least][:3]:
        assert one["contributor"] in told
        assert one["because"] in told
    most = max(said, key=lambda one: one["weight"])
    assert f"{most['contributor']} counted most (" in told


@pytest.mark.parametrize(
    "path",
    ["anml/rounds/1/reasons/stranger.json", "anml/rounds/9/reasons/{}.json",
     "anml/rounds/x/reasons/{}.json", "other/rounds/1/reasons/{}.json",
     "anml/rounds/1/reasons/{}", "anml/rounds/9/reasons.json", "other/missing.json"],
)  # fmt: skip
def test_what_there_is_not_is_not_found(get: Any, ended: Path, path: str) -> None:
    where = f"/ended/{path.format(quote(names(ended)[0]))}"
    assert get(ended.parent, where)[0].status == 404


@pytest.mark.parametrize("setting", ["tau = -1.0", 'alpha = "half"', "fraction = 7"])
def test_odd_settings_leave_the_reason_and_take_what_would_have_been(
    get: Any, ended: Path, setting: str
) -> None:
    name = names(ended)[0]
    config = ended / "config.toml"
    key = setting.partition(" ")[0]
    lines = [
        line for line in config.read_text().splitlines() if not line.startswith(f"{key} ")
    ]
    at = lines.index("[aggregation]") + 1
    config.write_text("\n".join([*lines[:at], setting, *lines[at:]]) + "\n")

    assert get(ended.parent, "/ended/")[0].status == 200
    assert get.json(ended.parent, "/ended/state.json")["state"] == "finished"
    told = get.json(ended.parent, "/ended/anml/rounds/1/reasons.json")
    assert all(told["why"])
    found = get.json(ended.parent, f"/ended/anml/rounds/1/reasons/{quote(name)}.json")
    assert (found["under"], found["without"], found["uncut"]) == ({}, {}, None)
    assert found["words"].lower() == f"{told['why'][0]}.".lower()


def test_records_of_before_examples_were_recorded_are_told_of_as_far_as_they_go(
    get: Any, ended: Path
) -> None:
    name = names(ended)[0]

    def before(line: dict[str, Any]) -> None:
        for one in line["contributors"]:
            del one["examples"]

    change_lines(ended / "anml" / "rounds.jsonl", before)
    told = get.json(ended.parent, "/ended/anml/rounds/2/reasons.json")
    assert all(told["why"])
    found = get.json(ended.parent, f"/ended/anml/rounds/2/reasons/{quote(name)}.json")
    assert found["under"] == {}
    assert "would be" not in found["words"].replace("equal shares would be", "")


def spoil_a_number(line: dict[str, Any]) -> None:
    line["contributors"][0]["r"] = "much"


def spoil_a_name(line: dict[str, Any]) -> None:
    line["contributors"][0]["unknown"] = 1


@pytest.mark.parametrize("spoil", [spoil_a_number, spoil_a_name])
def test_a_line_that_is_no_record_is_still_shown(
    get: Any, ended: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    first, second, *_ = names(ended)

    def odd(line: dict[str, Any]) -> None:
        spoil(line)
        line["contributors"][1] |= {"reason": "late", "selected": False, "weight": 0.0}

    change_lines(ended / "anml" / "rounds.jsonl", odd)
    assert get.json(ended.parent, "/ended/anml/rounds/2.json")["reason"][:2] == [None, "late"]
    told = get.json(ended.parent, "/ended/anml/rounds/2/reasons.json")
    assert told["why"][:2] == ["", "late"]
    # Whoever is left out by a reason of its own counted least of nobody.
    assert second not in told["ends"]
    for name, words in (
        (first, "The record of this round does not say."),
        (second, "No valid reply: late."),
    ):
        path = f"/ended/anml/rounds/2/reasons/{quote(name)}.json"
        assert get.json(ended.parent, path)["words"] == words
    assert get(ended.parent, "/ended/anml/rounds/2/reasons/stranger.json")[0].status == 404
    history_ = get.json(ended.parent, f"/ended/anml/contributors/{quote(second)}.json")
    assert (history_["why"], history_["reason"]) == ([None] * 3, ["late"] * 3)


def test_a_file_that_is_another_is_told_of_anew(ended: Path) -> None:
    path = ended / "anml" / "rounds.jsonl"
    run = followed(ended)
    before = round_reasons(run, "anml", 1)["why"]

    def late(line: dict[str, Any]) -> None:
        line["contributors"][0] |= {"reason": "late", "selected": False, "weight": 0.0}

    change_lines(path, late)
    assert run.catch_up()
    after = round_reasons(run, "anml", 1)["why"]
    assert after[0] == "no valid reply: late" != before[0]
    # Settings that were read anew are gone by, too.
    config = ended / "config.toml"
    config.write_text(config.read_text() + "\n")
    path.write_text(path.read_text().replace('"reason":"late"', '"reason":"lost"'))
    assert run.catch_up()
    assert round_reasons(run, "anml", 1)["why"][0] == "no valid reply: lost"


def test_a_history_says_why_from_the_last_round_on_as_far_as_it_is_quick(
    ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, name = followed(ended), names(ended)[0]
    told = contributor_history(run, "anml", name)
    assert told is not None
    for number, why in enumerate(told["why"], 1):
        assert why == explained(ended, name, "--round", number)[0]["because"]
    monkeypatch.setattr(history, "MOST_REASONS", 12)  # of six contributors, two rounds
    fewer = contributor_history(run, "anml", name)
    assert fewer is not None
    assert fewer["why"] == [None, *told["why"][1:]]


def growing(folder: Path, n: int, **changes: Any) -> Path:
    """Write a run of one round, in which q and examples decide."""
    rng = np.random.default_rng(1)
    q, examples = rng.uniform(0.1, 1, n), rng.integers(20, 400, n).astype(float)
    weight = q * examples / (q * examples).sum()
    people = tuple(
        ContributorRecord(
            f"site-{i:05d}", float(q[i]), 0.8, 0.4, 1.0, 0.32, float(weight[i]), True,
            examples=float(examples[i]),
        )
        for i in range(n)
    )  # fmt: skip
    record = RoundRecord(1, "anml", "krum", 0.1, 0.32, people)
    (folder / "anml").mkdir(parents=True)
    line = replace(record, **changes).to_json()
    (folder / "anml" / "rounds.jsonl").write_text(f"{line}\n")
    (folder / "config.toml").write_text(
        'name = "many"\nstrategies = ["anml"]\n[training]\nrounds = 9\n[aggregation]\n'
        "fraction = 1.0\n"
    )
    return folder


def test_rounds_that_were_told_of_long_ago_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = followed(growing(tmp_path, 4))
    record = RoundRecord.from_json((tmp_path / "anml" / "rounds.jsonl").read_text())
    with (tmp_path / "anml" / "rounds.jsonl").open("a") as file:
        for number in range(2, 8):
            file.write(replace(record, round=number).to_json() + "\n")
    run.catch_up()
    monkeypatch.setattr(told_rounds, "MOST_KEPT", 10)
    for number in range(1, 8):
        round_reasons(run, "anml", number)
    assert [key[3] for key in run.told._kept] == [6, 7]


@pytest.mark.slow
def test_ten_thousand_contributors_are_told_of_within_a_second(tmp_path: Path) -> None:
    run = followed(growing(tmp_path, 10_000))
    # The processor's time: other programs must not count.
    begin = time.process_time()
    told = round_reasons(run, "anml", 1)
    assert time.process_time() - begin < 1.0
    assert len(told["why"]) == 10_000
    # Which of two factors decided is seen from the four shares that they make.
    lines = (tmp_path / "anml" / "rounds.jsonl").read_text()
    people = RoundRecord.from_json(lines).contributors
    q, examples, weight = np.array([(one.q, one.examples, one.weight) for one in people]).T
    alone, counted = q / q.sum(), examples / examples.sum()
    of_q = ((alone - 1e-4) + (weight - counted)) / 2
    of_examples = weight - 1e-4 - of_q
    way = np.where(weight >= 1e-4, 1, -1)
    clear = np.abs(weight - 1e-4) > 1e-6
    by_q = ["(q = " in why for why in told["why"]]
    assert np.array_equal((way * of_q > way * of_examples)[clear], np.array(by_q)[clear])


def test_who_is_missing_right_now_is_named_up_to_twenty(get: Any, tmp_path: Path) -> None:
    folder = growing(tmp_path / "runs" / "many", 30)
    path = folder / "anml" / "rounds.jsonl"
    record = RoundRecord.from_json(path.read_text())
    gone = [
        replace(one, q=float("nan"), weight=0.0, selected=False, reason="no reply in time")
        for one in record.contributors[:25]
    ]
    # The latest round did not ask the last one, and heard of somebody whom nobody knows.
    latest = replace(
        record, round=2, contributors=(*gone, *record.contributors[25:29]), refused=("odd",)
    )
    with path.open("a") as file:
        file.write(latest.to_json() + "\n")

    told = get.json(folder.parent, "/many/anml/missing.json")

    named = ", ".join(f"site-{i:05d} (no reply in time)" for i in range(20))
    assert told == {
        "round": 2,
        "words": f"25 of 29 without a valid reply: {named} and 5 more."
        " 1 not asked: site-00029. Replies of nobody known: odd.",
    }
    first = get.json(folder.parent, "/many/anml/rounds/1.json")
    assert first["missing"] == "All 30 who were asked gave a valid reply."


@pytest.mark.parametrize(
    ("asked", "said"),
    [(0, "Nobody was asked."), (1, "The one who was asked gave a valid reply.")],
)
def test_of_nobody_and_of_one_it_is_not_said_that_all_replied(
    get: Any, ended: Path, asked: int, said: str
) -> None:
    def few(line: dict[str, Any]) -> None:
        line["contributors"] = line["contributors"][:asked]

    others = names(ended)[asked:]
    change_lines(ended / "anml" / "rounds.jsonl", few)
    told = get.json(ended.parent, "/ended/anml/missing.json")["words"]
    assert (
        told == f"{said} {len(others)} not asked: {', '.join(others[:-1])} and {others[-1]}."
    )


def test_before_the_first_round_nobody_is_missing(get: Any, begun: Path) -> None:
    assert get.json(begun.parent, "/begun/anml/missing.json") == {"round": 0, "words": ""}
