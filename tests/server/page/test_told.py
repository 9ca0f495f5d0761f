"""What is told of rounds is what their records say, read in another way."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from anml_fl.ledger.summary import summarise
from anml_fl.method.measure import Measure
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.page.live import live_script
from server.page import growing_lines, rounds_file
from server.page import short_round as short_round_module
from server.page.columns import round_columns
from server.page.following import Following
from server.page.heat import heat
from server.page.history import contributor_history, curves
from server.page.round_reasons import round_reasons
from server.page.rounds_file import RoundsFile
from server.page.short_round import short_round
from server.page.snapshot import snapshot
from studies.benchmarks.drawn_rounds import STRATEGIES, crowd_of, drawn_round

NOTHING = (
    "no reply in time",
    "no node is connected",
    "error 5: Error: Node Unavailable \u2014 it gave no heartbeat",
    "error 3: Error: Message Unavailable - it may have expired due to its TTL",
)
PLAIN = {
    NOTHING[1]: "its node is not connected",
    NOTHING[2]: "its node was lost in this round: no sign of life came from it any more",
    NOTHING[3]: "no reply in time: what was asked of it ran out",
}
MADE = "this is what anml made of the updates"
CAME = dict(
    zip(NOTHING, ("did not answer", "absent", "absent", "did not answer"), strict=True)
)
REASONS = [*NOTHING, 'says "reason":null, "q":null']
HOSTILE = [
    '"contributor":"b",',
    '{"T":1',
    "\\",
    '"',
    '],"min_s":',
    "\ud800",
    "a\nb",
    "ü",
    "",
    "💩",
]


def followed(folder):
    one = Following(folder)
    one.catch_up()
    return one


def known(value):
    return None if isinstance(value, float) and math.isnan(value) else value


def records(folder, strategy="anml"):
    text = (folder / strategy / "rounds.jsonl").read_text()
    return [RoundRecord.from_json(line) for line in text.splitlines()]


def some(rng):
    return tuple(HOSTILE[i] for i in rng.permutation(len(HOSTILE))[: rng.integers(3)])


def drawn(number, names, seed=0):
    rng = np.random.default_rng([seed, number])
    people = []
    for name in names:
        valid = rng.random() > 0.3
        people.append(
            ContributorRecord(
                name,
                rng.random() if valid else math.nan,
                *(rng.random() for _ in "vrTs"),
                rng.random() if valid else math.nan,
                bool(rng.random() > 0.5),
                None if valid else REASONS[rng.integers(5)],
                some(rng),
            )
        )
    return RoundRecord(
        number, "anml", "krum", rng.random(), math.nan, tuple(people),
        refused=some(rng), note='],"judgement":{',
        test_error=rng.random(),
    )  # fmt: skip


def hostile_run(folder, rounds=5, names=HOSTILE):
    made = [drawn(number, names) for number in range(1, rounds + 1)]
    (folder / "anml").mkdir(parents=True)
    (folder / "anml" / "rounds.jsonl").write_text(
        "".join(one.to_json() + "\n" for one in made)
    )
    (folder / "config.toml").write_text(
        'name = "hostile"\nstrategies = ["anml"]\n[training]\nrounds = 9\n'
    )
    return made


@pytest.mark.parametrize("measure", [None, Measure(name='],"min_s":', more=True)])
@pytest.mark.parametrize("seed", range(20))
def test_a_line_read_in_parts_says_what_it_says_read_whole(seed, measure):
    record = drawn(seed + 1, HOSTILE[: seed % (len(HOSTILE) + 1)], seed)
    record = replace(record, measure=measure)

    found = short_round(record.to_json().encode())

    assert found.names == tuple(one.contributor for one in record.contributors)
    assert found.left_out == record.excluded
    replies = [one.reason for one in record.contributors]
    assert found.missing == sum(map(replies.count, NOTHING))
    for weight, one in zip(found.weights, record.contributors, strict=True):
        assert weight == pytest.approx(one.weight, rel=1e-6, nan_ok=True)
    assert found.fields["test_error"] == record.test_error
    assert found.fields["note"] == record.note


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_line_of_thousands_is_read_whole_for_a_curve(strategy, monkeypatch):
    behaviours = {f"site-{i}": "honest" if i % 3 else "joint" for i in range(30)}
    record = drawn_round(crowd_of(behaviours, "moderate", 0), strategy, 1)

    def whole(line):
        raise AssertionError(f"read whole: {line[-200:]}")

    monkeypatch.setattr(short_round_module, "_by_reading_all", whole)
    assert short_round(record.to_json().encode()).names == tuple(behaviours)


def test_columns_curves_and_histories_are_the_records(tmp_path):
    made = hostile_run(tmp_path / "run")
    run = followed(tmp_path / "run")

    assert snapshot(run, "run").contributors == tuple(sorted(HOSTILE))
    curve = curves(run)["strategies"]["anml"]
    assert curve["error"] == [one.test_error for one in made]
    assert curve["left_out"] == [one.excluded for one in made]
    for record in made:
        told = round_columns(run, "anml", record.round)
        assert (told["rho_c"], told["min_s"]) == (record.rho_c, None)
        assert told["refused"] == list(record.refused)
        for name in ("contributor", "q", "v", "r", "T", "s", "weight", "selected", "reason"):
            column = told["contributors" if name == "contributor" else name]
            assert column == [known(getattr(one, name)) for one in record.contributors]
        chosen = any(one.selected and not one.reason for one in record.contributors)
        reasons = round_reasons(run, "anml", record.round)["why"]
        for why, one in zip(reasons, record.contributors, strict=True):
            if one.reason:
                came = CAME.get(one.reason, "no valid reply")
                assert why == f"{came}: {PLAIN.get(one.reason, one.reason)}"
            elif chosen:  # these weights are none that any rule gives
                assert why == (MADE if one.selected else "it was left out by anml")
        assert told["reply"] == [
            "valid" if one.reason is None else CAME.get(one.reason, "no valid reply")
            for one in record.contributors
        ]
    for place, name in enumerate(HOSTILE):
        told = contributor_history(run, "anml", name)
        people = [one.contributors[place] for one in made]
        assert told["rounds"] == [1, 2, 3, 4, 5]
        for kind in ("weight", "q", "s", "selected", "reason"):
            assert told[kind] == [known(getattr(one, kind)) for one in people], name
    assert contributor_history(run, "anml", "stranger") is None


def test_heat_has_the_top_the_bottom_and_the_most_changed(tmp_path):
    names = [f"site-{i:03d}" for i in range(70)]
    made = hostile_run(tmp_path / "run", rounds=4, names=names)
    run = followed(tmp_path / "run")
    weights = {
        name: [one.contributors[i].weight for one in made] for i, name in enumerate(names)
    }
    last = {
        name: next((w for w in reversed(row) if not math.isnan(w)), math.nan)
        for name, row in weights.items()
    }
    order = sorted((n for n in names if not math.isnan(last[n])), key=lambda n: -last[n])

    told = heat(run, "anml")

    assert told["rounds"] == [1, 2, 3, 4]
    assert [one["contributor"] for one in told["top"]] == order[:20]
    assert [one["contributor"] for one in told["bottom"]] == order[::-1][:20]
    for kind in ("top", "bottom", "changed"):
        for one in told[kind]:
            expected = [known(w) for w in weights[one["contributor"]]]
            assert one["weights"] == [w and pytest.approx(w, abs=1e-6) for w in expected]
    (own,) = heat(run, "anml", ["site-003", "stranger"])["who"][:1]
    assert own["contributor"] == "site-003"


def test_heat_of_rounds_that_ask_now_these_now_those(tmp_path):
    names = [f"site-{i:02d}" for i in range(12)]
    asked = [names[:8], names[:8], names[4:], names[:8], names[2:5]]
    made = [drawn(number, some, seed=7) for number, some in enumerate(asked, start=1)]
    hostile_run(tmp_path, rounds=1)
    (tmp_path / "anml" / "rounds.jsonl").write_text(
        "".join(one.to_json() + "\n" for one in made)
    )
    weights = {
        name: [
            next((who.weight for who in one.contributors if who.contributor == name), math.nan)
            for one in made
        ]
        for name in names
    }

    told = heat(followed(tmp_path), "anml")

    rows = {one["contributor"]: one["weights"] for one in told["top"]}
    known_of = {n: [w for w in row if not math.isnan(w)] for n, row in weights.items()}
    assert set(rows) == {name for name, row in known_of.items() if row}
    for name, row in rows.items():
        assert row == [known(w) and pytest.approx(w, abs=1e-6) for w in weights[name]]
    spans = {n: max(row) - min(row) for n, row in known_of.items() if len(row) > 1}
    assert [one["contributor"] for one in told["changed"]] == sorted(
        spans, key=lambda name: -spans[name]
    )


def test_payouts_are_what_the_ledger_says(ended):
    run = followed(ended)
    earned, _ = summarise((ended / "ledger.jsonl").read_bytes().splitlines(keepends=True))
    total = {one.contributor: one.payout for one in earned}

    told = round_columns(run, "anml", 3)

    assert dict(zip(told["contributors"], told["paid"], strict=True)) == total
    assert round_columns(run, "fedavg", 3)["paid"] is None
    for name in told["contributors"]:
        assert sum(contributor_history(run, "anml", name)["paid"]) == total[name]
    for number in (1, 2):
        told = round_columns(run, "anml", number)
        for name, paid in zip(told["contributors"], told["paid"], strict=True):
            assert paid == sum(contributor_history(run, "anml", name)["paid"][:number])
        assert sum(told["paid"]) == number * 1_000_000


def test_ledger_that_does_not_fit_is_told(ended):
    line = (ended / "ledger.jsonl").read_bytes()
    rounds = (ended / "anml" / "rounds.jsonl").read_bytes()
    assert followed(ended).ledger.told()["verifies"] is True

    (ended / "ledger.jsonl").write_bytes(
        line.replace(b'"selected":true', b'"selected":false', 1)
    )
    told = followed(ended).ledger.told()
    assert told["verifies"] is False
    (ended / "ledger.jsonl").write_bytes(line)
    (ended / "anml" / "rounds.jsonl").write_bytes(rounds.replace(b'"at":0.0', b'"at":0.1', 1))
    told = followed(ended).ledger.told()
    assert told["verifies"] is False
    assert "is not the one that was signed" in told["words"]
    (ended / "anml" / "rounds.jsonl").write_bytes(rounds)
    (ended / "ledger.pub").unlink()
    assert followed(ended).ledger.told()["verifies"] is None


def test_what_was_read_is_not_read_again(tmp_path, monkeypatch):
    made = hostile_run(tmp_path / "run")
    path = tmp_path / "run" / "anml" / "rounds.jsonl"
    run = followed(tmp_path / "run")
    asked = []
    real = growing_lines.piece

    def counted(file, start, length):
        found = real(file, start, length)
        asked.append(len(found))
        return found

    monkeypatch.setattr(growing_lines, "piece", counted)
    monkeypatch.setattr(rounds_file, "piece", counted)
    assert run.catch_up() is False
    assert sum(asked) == 0
    added = drawn(6, HOSTILE).to_json() + "\n"
    with path.open("a") as file:
        file.write(added)
    assert run.catch_up() is True
    assert sum(asked) <= 2 * len(added) + 4 * 64
    asked.clear()
    round_columns(run, "anml", 2)
    assert sum(asked) == len(made[1].to_json())


@pytest.mark.parametrize("way", ["cut", "replaced", "rewritten", "removed"])
def test_a_file_that_is_another_is_read_anew(tmp_path, way):
    made = hostile_run(tmp_path)
    path = tmp_path / "anml" / "rounds.jsonl"
    run = followed(tmp_path)
    others = [drawn(number, HOSTILE, seed=1) for number in range(1, 7)]
    text = "".join(one.to_json() + "\n" for one in others)
    expected = others
    if way == "cut":
        text, expected = made[0].to_json() + "\n", made[:1]
        path.write_text(text)
    elif way == "replaced":
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(path)
    elif way == "rewritten":
        with path.open("r+") as file:
            file.write(text)
            file.truncate()
    else:
        path.unlink()
        expected = []

    assert run.catch_up() is True

    curve = curves(run)["strategies"]["anml"]
    assert curve["error"] == [one.test_error for one in expected]


def test_weights_are_thinned_out_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds_file, "MOST_CELLS", 40)
    hostile_run(tmp_path, rounds=30)
    rounds = RoundsFile(tmp_path, "anml")
    rounds.catch_up()

    assert list(rounds.weights) == [8, 16, 24]
    assert len(rounds.places) == 30


def test_tables_hold_the_weights_of_every_round(get, ended):
    path = "/ended/files/anml/weights"
    wanted = [(one.round, who) for one in records(ended) for who in one.contributors]

    table = list(csv.DictReader(io.StringIO(get(ended.parent, f"{path}.csv")[1].decode())))
    parquet = pq.read_table(io.BytesIO(get(ended.parent, f"{path}.parquet")[1])).to_pylist()

    assert len(table) == len(parquet) == len(wanted)
    for row, typed, (number, one) in zip(table, parquet, wanted, strict=True):
        assert (int(row["round"]), row["contributor"]) == (number, one.contributor)
        assert float(row["weight"]) == typed["weight"] == one.weight
        assert (typed["selected"], typed["q"]) == (one.selected, one.q)
    assert sum(row["paid"] for row in parquet) == 3_000_000


def test_no_cell_of_the_table_calculates(get, ended):
    text = (ended / "anml" / "rounds.jsonl").read_text()
    name = json.loads(text.splitlines()[0])["contributors"][0]["contributor"]
    (ended / "anml" / "rounds.jsonl").write_text(text.replace(f'"{name}"', '"=1+1"'))

    table = get(ended.parent, "/ended/files/anml/weights.csv")[1].decode()

    assert '"\'=1+1"' in table


def test_one_word_is_for_one_rounds_payout_and_one_for_their_sum():
    script = live_script()
    assert script.count('"Earned so far (micro-units)"') == 2
    assert script.count('"Payout (micro-units)"') == 1
    assert "earned in all: " in script
    assert "Paid (" not in script
    assert "; paid:" not in script
