"""What every place to keep a ledger in has to promise."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from anml_fl.database.engine import open_database
from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import Results
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.sql import SqlLedger
from anml_fl.ledger.verify import verify

POOL = 1_000_003


@pytest.fixture(params=["file", "sqlite", "postgresql"])
def anew(request, tmp_path, key):
    """Open the same ledger again, as a restarted process would."""
    if request.param == "file":
        yield lambda signer=key: FileLedger(tmp_path / "ledger.jsonl", signer)
        return
    where = tmp_path / "anml.db"
    if request.param == "postgresql":
        where = request.getfixturevalue("postgresql_database")
    opened = []

    def again(signer=key):
        opened.append(open_database(where))
        return SqlLedger(opened[-1], "default/anml", signer)

    yield again
    for engine in opened:
        engine.dispose()


def _fill(ledger, record, model, rounds=3):
    return [
        ledger.open("default", "anml", POOL),
        *(ledger.append(record(number), model) for number in range(1, rounds + 1)),
    ]


def test_what_is_kept_is_what_verifies(anew, key, record, model):
    ledger = anew()
    made = [*_fill(ledger, record, model), ledger.close()]
    assert [line.decode() for line in ledger.lines()] == [line + "\n" for line in made]
    verdict = verify(ledger.lines, key.public_key())
    assert verdict.ok
    assert json.loads(made[-1])["totals"] == {
        # Of 1,000,003 the quotas are 500,001.5 and 250,000.75 twice: two units are left, to
        # the two larger remainders.
        "contributor-a": 3 * 500_001,
        "contributor-b": 3 * 250_001,
        "contributor-c": 3 * 250_001,
    }


def test_the_same_words_make_the_same_bytes(tmp_path, engine, key, record, model):
    made = []
    for name in ("one", "other"):
        ledger = FileLedger(tmp_path / name, key)
        _fill(ledger, record, model)
        ledger.close()
        made.append((tmp_path / name).read_bytes())
    ledger = SqlLedger(engine, "x", key)
    _fill(ledger, record, model)
    ledger.close()
    made.append(b"".join(ledger.lines()))
    assert made[0] == made[1] == made[2]


def test_a_restarted_run_settles_no_round_twice(anew, record, model):
    first = _fill(anew(), record, model, rounds=3)
    ledger = anew()
    assert _fill(ledger, record, model, rounds=5)[:4] == first
    closed = ledger.close()
    again = anew()
    assert again.close() == closed
    assert _fill(again, record, model, rounds=5)[:4] == first
    assert [json.loads(line).get("round") for line in again.lines()] == [
        None,
        1,
        2,
        3,
        4,
        5,
        None,
    ]


def test_a_round_settled_otherwise_is_refused(anew, record, model):
    for _ in range(2):
        ledger = anew()
        _fill(ledger, record, model)
        for number in (1, 3):
            with pytest.raises(LedgerError, match=f"round {number} was settled otherwise"):
                ledger.append(record(number, (0.25, 0.5, 0.25)), model)
            with pytest.raises(LedgerError, match=f"round {number} was settled otherwise"):
                ledger.append(record(number), model.replace("a", "0"))
    assert len(list(anew().lines())) == 4


def test_a_ledger_opened_otherwise_is_refused(anew, stranger, record, model):
    _fill(anew(), record, model)
    for other in (("else", "anml", POOL), ("default", "krum", POOL), ("default", "anml", 1)):
        with pytest.raises(LedgerError, match="another ledger was opened here"):
            anew().open(*other)
    with pytest.raises(LedgerError, match="cannot go on: bad: entry 0"):
        anew(stranger)


def test_a_round_out_of_turn_is_refused(anew, record, model):
    ledger = anew()
    for act in (lambda: ledger.append(record(1), model), ledger.close):
        with pytest.raises(LedgerError, match="must be opened"):
            act()
    _fill(ledger, record, model)
    for number in (0, -1, 5):
        with pytest.raises(LedgerError, match="out of turn: the next is 4"):
            ledger.append(record(number), model)
    ledger.close()
    for closed in (ledger, anew()):
        with pytest.raises(LedgerError, match="the ledger is closed"):
            closed.append(record(4), model)
    assert len(list(ledger.lines())) == 5


def test_what_would_not_verify_is_not_written(anew, record, model):
    ledger = anew()
    with pytest.raises(LedgerError, match=r"cannot be opened: pool must lie in \[0, 2\*\*53"):
        ledger.open("default", "anml", 2**53)
    _fill(ledger, record, model, rounds=1)
    two = record(2)
    bad = [
        replace(two, strategy="krum"),
        replace(two, at=float("nan")),
        replace(two, contributors=two.contributors * 2),
        replace(two, contributors=(replace(two.contributors[0], q=1.5),)),
        replace(two, contributors=(replace(two.contributors[0], weight=-1.0),)),
        replace(two, contributors=(replace(two.contributors[0], weight=float("inf")),)),
    ]
    for one in bad:
        with pytest.raises(LedgerError, match=r"(entry|round) 2 cannot be"):
            ledger.append(one, model)
    with pytest.raises(LedgerError, match="entry 2 cannot be written: the line is no entry"):
        ledger.append(two, "a hash")
    assert len(list(ledger.lines())) == 2
    ledger.append(two, model)


def test_two_processes_cannot_settle_the_same_round(anew, record, model):
    one = anew()
    _fill(one, record, model, rounds=1)
    other = anew()
    other.append(record(2), model)
    with pytest.raises(LedgerError, match="another process"):
        one.append(record(2, (1.0,)), model)
    assert len(list(anew().lines())) == 3


def test_an_altered_ledger_does_not_go_on(tmp_path, key, record, model):
    path = tmp_path / "ledger.jsonl"
    _fill(FileLedger(path, key), record, model)
    path.write_bytes(path.read_bytes().replace(b'"payout":500001', b'"payout":500000', 1))
    with pytest.raises(LedgerError, match=r"cannot go on: bad: entry 1 \(line 2\)"):
        FileLedger(path, key)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET line = ''",
        "UPDATE ledger SET recorded = recorded + 1 WHERE number = 2",
        "DELETE FROM ledger",
        "DELETE FROM ledger WHERE number = 3",
        "TRUNCATE ledger",
    ],
)
def test_a_database_lets_no_row_be_changed(engine, key, record, model, statement):
    if statement == "TRUNCATE ledger" and engine.dialect.name == "sqlite":
        # It has no such word; this is how it would put one row in another's place.
        statement = "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE number = 3"
    ledger = SqlLedger(engine, "default/anml", key)
    _fill(ledger, record, model)
    before = list(ledger.lines())
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert list(ledger.lines()) == before
    assert verify(ledger.lines, key.public_key(), unfinished=True).ok


def test_ledgers_share_a_table_and_rows_give_their_hash(engine, key, record, model):
    for name in ("a", "b"):
        _fill(SqlLedger(engine, name, key), record, model, rounds=1)
    with engine.begin() as connection:
        rows = connection.execute(
            sa.text("SELECT run, number, line, hash FROM ledger ORDER BY run, number")
        ).all()
    assert [(run, number) for run, number, _, _ in rows] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        ("b", 1),
    ]
    for one in (0, 2):
        assert json.loads(rows[one + 1].line)["previous"] == rows[one].hash


def test_a_bound_ledger_carries_hashes_and_an_older_one_goes_on_without(anew, record, model):
    settings, updates = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    results = Results({"anml/rounds.jsonl": "sha256:" + "3" * 64}, "sha256:" + "4" * 64)

    def fill(ledger):
        ledger.open("default", "anml", POOL, settings)
        ledger.append(record(1), model, updates)
        ledger.append(record(2), model)
        ledger.close(results)
        return [json.loads(line) for line in ledger.lines()]

    opened, first, second, closed = fill(anew())
    line = record(1).to_json().encode()
    assert opened["settings"] == settings
    assert first["record"] == "sha256:" + hashlib.sha256(line).hexdigest()
    assert (first["updates"], second["updates"]) == (updates, None)
    assert (closed["files"], closed["summary"]) == (results.files, results.summary)
    assert fill(anew()) == [opened, first, second, closed]
    with pytest.raises(LedgerError, match="round 1 was settled otherwise"):
        anew().append(replace(record(1), test_error=0.25), model, updates)
    with pytest.raises(LedgerError, match="round 1 was settled otherwise"):
        anew().append(record(1), model)
    with pytest.raises(LedgerError, match="was closed otherwise"):
        anew().close(replace(results, files={}))


def test_a_ledger_that_was_begun_without_hashes_ends_without(anew, record, model):
    anew().open("default", "anml", POOL)
    ledger = anew()
    ledger.open("default", "anml", POOL, "sha256:" + "1" * 64)
    ledger.append(record(1), model, "sha256:" + "2" * 64)
    ledger.close(Results({}, "sha256:" + "4" * 64))
    names = {name for line in ledger.lines() for name in json.loads(line)}
    assert not names & {"settings", "record", "updates", "files", "summary"}


def test_a_bound_ledger_is_not_closed_without_results(anew, record, model):
    ledger = anew()
    ledger.open("default", "anml", POOL, "sha256:" + "1" * 64)
    with pytest.raises(LedgerError, match="lacks the hashes of the run's files"):
        ledger.close()
