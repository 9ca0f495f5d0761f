from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from anml_fl.ledger.chain import BrokenError, Chain
from anml_fl.ledger.entry import close_fields, open_fields, round_fields, sign
from anml_fl.ledger.grammar import LONGEST_LINE, read, signed
from anml_fl.ledger.hashes import model_hash

PREVIOUS = b"0" * 64


def test_an_entry_is_sorted_json_signed_without_its_signature(key, record, model):
    line = sign(round_fields("default", record(1), model, 10), 1, PREVIOUS, key)
    entry = json.loads(line)
    assert line == json.dumps(entry, sort_keys=True, separators=(",", ":")).encode().replace(
        b"e-07", b"e-7"
    )
    signature = bytes.fromhex(entry.pop("signature"))
    body = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    key.public_key().verify(signature, body.replace(b"e-07", b"e-7"))
    assert signed(read(line)) == (signature, body.replace(b"e-07", b"e-7"))


def test_a_round_says_who_earned_what_and_null_is_nan(record, model):
    fields = round_fields("default", record(2, (0.75, 0.25, math.nan)), model, 1_000_001)
    people = fields.pop("contributors")
    assert fields == {
        "kind": "round",
        "run": "default",
        "round": 2,
        "strategy": "anml",
        "branch": "blend",
        "at": 58.25,
        "model": model,
        "pool": 1_000_001,
    }
    assert [one["payout"] for one in people] == [750_001, 250_000, 0]
    assert people[2] == {
        "contributor": "contributor-c",
        "q": None,
        "v": 0.85,
        "r": 0.4,
        "T": 2e-7,
        "weight": None,
        "selected": False,
        "reason": 'no reply\n"in time" ü',
        "payout": 0,
    }


def test_nothing_is_shared_where_there_is_nobody_to_pay(record, model):
    assert round_fields("default", record(1, (0.0, math.nan)), model, 10)["pool"] == 0
    assert round_fields("default", record(1, ()), model, 10)["pool"] == 0


def test_a_lone_surrogate_is_spelled_out(key, record, model):
    one = record(1, (1.0,))
    odd = replace(one, contributors=(replace(one.contributors[0], reason="a\ud800b"),))
    line = sign(round_fields("default", odd, model, 1), 1, PREVIOUS, key)
    assert json.loads(line)["contributors"][0]["reason"] == "a\\ud800b"


@pytest.mark.parametrize(
    "value", [0.0, 1.0, 0.1, 1 / 3, 5e-324, 1e-7, 1.5e-300, 1e-6, 0.000123456789012345678]
)
@pytest.mark.parametrize("name", ["", "ü\u2028😀", '"\\\b\t\n\f\r\x00\x1f\x7f', "],{}"])
def test_the_grammar_takes_what_is_written(key, record, model, value, name):
    one = record(1, (1.0,))
    person = replace(
        one.contributors[0],
        contributor=name,
        reason=name,
        q=value,
        v=value,
        r=value,
        T=value,
        weight=value,
    )
    fields = round_fields(name, replace(one, contributors=(person,), at=-value), model, 9)
    entry = read(sign(fields, 1, PREVIOUS, key))
    assert json.loads(entry.contributors[0]) == json.loads(entry.run) == name
    assert entry.payouts == [9 if value else 0]
    text = sign(open_fields(name, name, 3, bytes(32)), 0, PREVIOUS, key)
    assert json.loads(read(text).strategy) == name
    totals = {name: 2, "other": 1} if name else {}
    closed = read(sign(close_fields(1, totals), 2, PREVIOUS, key))
    assert json.loads(closed.totals) == totals


def _changed(line: bytes) -> list[tuple[str, bytes]]:
    return [
        ("space", line.replace(b'"kind":', b'"kind": ')),
        ("case", line.replace(b'"signature":"', b'"signature":"F', 1)),
        ("1e400", line.replace(b'"q":0.3333333333333333', b'"q":1e400')),
        ("exponent", line.replace(b'"at":57.25', b'"at":5725e2')),
        ("above 1", line.replace(b'"v":0.85', b'"v":1.85')),
        ("NaN", line.replace(b'"v":0.85', b'"v":NaN')),
        ("zeros", line.replace(b'"payout":5', b'"payout":05')),
        ("fraction", line.replace(b'"payout":5', b'"payout":5.0')),
        ("negative", line.replace(b'"payout":5', b'"payout":-5')),
        ("large", line.replace(b'"payout":5', b'"payout":10000000000000000')),
        ("duplicate", line.replace(b'"kind":"round",', b'"kind":"round","kind":"round",')),
        ("unknown", line.replace(b'"kind":"round",', b'"kind":"round","kinds":"round",')),
        ("missing", line.replace(b'"branch":"blend",', b"")),
        ("order", line.replace(b'"v":0.85,"weight":0.5', b'"weight":0.5,"v":0.85')),
        ("escape", line.replace(b'"branch":"blend"', b'"branch":"\\u0062lend"')),
        ("no UTF-8", line.replace(b'"branch":"blend"', b'"branch":"\xffblend"')),
        ("surrogate", line.replace(b'"branch":"blend"', b'"branch":"\\ud800"')),
        ("control", line.replace(b'"branch":"blend"', b'"branch":"\x00"')),
        ("comma", line.replace(b'},{"T"', b'}{"T"', 1)),
        ("commas", line.replace(b'},{"T"', b'},,{"T"', 1)),
        ("last comma", line.replace(b"}],", b"},],")),
        ("people twice", line.replace(b'],"kind"', b'],"contributors":[],"kind"')),
        ("after", line + b" "),
        ("before", b"\xef\xbb\xbf" + line),
        ("none", b""),
        ("cut", line[:-1]),
        ("array", b"[" * 100_000),
        ("long", b'{"at":' + b"1" * LONGEST_LINE),
    ]


def test_the_grammar_takes_nothing_else(key, record, model):
    line = sign(round_fields("default", record(1), model, 10), 1, PREVIOUS, key)
    assert read(line).payouts == [5, 3, 2]
    for name, other in _changed(line):
        assert other != line, name
        with pytest.raises(ValueError, match=r"^is "):
            read(other)


def test_what_is_no_entry_is_not_shown():
    with pytest.raises(ValueError, match=r"^is no entry$"):
        read(b"63,1,Smith\x1b[31m")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"run": "other"}, "another run"),
        ({"strategy": "other"}, "another run or strategy"),
        ({"round": 2}, "is of round 2, where 1"),
        ({"pool": 9}, "shares 9, not the pool of 10"),
        ({"pool": 0}, "pays 10 out of a pool of 0"),
        ({"contributors": []}, "pays 0 out of a pool of 10"),
    ],
)
def test_a_signed_round_that_does_not_add_up_is_refused(key, record, model, change, why):
    chain = Chain()
    public = key.public_key().public_bytes_raw()
    chain.add(sign(open_fields("default", "anml", 10, public), 0, PREVIOUS, key) + b"\n")
    fields = round_fields("default", record(1), model, 10) | change
    with pytest.raises(BrokenError, match=why):
        chain.add(sign(fields, 1, chain.head, key) + b"\n")


def test_a_contributor_is_paid_once_a_round(key, record, model):
    chain = Chain()
    public = key.public_key().public_bytes_raw()
    chain.add(sign(open_fields("default", "anml", 10, public), 0, PREVIOUS, key) + b"\n")
    one = record(1, (1.0,))
    fields = round_fields(
        "default", replace(one, contributors=one.contributors * 2), model, 10
    )
    with pytest.raises(BrokenError, match="twice"):
        chain.add(sign(fields, 1, chain.head, key) + b"\n")


@pytest.mark.parametrize(
    ("rounds", "totals", "why"),
    [
        (2, {"contributor-a": 10}, "counts 2 rounds, not 1"),
        (1, {"contributor-a": 9}, "other totals"),
        (1, {}, "other totals"),
    ],
)
def test_a_signed_close_that_does_not_add_up_is_refused(
    key, record, model, rounds, totals, why
):
    chain = Chain()
    public = key.public_key().public_bytes_raw()
    fields = open_fields("default", "anml", 10, public)
    chain.add(sign(fields, 0, PREVIOUS, key) + b"\n")
    fields = round_fields("default", record(1, (1.0,)), model, 10)
    chain.add(sign(fields, 1, chain.head, key) + b"\n")
    with pytest.raises(BrokenError, match=why):
        chain.add(sign(close_fields(rounds, totals), 2, chain.head, key) + b"\n")
    with pytest.raises(BrokenError, match="not opened"):
        Chain().add(sign(close_fields(0, {}), 0, PREVIOUS, key) + b"\n")


def test_what_is_paid_in_all_stays_a_whole_number_for_json(key, record, model):
    chain = Chain()
    public = key.public_key().public_bytes_raw()
    pool = 2**53 - 1
    chain.add(sign(open_fields("default", "anml", pool, public), 0, PREVIOUS, key) + b"\n")
    fields = round_fields("default", record(1), model, pool)
    chain.add(sign(fields, 1, chain.head, key) + b"\n")
    fields = round_fields("default", record(2), model, pool)
    with pytest.raises(BrokenError, match=r"above 2\*\*53 - 1"):
        chain.add(sign(fields, 2, chain.head, key) + b"\n")


def test_a_models_hash_is_of_header_lines_and_bytes():
    weights = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    text = b'["b","<i8",[]]\n' + (7).to_bytes(8, "little")
    text += b'["w","<f4",[2,2]]\n' + weights.tobytes()
    expected = "sha256:" + hashlib.sha256(text).hexdigest()
    assert model_hash({"w": weights, "b": np.array(7)}) == expected
    # The same model, whatever its layout in memory.
    assert model_hash({"b": np.array(7), "w": weights.T.copy().T}) == expected
    assert model_hash({"b": np.array(7, ">i8"), "w": weights.astype(">f4")}) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"v": np.zeros(4, np.float32)},
        {"w": np.zeros(2)},
        {"w": np.zeros((2, 2), np.float32)},
        {"w": np.full(4, -0.0, np.float32)},
        {"w": np.zeros(4, np.int32)},
        {"w": np.zeros(4, np.float32), "x": np.zeros(0, np.float32)},
        {"w": np.zeros(2, np.float32), "x": np.zeros(2, np.float32)},
        {},
    ],
)
def test_another_model_has_another_hash(other):
    assert model_hash(other) != model_hash({"w": np.zeros(4, np.float32)})


def test_a_model_of_objects_has_no_hash():
    with pytest.raises(ValueError, match="must hold numbers, got object"):
        model_hash({"w": np.array([None])})


@pytest.mark.parametrize(
    ("number", "previous", "why"),
    [(2, None, "is entry 2, where 1 should be"), (1, b"f" * 64, "follows a line with hash f")],
)
def test_a_signed_entry_out_of_its_place_is_refused(key, record, model, number, previous, why):
    chain = Chain()
    public = key.public_key().public_bytes_raw()
    chain.add(sign(open_fields("default", "anml", 10, public), 0, PREVIOUS, key) + b"\n")
    fields = round_fields("default", record(1), model, 10)
    with pytest.raises(BrokenError, match=why):
        chain.add(sign(fields, number, previous or chain.head, key) + b"\n")
