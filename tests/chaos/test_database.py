"""A database that goes away while a run settles in it: seconds cost nothing, more ends it."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from anml_fl.database.engine import open_database, reading
from anml_fl.ledger.verify import verify_file
from anml_fl.registry.domain import Contributor
from anml_fl.registry.keys import public_key
from anml_fl.registry.simulated import public_key_of
from anml_fl.registry.sql import SqlRegistry
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

SETTINGS = {
    "dataset": "wine",
    "contributors": 6,
    "rounds": 4,
    "local-epochs": 1,
    "strategies": "anml",
    "reputation": True,
    "behaviours": "compromised_issuer=1",
}
AWAY = 10.0


@pytest.fixture
def config(postgresql_server):
    """A run with everybody in the registry of a server that can be stopped."""
    where = postgresql_server.url("postgres")
    engine = open_database(where)
    registry, past = SqlRegistry(engine), datetime(2025, 1, 1, tzinfo=UTC)
    for i in range(6):
        name = f"contributor-{i:04d}"
        person = Contributor(name, name, "theory", public_key_of(0, name), past)
        registry.add_contributor(person, past)
    engine.dispose()
    return from_flat({**SETTINGS, "database": where})


def federate(config, out, before_round=None):
    """Run inline; something can be done just before a round's instructions go out."""

    class Disturbed(InlineGrid):
        rounds = 0

        def push_messages(self, sent):
            sent = list(sent)
            if sent and "arrays" in sent[0].content:
                type(self).rounds += 1
                if before_round:
                    before_round(self.rounds)
            return super().push_messages(sent)

    nodes = [{"partition-id": i} for i in range(6)]
    return run_federation(Disturbed(app, nodes, config.to_flat()), config, out)


@pytest.mark.slow
def test_a_database_that_is_gone_for_ten_seconds_costs_no_round(
    config, postgresql_server, tmp_path, caplog
):
    back = threading.Timer(AWAY, postgresql_server.start)
    gone = []

    def disturb(number):
        if number == 2:
            postgresql_server.stop()  # as kill -9: open connections break
            gone.append(time.monotonic())
            back.start()

    summary = federate(config, tmp_path, disturb)
    back.join()
    assert time.monotonic() - gone[0] >= AWAY
    assert "the database is away (" in caplog.text
    assert summary["strategies"]["anml"]["rounds"] == 4
    verdict = verify_file(tmp_path / "ledger.jsonl", public_key(tmp_path / "ledger.pub"))
    assert verdict.ok
    kept = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in kept] == ["open", *["round"] * 4, "close"]
    engine = open_database(config.registry.database)
    with reading(engine) as connection:
        lines = connection.exec_driver_sql("SELECT line FROM ledger ORDER BY number").scalars()
        assert list(lines) == kept
        counts = connection.exec_driver_sql(
            "SELECT round, count(*) FROM reputation GROUP BY round ORDER BY round"
        )
        assert [tuple(row) for row in counts] == [(n, 6) for n in (1, 2, 3, 4)]
    engine.dispose()


@pytest.mark.slow
def test_a_database_that_stays_away_ends_the_run_which_goes_on_once_it_is_back(
    config, postgresql_server, tmp_path, monkeypatch
):
    monkeypatch.setattr("server.orchestration.database_retry.LONGEST_OUTAGE", 2.0)

    def disturb(number):
        if number == 3:
            postgresql_server.stop()

    with pytest.raises(sa.exc.OperationalError):
        federate(config, tmp_path, disturb)
    kept = (tmp_path / "ledger.jsonl").read_text()
    assert [json.loads(line)["kind"] for line in kept.splitlines()] == [
        "open",
        "round",
        "round",
    ]
    postgresql_server.start()
    summary = federate(config, tmp_path)
    assert summary["strategies"]["anml"]["rounds"] == 4
    assert (tmp_path / "ledger.jsonl").read_text().startswith(kept)
    assert verify_file(tmp_path / "ledger.jsonl", public_key(tmp_path / "ledger.pub")).ok
