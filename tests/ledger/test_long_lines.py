"""Ledgers of many contributors: as long as their lines must be, and no longer."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import pytest

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import open_fields, sign
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.grammar import LONGEST_LINE, MOST_CONTRIBUTORS, UNSAID, longest_line, read
from anml_fl.ledger.verify import read_lines, verify, verify_file

MANY = 20_000
NOTHING = b"0" * 64


def opened(key, contributors):
    fields = open_fields(
        "r", "anml", 10, key.public_key().public_bytes_raw(), None, contributors
    )
    return sign(fields, 0, NOTHING, key) + b"\n"


def test_few_contributors_are_not_counted_and_the_entry_is_as_it_always_was(key):
    public = key.public_key().public_bytes_raw()
    for few in (0, 1, 10_000, UNSAID):
        assert open_fields("r", "anml", 10, public, None, few) == open_fields(
            "r", "anml", 10, public
        )
    assert json.loads(opened(key, UNSAID + 1))["contributors"] == UNSAID + 1
    assert read(opened(key, UNSAID)[:-1]).longest == LONGEST_LINE
    assert read(opened(key, MANY)[:-1]).longest == MANY * 1024


@pytest.mark.parametrize("number", [MOST_CONTRIBUTORS + 1, -1, 1.5])
def test_nobody_opens_a_ledger_of_more_than_there_may_be(key, tmp_path, number):
    ledger = FileLedger(tmp_path / "ledger.jsonl", key)
    with pytest.raises(LedgerError, match="contributors must be"):
        ledger.open("r", "anml", 10, None, number)


def test_a_round_of_more_contributors_than_sixteen_mebibytes_hold_is_settled(
    key, record, model, tmp_path
):
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("r", "anml", 1_000_000, None, MANY)
    one = record(1, (1.0,) * MANY)
    people = [(f"{i:05d}" + "ü" * 400) for i in range(MANY)]
    everyone = tuple(
        replace(person, contributor=name)
        for person, name in zip(one.contributors, people, strict=True)
    )
    line = ledger.append(replace(one, contributors=everyone), model)
    assert len(line.encode()) > LONGEST_LINE
    ledger.close()
    assert verify_file(path, key.public_key()).ok
    assert FileLedger(path, key).rounds == 1


def test_what_an_unsigned_entry_says_lengthens_no_line(key, stranger):
    asked = []

    class Watched(BytesIO):
        def readline(self, size=-1):
            asked.append(size)
            return super().readline(size)

    class File:
        def __init__(self, content):
            self.content = content

        def open(self, mode, buffering):
            return Watched(self.content)

    for signer, most in ((stranger, LONGEST_LINE), (key, MANY * 1024)):
        asked.clear()
        file = File(opened(signer, MANY) + b"9" * 100)
        found = verify(lambda file=file: read_lines(file), key.public_key())
        assert not found.ok
        assert max(asked) == most


@pytest.mark.parametrize(
    "line",
    [
        b'{"contributors":9999999,"kind":"open"}',
        b'{"contributors":1000001,"kind":"open"}',
        b'{"contributors":1000000,"kind":"open"}',
    ],
)
def test_no_line_is_longer_than_that_of_the_largest_federation(line):
    assert longest_line(line) == MOST_CONTRIBUTORS * 1024


@pytest.mark.parametrize(
    "line", [b'{"contributors":99999999,', b'{"contributors":0,', b'{"contributors":-5,', b""]
)
def test_what_counts_nobody_allows_no_more(line):
    assert longest_line(line) == LONGEST_LINE
