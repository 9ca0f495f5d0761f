"""Held rounds in a ledger, and decisions behind its close: what is refused, what is lost."""

from __future__ import annotations

import json
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.chain import BrokenError, Chain
from anml_fl.ledger.decisions import (
    DecisionError,
    account,
    decide,
    decision_fields,
    held_rounds,
    read_decisions,
)
from anml_fl.ledger.entry import open_fields, round_parts, sign
from anml_fl.ledger.export import export, rows
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.holding import Holding
from anml_fl.ledger.verify import read_lines, verify_file

POOL = 1001
HELD = {
    "harmful": [{"contributor": "contributor-a", "error": 0.01, "share": 0.5, "worth": -0.2}],
    "pool": POOL,
    "share": 0.5,
}


@pytest.fixture
def made(tmp_path, key, record, model):
    """A closed ledger of four rounds, of which the first and the third are held."""
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", POOL, holding=Holding(0.05))
    for number in (1, 2, 3, 4):
        ledger.append(record(number), model, held=HELD if number in (1, 3) else None)
    ledger.close()
    return path


def facts(path, key):
    verdict = verify_file(path, key.public_key())
    assert verdict.ok, str(verdict)
    lines = list(read_lines(path))
    return verdict.chain, held_rounds(lines), json.loads(lines[0])


def taken(made, key, *steps):
    """Take decisions: (kind, round) each."""
    chain, held, opened = facts(made, key)
    lines = []
    for kind, number in steps:
        fields = decision_fields(opened, kind, held[number], "looked into it")
        lines.append(decide(fields, chain, lines, key))
    return lines


def read(made, key, lines):
    chain, held, _ = facts(made, key)
    return read_decisions(lines, chain, held, key.public_key())


def test_a_held_round_pays_nobody_and_its_pool_waits(made, key):
    chain, held, _ = facts(made, key)
    assert chain.settled == 2 * POOL
    assert chain.held == {1: POOL, 3: POOL}
    assert (account(chain, []).paid, account(chain, []).waiting) == (2 * POOL, 2 * POOL)
    # By weights of 1/2, 1/4, 1/4: 500.5, 250.25 twice; the unit left goes to the first.
    assert held[1].payouts == {
        "contributor-a": 501,
        "contributor-b": 250,
        "contributor-c": 250,
    }
    entry = json.loads(list(read_lines(made))[1])
    assert (entry["pool"], entry["held"]) == (0, HELD)
    assert {one["payout"] for one in entry["contributors"]} == {0}


def test_the_same_round_held_again_stays_and_otherwise_is_refused(
    tmp_path, key, record, model
):
    ledger = FileLedger(tmp_path / "ledger.jsonl", key)
    ledger.open("default", "anml", POOL, holding=Holding(0.05))
    line = ledger.append(record(1), model, held=HELD)
    assert ledger.append(record(1), model, held=HELD) == line
    for other in (None, {**HELD, "share": 0.6}):
        with pytest.raises(LedgerError, match="round 1 was settled otherwise"):
            ledger.append(record(1), model, held=other)
    with pytest.raises(LedgerError, match="another ledger was opened here"):
        ledger.open("default", "anml", POOL, holding=Holding(0.1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pool": POOL - 1}, "holds 1000 and pays 0, where all of 1001 is held"),
        ({"share": 0.05}, "of which 0.05 would go to harm, and 0.05 may"),
        ({"harmful": [{**HELD["harmful"][0], "worth": 0.0}]}, "for a cost of -?0.0, and 0.03"),
        ({"harmful": [*HELD["harmful"], {**HELD["harmful"][0], "worth": 0}]}, "did no harm"),
        (
            {"harmful": [{**HELD["harmful"][0], "worth": -0.03}]},
            "for a cost of 0.03, and 0.03",
        ),
        ({"harmful": [{**HELD["harmful"][0], "contributor": "x"}]}, "calls 'x' harmful"),
        ({"harmful": []}, "is no entry"),
        ({"more": 1}, "is no entry"),
        ({"share": "0.5"}, "is no entry"),
    ],
)
def test_a_round_is_held_by_the_bound_that_was_signed_or_not_at_all(
    key, record, model, change, message
):
    chain = Chain()
    opened = open_fields(
        "r", "anml", POOL, key.public_key().public_bytes_raw(), holding=Holding(0.05)
    )
    chain.add(sign(opened, 0, chain.head, key) + b"\n", key.public_key())
    fields, people = round_parts("r", record(1), model, POOL, {**HELD, **change})
    with pytest.raises(BrokenError, match=message):
        chain.add(sign(fields, 1, chain.head, key, people) + b"\n", key.public_key())


def test_a_ledger_that_pays_at_once_holds_nothing(key, record, model):
    chain = Chain()
    opened = open_fields("r", "anml", POOL, key.public_key().public_bytes_raw())
    chain.add(sign(opened, 0, chain.head, key) + b"\n", key.public_key())
    fields, people = round_parts("r", record(1), model, POOL, HELD)
    with pytest.raises(BrokenError, match="which the open entry does not provide for"):
        chain.add(sign(fields, 1, chain.head, key, people) + b"\n")
    # Nor does one that holds pay what it says it holds.
    fields |= {"held": HELD, "pool": POOL}
    with pytest.raises(BrokenError):
        chain.add(sign(fields, 1, chain.head, key, people) + b"\n")


@given(
    st.lists(
        st.tuples(st.sampled_from(["release", "void"]), st.sampled_from([1, 3])), max_size=2
    )
)
def test_nothing_is_lost_whatever_is_decided(tmp_path_factory, key, record, model, steps):
    steps = list({number: (kind, number) for kind, number in steps}.values())
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", POOL, holding=Holding(0.05))
    for number in (1, 2, 3, 4):
        ledger.append(record(number), model, held=HELD if number in (1, 3) else None)
    ledger.close()
    lines = taken(path, key, *steps)
    chain, _, _ = facts(path, key)
    found = read(path, key, lines)
    sums = account(chain, found)
    kinds = [kind for kind, _ in steps]
    assert sums.paid == (2 + kinds.count("release")) * POOL
    assert sums.void == kinds.count("void") * POOL
    assert sums.whole == 4 * POOL
    told = list(rows(read_lines(path), {one.round: one for one in found}))
    assert sum(row["payout"] for row in told) == sums.paid


def test_decisions_chain_on_from_the_close(made, key):
    lines = taken(made, key, ("release", 3), ("void", 1))
    released, void = read(made, key, lines)
    assert (released.round, sum(released.payouts.values())) == (3, POOL)
    assert (void.round, dict(void.payouts), void.reason) == (1, {}, "looked into it")
    last = list(read_lines(made))[-1].removesuffix(b"\n")
    assert json.loads(lines[0])["previous"] == sha256(last).hexdigest()
    assert json.loads(lines[1])["previous"] == sha256(lines[0]).hexdigest()
    assert [json.loads(one)["number"] for one in lines] == [6, 7]


def test_a_forged_decision_is_refused(made, key, stranger):
    chain, held, opened = facts(made, key)
    forged = decide(decision_fields(opened, "release", held[1], "mine"), chain, [], stranger)
    with pytest.raises(DecisionError, match="line 1 was altered, or signed by another key"):
        read(made, key, [forged])


def test_a_decision_is_not_replayed(made, key, tmp_path, record, model):
    first, second = taken(made, key, ("release", 1), ("release", 3))
    with pytest.raises(DecisionError, match="line 2 does not follow: it should be entry 7"):
        read(made, key, [first, first])
    with pytest.raises(DecisionError, match="line 1 does not follow: it should be entry 6"):
        read(made, key, [second, first])
    # In its place of another ledger of the same run, name and key.
    other = tmp_path / "other"
    ledger = FileLedger(other, key)
    ledger.open("default", "anml", POOL, holding=Holding(0.05))
    for number in (1, 2, 3, 4):
        ledger.append(record(number, (0.6, 0.4)), model, held=HELD if number != 2 else None)
    ledger.close()
    with pytest.raises(DecisionError, match="line 1 does not follow"):
        read(other, key, [first])


def test_the_server_itself_decides_a_round_once_and_by_its_weights(made, key):
    chain, held, opened = facts(made, key)
    first = taken(made, key, ("void", 1))
    fields = decision_fields(opened, "release", held[1], "after all")
    with pytest.raises(DecisionError, match="line 2 decides round 1 a second time"):
        read(made, key, [*first, decide(fields, chain, first, key)])
    for change, message in (
        ({"payouts": {"contributor-a": POOL}}, "payouts is not what follows from round 1"),
        ({"pool": POOL - 1}, "pool is not what follows"),
        ({"round": 2}, "decides what is not held: release of round 2"),
        ({"round": True}, "decides what is not held"),
        ({"kind": "undo"}, "decides what is not held: undo"),
        ({"run": "another"}, "run is not what follows"),
        ({"more": 1}, "more is not what follows"),
    ):
        with pytest.raises(DecisionError, match=message):
            read(made, key, [decide({**fields, **change}, chain, [], key)])


@pytest.mark.parametrize("edit", [
    lambda line: line.replace(b"looked", b"LOOKED"),
    lambda line: line.replace(b'":', b'": '),
    lambda line: line[:-1],
    lambda line: b"[]",
    lambda line: b"\xff" + line,
    lambda line: line.replace(b'"pool":1001', b'"pool":1001,"pool":1001'),
])  # fmt: skip
def test_every_byte_of_a_decision_is_signed(made, key, edit):
    (line,) = taken(made, key, ("release", 1))
    assert read(made, key, [line])
    with pytest.raises(DecisionError, match="line 1"):
        read(made, key, [edit(line)])


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "x" * 1001, "\ud800"])
def test_a_decision_has_a_reason_that_can_be_printed(made, key, reason):
    _, held, opened = facts(made, key)
    with pytest.raises(DecisionError, match="needs a reason of 1 to 1000 printable"):
        decision_fields(opened, "void", held[1], reason)


def test_exports_say_what_waits(made, key):
    out = BytesIO()
    (line,) = taken(made, key, ("release", 3))
    export(rows(read_lines(made), {3: read(made, key, [line])[0]}), "json", out)
    found = json.loads(out.getvalue())
    states = {row["round"]: row["state"] for row in found}
    assert states == {1: "held", 2: "settled", 3: "released", 4: "settled"}
    assert [row["payout"] for row in found if row["round"] in (1, 3)] == [
        0,
        0,
        0,
        501,
        250,
        250,
    ]
    assert {row["pool"] for row in found if row["round"] == 3} == {POOL}
