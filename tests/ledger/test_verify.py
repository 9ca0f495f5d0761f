from __future__ import annotations

import io
import json
import math
import resource
import sys
import time
import tracemalloc
from dataclasses import replace
from hashlib import sha256

import pytest

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import round_fields, sign
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.grammar import LONGEST_LINE
from anml_fl.ledger.verify import verify, verify_file
from studies.benchmarks import ledger as benchmark

ENTRIES = 6  # of the small ledger: open, four rounds, close


def _verdict(lines, key, unfinished=False):
    text = b"".join(lines)
    return verify(lambda: io.BytesIO(text), key.public_key(), unfinished=unfinished)


@pytest.fixture
def lines(small):
    """The small ledger's lines, with their newlines."""
    return small.read_bytes().splitlines(keepends=True)


def test_a_ledger_without_fault_is_found_so(small, key):
    verdict = verify_file(small, key.public_key())
    assert verdict.ok
    assert (verdict.chain.entries, verdict.chain.rounds) == (6, 4)
    assert verdict.chain.closed
    # a: 500001 + 1000003 + 0 + 500001; b and c: 250001 + 0 + 0 + 250001.
    assert verdict.chain.totals == {
        b'"contributor-a"': 2_000_005,
        b'"contributor-b"': 500_002,
        b'"contributor-c"': 500_002,
    }


@pytest.mark.slow
def test_every_flipped_byte_is_found_and_its_entry_named(tmp_path, key, record, model):
    path, public = tmp_path / "short.jsonl", key.public_key()
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1_000)
    ledger.append(record(1, (0.75, 0.25)), model)
    ledger.append(record(2, (math.nan,)), model)
    ledger.close()
    lines = path.read_bytes().splitlines(keepends=True)
    numbers = [number for number, line in enumerate(lines) for _ in line]
    text = bytearray(b"".join(lines))
    for place, number in enumerate(numbers):
        old = text[place]
        for new in {old ^ 1, old ^ 0x80, ord("\n")} - {old}:
            text[place] = new
            flipped = bytes(text)
            verdict = verify(lambda flipped=flipped: io.BytesIO(flipped), public)
            assert not verdict.ok, (place, new)
            assert verdict.chain.entries == number, (place, new, verdict.fault)
        text[place] = old


@pytest.mark.parametrize("number", range(ENTRIES))
def test_a_removed_entry_is_found_where_it_is_missing(lines, key, number):
    verdict = _verdict(lines[:number] + lines[number + 1 :], key)
    assert not verdict.ok
    assert verdict.chain.entries == number


@pytest.mark.parametrize("kept", range(ENTRIES))
def test_a_cut_end_is_found(lines, key, kept):
    verdict = _verdict(lines[:kept], key)
    assert "missing" in verdict.fault
    assert verdict.chain.entries == kept


@pytest.mark.parametrize("number", range(ENTRIES - 1))
def test_two_swapped_entries_are_found_at_the_first(lines, key, number):
    lines[number : number + 2] = lines[number + 1], lines[number]
    verdict = _verdict(lines, key)
    assert not verdict.ok
    assert verdict.chain.entries == number


@pytest.mark.parametrize("number", range(ENTRIES))
@pytest.mark.parametrize("after", range(ENTRIES))
def test_a_repeated_entry_is_found_where_it_stands(lines, key, number, after):
    verdict = _verdict([*lines[: after + 1], lines[number], *lines[after + 1 :]], key)
    assert not verdict.ok
    # Right before itself it is in its place, and the second of the two is not.
    assert verdict.chain.entries == after + (2 if number == after + 1 else 1)


@pytest.mark.parametrize("number", range(1, ENTRIES))
def test_a_forged_entry_is_found(lines, key, stranger, record, model, number):
    previous = json.loads(lines[number])["previous"].encode()
    fields = round_fields("default", record(number), model, 1_000_003)
    forged = sign(fields, number, previous, stranger) + b"\n"
    for put in ([forged], [forged, lines[number]]):
        verdict = _verdict([*lines[:number], *put, *lines[number + 1 :]], key)
        assert verdict.fault == "was altered, or signed by another key"
        assert verdict.chain.entries == number


def _rewritten(lines, signer, first, change):
    """Put a chain in order again from an entry on, with somebody's signatures."""
    made = lines[:first]
    for number, line in enumerate(lines[first:], first):
        fields = json.loads(line)
        for name in ("number", "previous", "signature"):
            del fields[name]
        if number == first:
            change(fields)
        previous = sha256(made[-1][:-1]).hexdigest().encode() if made else b"0" * 64
        made.append(sign(fields, number, previous, signer) + b"\n")
    return made


@pytest.mark.parametrize("first", range(1, ENTRIES))
def test_a_rewritten_end_is_found_where_it_begins(lines, key, stranger, first):
    verdict = _verdict(_rewritten(lines, stranger, first, lambda fields: None), key)
    assert verdict.fault == "was altered, or signed by another key"
    assert verdict.chain.entries == first


def test_the_holder_of_the_key_can_rewrite(lines, key):
    def change(fields):
        fields["branch"] = "krum"

    assert _verdict(_rewritten(lines, key, 2, change), key).ok


def test_a_signature_moved_to_another_entry_is_found(lines, key):
    one, other = (json.loads(line)["signature"].encode() for line in lines[2:4])
    lines[2] = lines[2].replace(one, other)
    assert _verdict(lines, key).chain.entries == 2


def test_another_key_is_named_at_once(lines, key, stranger):
    verdict = _verdict(lines, stranger)
    assert verdict.chain.entries == 0
    assert key.public_key().public_bytes_raw().hex() in verdict.fault
    assert str(verdict).startswith("bad: entry 0 (line 1): the line opens a ledger of the key")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "empty"),
        (b"\n", "is no entry"),
        (b"{}", "torn"),
        (b"\xff\xfe\n", "not UTF-8: invalid start byte at byte 0"),
        (b'{"a":' * 10_000 + b"\n", "is no entry"),
        (b"9" * (2 * LONGEST_LINE), "torn"),
        (b"\x00" * 100, "torn"),
    ],
)
@pytest.mark.parametrize("unfinished", [False, True])
def test_what_is_no_ledger_is_no_reason_to_fail(tmp_path, key, text, why, unfinished):
    path = tmp_path / "odd.jsonl"
    path.write_bytes(text)
    verdict = verify_file(path, key.public_key(), unfinished=unfinished)
    assert why in verdict.fault
    assert verdict.chain.entries == 0


def test_more_after_the_close_is_found(lines, key):
    for unfinished in (False, True):
        assert _verdict([*lines, lines[-1]], key, unfinished).fault == "comes after the close"
        verdict = _verdict([*lines, b"x"], key, unfinished)
        assert verdict.chain.entries == ENTRIES
        assert "torn" in verdict.fault
    assert "torn" in _verdict([*lines[:-1], lines[-1][:-1]], key).fault


def test_an_open_ledger_is_accepted_only_when_asked(lines, key):
    for kept in range(1, ENTRIES):
        verdict = _verdict(lines[:kept], key, unfinished=True)
        assert verdict.ok
        assert not verdict.torn
        assert "not closed yet" in str(verdict)
        for end in (1, 100, len(lines[kept]) - 1):
            torn = _verdict([*lines[:kept], lines[kept][:end]], key, unfinished=True)
            assert torn.ok
            assert torn.torn
            assert torn.chain.entries == kept
            assert "torn" in str(torn)


def test_an_open_ledgers_last_entry_is_checked_too(lines, key):
    lines[3] = lines[3].replace(b'"at":59.25', b'"at":59.26')
    verdict = _verdict(lines[:4], key, unfinished=True)
    assert (verdict.ok, verdict.chain.entries) == (False, 3)


def test_a_line_longer_than_any_entry_is_found_even_if_the_ledger_is_open(
    lines, key, tmp_path
):
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(lines[:2]) + b"9" * (2 * LONGEST_LINE))
    verdict = verify_file(path, key.public_key(), unfinished=True)
    assert not verdict.ok
    assert verdict.chain.entries == 2


def test_a_benchmarks_ledger_is_a_real_one(tmp_path, key):
    path = tmp_path / "ledger.jsonl"
    benchmark.write(path, key, 300, contributors=3)
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"number":250,', b'"number":251,'))
    # A fault makes every signature before it count.
    assert verify_file(path, key.public_key()).chain.entries == 250


@pytest.mark.slow
def test_a_million_entries_would_take_a_minute_and_no_memory(tmp_path, key):
    peaks, entries = [], 50_000
    for size in (500, 5_000):  # tracing takes ten times as long
        path = tmp_path / f"{size}.jsonl"
        benchmark.write(path, key, size)
        tracemalloc.start()
        try:
            assert verify_file(path, key.public_key()).ok
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
    path = tmp_path / "ledger.jsonl"
    benchmark.write(path, key, entries)
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert verify_file(path, key.public_key()).ok
    # Twice the promise, for a shared machine; measured is under 45 s.
    assert (time.process_time() - start) * 1_000_000 / entries < 120
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 20e6


@pytest.mark.parametrize(
    ("damage", "number", "why"),
    [
        (lambda text: text.replace(b"\n", b"\r\n"), 0, "is ended by CR LF, not LF"),
        (lambda text: text.replace(b"\n", b"\r"), 0, "is ended by CR, not LF"),
        (lambda text: text.replace(b"\n", b"\r\n", 1), 0, "is ended by CR LF, not LF"),
        (lambda text: b"\xef\xbb\xbf" + text, 0, "is behind a byte order mark"),
        (lambda text: text.replace("\u2028".encode(), b"\n"), 2, "takes U+2028"),
        (lambda text: text.replace("\u2028".encode(), b" "), 2, "was altered"),
    ],
)
@pytest.mark.parametrize("unfinished", [False, True])
def test_what_programs_do_to_a_text_is_told_as_such(
    tmp_path, key, record, model, damage, number, why, unfinished
):
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1000)
    ledger.append(record(1), model)
    person = replace(record(2).contributors[0], contributor="a\u2028b\x85c\u2029d")
    ledger.append(replace(record(2), contributors=(person,)), model)
    ledger.close()
    assert verify_file(path, key.public_key()).ok
    path.write_bytes(damage(path.read_bytes()))
    verdict = verify_file(path, key.public_key(), unfinished=unfinished)
    assert why in verdict.fault
    assert verdict.chain.entries == number
    # Nor is such a file taken for one that a crash has torn, and cut.
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="cannot go on: bad: entry"):
        FileLedger(path, key)
    assert path.read_bytes() == before
