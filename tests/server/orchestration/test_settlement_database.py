"""Settling a run whose registry is a database: signals out, reputations and ledger in."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from anml_fl.behaviour import Behaviour
from anml_fl.database.engine import open_database, reading, writing
from anml_fl.federation.contributors import behaviours_of
from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.verify import verify_file
from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import key_id
from anml_fl.registry.domain import Contribution, Contributor, Revocation, Withdrawn
from anml_fl.registry.keys import public_key
from anml_fl.registry.simulated import (
    COMPROMISED,
    PRESENT,
    credential,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)
from anml_fl.registry.sql import SqlRegistry
from anml_fl.run.ledger_audit import audit
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.settlement import run_id

PEOPLE = [f"contributor-{i:04d}" for i in range(6)]


def entries(out):
    return [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]


def rounds(out, strategy="anml"):
    return [json.loads(x) for x in (out / strategy / "rounds.jsonl").read_text().splitlines()]


@pytest.fixture
def consortium(engine):
    """A registry that knows four of six contributors, and the issuer that was compromised."""
    registry = SqlRegistry(engine)
    past = datetime(2025, 1, 1, tzinfo=UTC)
    for name in PEOPLE[:4]:
        person = Contributor(name, name, "theory", public_key_of(0, name), past)
        registry.add_contributor(person, past)
        data = Contribution(name, data_hash_of(0, name), 20, past)
        registry.add_contribution(data, past)
    registry.add_issuer(simulated_issuer(0, COMPROMISED)[1], past)
    return registry


@pytest.fixture
def config(small, where):
    """The settings of a run in which two of the contributors lean on that issuer."""
    return small(
        strategies="fedavg,anml",
        database=where,
        behaviours="compromised_issuer=2",
        reputation=True,
    )


def test_signals_reputations_and_ledger_come_from_and_go_to_the_database(
    consortium, config, run, engine, tmp_path
):
    run(config, tmp_path / "run")
    records = rounds(tmp_path / "run")
    known = set(PEOPLE[:4])
    vouched = {n for n, role in behaviours_of(config).items() if role == "compromised_issuer"}
    assert vouched & known  # else the next lines would test nothing
    for record in records:
        for one in record["contributors"]:
            lifted = one["contributor"] in vouched & known
            assert one["v"] == (0.85 if lifted else 0.25)
            assert bool(one["refused_credentials"]) == (one["contributor"] in vouched - known)
    # Each past round can be recomputed from the facts.
    for record in records:
        names = [one["contributor"] for one in record["contributors"]]
        again = consortium.signals(names, at=record["at"])
        for letter in "vrT":
            recorded = [one[letter] for one in record["contributors"]]
            assert getattr(again, letter).tolist() == recorded
    now = datetime.now(UTC) + timedelta(seconds=1)
    for name in known:
        history = [entry for _, entry in consortium.history(name, now)]
        assert [one.round for one in history] == [1, 2, 3]
        assert {one.run for one in history} == {run_id(config)}
    with reading(engine) as connection:
        rows = connection.exec_driver_sql("SELECT run, line FROM ledger ORDER BY number").all()
    assert {name for name, _ in rows} == {run_id(config)}
    kept = (tmp_path / "run" / "ledger.jsonl").read_text().splitlines()
    assert [line for _, line in rows] == kept
    for table in ("ledger", "reputation"):
        for verb in ("UPDATE {} SET run = 'x'", "DELETE FROM {}"):
            with (
                pytest.raises(sa.exc.DBAPIError, match="append-only"),
                writing(engine) as connection,
            ):
                connection.exec_driver_sql(verb.format(table))


def test_what_no_strategy_pays_for_moves_no_reputation(
    consortium, config, run, engine, tmp_path
):
    run(config, tmp_path / "run")
    with reading(engine) as connection:
        found = connection.exec_driver_sql(
            "SELECT round, count(*) FROM reputation GROUP BY round ORDER BY round"
        ).all()
    # Four known contributors, three rounds, one of two strategies.
    assert [tuple(row) for row in found] == [(1, 4), (2, 4), (3, 4)]


@pytest.mark.parametrize("messages", [36 + 7, 36 + 13])
def test_an_interrupted_run_goes_on_in_the_database_as_it_was(
    interrupt_after, consortium, config, run, engine, tmp_path, messages
):
    # Fedavg's three rounds and the enrolment come first.
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(messages - 12))
    before = (tmp_path / "run" / "ledger.jsonl").read_text().splitlines()
    assert 1 < len(before) < 4
    if messages == 49:  # the folder is lost, the database is not
        shutil.rmtree(tmp_path / "run")
    run(config, tmp_path / "run")
    after = (tmp_path / "run" / "ledger.jsonl").read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == 5
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert [one.round for _, one in consortium.history(PEOPLE[0], now)] == [1, 2, 3]
    # And the whole of it once more: nothing is settled, or observed, twice, and a strategy
    # that pays nobody is what the ledger was closed with.
    fedavg = (tmp_path / "run/fedavg/rounds.jsonl").read_bytes()
    run(config, tmp_path / "run")
    assert (tmp_path / "run/fedavg/rounds.jsonl").read_bytes() == fedavg
    assert audit(tmp_path / "run").ok
    assert (tmp_path / "run" / "ledger.jsonl").read_text().splitlines() == after
    with reading(engine) as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM reputation").scalar()
        lines = connection.exec_driver_sql("SELECT line FROM ledger ORDER BY number").scalars()
        assert (count, list(lines)) == (4 * 3, after)
    assert verify_file(
        tmp_path / "run" / "ledger.jsonl", public_key(tmp_path / "run" / "ledger.pub")
    ).ok


def test_what_a_revoked_issuer_signed_after_loses_its_effect_in_the_next_round(
    consortium, config, tmp_path
):
    vouched = next(n for n, r in behaviours_of(config).items() if r == "compromised_issuer")
    assert vouched in PEOPLE[:4]

    class Revoking(InlineGrid):
        rounds = 0

        def push_messages(self, sent):
            sent = list(sent)
            trains = any("arrays" in message.content for message in sent)
            type(self).rounds += trains
            if trains and self.rounds == 3 + 2:  # before round 2 of the second strategy
                key = key_id(simulated_issuer(0, COMPROMISED)[1].public_key)
                stolen = Revocation(Withdrawn.ISSUER_KEY, key, PRESENT, "the key was stolen")
                consortium.revoke(stolen, datetime.now(UTC))
            return super().push_messages(sent)

    nodes = [{"partition-id": i} for i in range(6)]
    run_federation(Revoking(app, nodes, config.to_flat()), config, tmp_path / "run")
    seen = [
        next(one for one in record["contributors"] if one["contributor"] == vouched)
        for record in rounds(tmp_path / "run")
    ]
    assert [one["v"] for one in seen] == [0.85, 0.25, 0.25]
    assert [bool(one["refused_credentials"]) for one in seen] == [False, True, True]


def test_a_contribution_that_is_flagged_loses_nearly_everything(
    consortium, config, run, tmp_path
):
    long_ago = datetime(2025, 6, 1, tzinfo=UTC)
    name = PEOPLE[1]
    consortium.revoke(
        Revocation(
            Withdrawn.CONTRIBUTION, f"{name}/{data_hash_of(0, name)}", long_ago, "retracted"
        ),
        long_ago,
    )
    run(config, tmp_path / "run")
    for record in rounds(tmp_path / "run"):
        one = next(o for o in record["contributors"] if o["contributor"] == name)
        assert one["v"] == Verification.FLAGGED_OR_RETRACTED.middle


def test_what_is_shown_in_a_repeated_round_counts_from_now_on_only(
    interrupt_after, consortium, config, run, tmp_path
):
    """A token that comes while a round is repeated as of then must not get there."""
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(36 + 7 - 12))
    (_, settled) = entries(tmp_path / "run")
    name = next(n for n in PEOPLE[:4] if behaviours_of(config)[n] == "honest")
    before = consortium.signals([name], at=settled["at"]).v.tolist()

    def too(seed, contributor, contributors):
        level = Verification.PEER_REVIEWED
        return [credential(seed, contributor, level, issuer=COMPROMISED)]

    with pytest.MonkeyPatch.context() as patch:
        shown = Behaviour(credentials=too)
        patch.setattr("clients.app.with_credentials", lambda name, attacks: shown)
        run(config, tmp_path / "run")
    assert entries(tmp_path / "run")[1] == settled
    assert consortium.signals([name], at=settled["at"]).v.tolist() == before == [0.25]
    assert consortium.signals([name], at=datetime.now(UTC)).v.tolist() == [0.85]


def test_a_database_that_lacks_what_the_folder_has_settles_nothing(
    interrupt_after, small, run, tmp_path
):
    path = tmp_path / "own.db"
    open_database(path).dispose()
    config = small(strategies="anml", database=str(path))
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(13))
    for file in tmp_path.glob("own.db*"):
        file.unlink()
    open_database(path).dispose()
    with pytest.raises(LedgerError, match="is not in the registry's database"):
        run(config, tmp_path / "run")
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM ledger").fetchone() == (0,)


def test_a_run_says_who_is_not_in_the_registry_and_what_it_repeats(
    consortium, config, run, tmp_path, caplog
):
    run(config, tmp_path / "run")
    assert "2 of 6 contributors are not in the registry" in caplog.text
    assert "settled in the registry's database" not in caplog.text
    run(config, tmp_path / "run")
    assert "3 rounds of this run are settled in the registry's database" in caplog.text
