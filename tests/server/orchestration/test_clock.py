"""A run whose clock is set, back or forward, between two rounds: nobody becomes a newcomer."""

from __future__ import annotations

import itertools
import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from anml_fl.registry.domain import Contribution, Contributor
from anml_fl.registry.simulated import data_hash_of, public_key_of
from anml_fl.registry.sql import SqlRegistry
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

PEOPLE = [f"contributor-{i:04d}" for i in range(6)]
COLLECTED = timedelta(days=730.5)
ROUNDS = 5


class Wall:
    """The machine's clock, which may be set; with it, all else is as it is."""

    def __init__(self):
        self.off = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.off


@pytest.fixture
def wall(monkeypatch):
    clock = Wall()
    for module in ("server.orchestration.registry_signals", "anml_fl.registry.sql"):
        monkeypatch.setattr(f"{module}.now", clock)
    return clock


@pytest.fixture
def consortium(engine):
    """A registry that has known everybody, and data two years old, for a day."""
    registry = SqlRegistry(engine)
    at = datetime.now(UTC) - timedelta(days=1)
    for name in PEOPLE:
        registry.add_contributor(
            Contributor(name, name, "news", public_key_of(0, name), at), at
        )
        data = Contribution(name, data_hash_of(0, name), 20, at - COLLECTED)
        registry.add_contribution(data, at)
    return registry


@pytest.fixture
def config(small, where):
    return small(strategies="anml", database=where, reputation=True, rounds=ROUNDS)


@pytest.fixture
def during(wall):
    """Run, and do something before each round that trains, by its number."""

    def call(config, out, what):
        class Meddling(InlineGrid):
            number = 0

            def push_messages(self, sent):
                sent = list(sent)
                if any("arrays" in one.content for one in sent):
                    type(self).number += 1
                    what(self.number)
                return super().push_messages(sent)

        nodes = [{"partition-id": i, "num-partitions": 6} for i in range(6)]
        run_federation(Meddling(app, nodes, config.to_flat()), config, out)
        lines = (out / "anml" / "rounds.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    return call


def judge(records, consortium):
    """Compare r with the history of evidence, T with the age of the data, at with order."""
    instants = [record["at"] for record in records]
    assert all(one < other for one, other in itertools.pairwise(instants))
    good = bad = dict.fromkeys(PEOPLE, 0.0)
    for number, record in enumerate(records):
        for one in record["contributors"]:
            name = one["contributor"]
            mean = (0.8 + good[name]) / (2 + good[name] + bad[name])
            # During the first ten contributions r is at least .40.
            assert one["r"] == pytest.approx(max(0.4, mean)), (number, name)
            assert one["T"] == pytest.approx(math.exp(-0.5 * 2), abs=0.002), (number, name)
        observed = {
            name: next(
                entry
                for _, entry in consortium.history(name, datetime(9000, 1, 1, tzinfo=UTC))
                if entry.round == number + 1
            )
            for name in PEOPLE
        }
        good = {name: entry.good for name, entry in observed.items()}
        bad = {name: entry.bad for name, entry in observed.items()}
    # Somebody has earned something, or the above would show nothing.
    assert max(one["r"] for one in records[-1]["contributors"]) > 0.6


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(hours=-3), "3.0 hours behind"),
        (timedelta(days=-365 * 40), "14600.0 days behind"),
        (timedelta(days=365 * 14), "5110.0 days ahead of"),
    ],
)
def test_r_and_T_go_on_as_if_nobody_had_touched_the_clock(
    wall, consortium, config, during, tmp_path, caplog, off, said
):
    def meddle(number):
        wall.off = {3: off, 5: timedelta()}.get(number, wall.off)

    records = during(config, tmp_path / "run", meddle)
    judge(records, consortium)
    notes = [record["note"] or "" for record in records]
    told = [f"the clock is {said} the instant that counts" in note for note in notes]
    assert told == [False, False, True, True, False]
    assert f"round 3: the clock is {said}" in caplog.text


def test_small_corrections_are_nothing_to_tell(wall, consortium, config, during, tmp_path):
    def meddle(number):
        wall.off = timedelta(seconds=-2 if number % 2 else 2)

    records = during(config, tmp_path / "run", meddle)
    judge(records, consortium)
    assert [record["note"] for record in records] == [None] * ROUNDS


def test_a_run_that_goes_on_under_a_clock_set_back_goes_on_in_time_too(
    wall, consortium, config, during, tmp_path
):
    def stop(number):
        if number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        during(config, tmp_path / "run", stop)
    wall.off = timedelta(days=-20)
    records = during(config, tmp_path / "run", lambda number: None)
    judge(records, consortium)
    notes = [record["note"] for record in records]
    assert notes[:2] == [None, None]
    assert all("20.0 days behind" in note for note in notes[2:])


def test_without_reputation_only_the_checkpoint_knows_when_the_last_round_was(
    wall, consortium, small, where, during, tmp_path
):
    config = small(strategies="fedavg,anml", database=where, rounds=4)

    def stop(number):
        if number in (3, 7):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            during(config, tmp_path / "run", stop)
        wall.off -= timedelta(hours=2)
    during(config, tmp_path / "run", lambda number: None)
    for name in ("fedavg", "anml"):
        lines = (tmp_path / "run" / name / "rounds.jsonl").read_text().splitlines()
        instants = [json.loads(line)["at"] for line in lines]
        assert instants == sorted(instants)
        assert len(instants) == 4


def test_another_run_after_the_clock_was_set_back_knows_what_was_learned(
    wall, consortium, config, during, tmp_path
):
    first = during(config, tmp_path / "one", lambda number: None)
    wall.off = timedelta(days=-300)
    other = config.model_copy(update={"name": "other"})
    records = during(other, tmp_path / "two", lambda number: None)
    assert records[0]["at"] > first[-1]["at"]
    earned = consortium.signals(PEOPLE, at=records[0]["at"])
    assert [one["r"] for one in records[0]["contributors"]] == earned.r.tolist()
    assert max(earned.r) > 0.6
    assert "300.0 days behind" in records[0]["note"]
