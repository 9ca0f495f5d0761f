"""A statement's file: its signature by another way, and whatever a program does to a file."""

from __future__ import annotations

import json
import re

import pytest
import rfc8785

from anml_fl.run.difference import DifferenceError
from anml_fl.statement.signing import read, signature_flaw, written


@pytest.fixture
def content(made) -> bytes:
    return made.content("ann")


def test_what_is_signed_is_the_line_without_the_signature(content, server):
    """As docs/statements.md does it with sed and openssl: no JSON is read."""
    line = content.removesuffix(b"\n")
    (digits,) = re.findall(rb'"signature":"([0-9a-f]{128})",', line)
    body = re.sub(rb'"signature":"[0-9a-f]{128}",', b"", line)
    server.public_key().verify(bytes.fromhex(digits.decode()), body)


def test_a_statement_is_no_entry_of_a_ledger(content):
    from anml_fl.ledger.grammar import read as entry

    with pytest.raises(ValueError, match="is no entry"):
        entry(content.removesuffix(b"\n"))


def test_the_same_statement_is_the_same_bytes(made, content):
    assert made.content("ann") == content
    assert signature_flaw(read(content), made.key.public_key()) is None


def test_an_unsigned_one_says_so(made, server):
    found = read(made.content("ann", signed=False))
    assert found["signature"] is None
    assert signature_flaw(found, server.public_key()) is None


@pytest.mark.parametrize("signature", ["", "ab" * 63, "AB" * 64, 5, [], True, "zz" * 64])
def test_a_signature_of_another_form_is_none(made, server, signature):
    fields = {**read(made.content("ann")), "signature": signature}
    assert "neither 128" in signature_flaw(fields, server.public_key())


def test_without_the_field_it_is_not_taken_for_unsigned(made, server):
    fields = read(made.content("ann"))
    del fields["signature"]
    assert "neither 128" in signature_flaw(fields, server.public_key())


def test_another_keys_signature_is_named(made, server, stranger):
    forged = read(written(made.statement("ann").fields(), stranger))
    assert "another key" in signature_flaw(forged, server.public_key())
    assert signature_flaw(forged, stranger.public_key()) is None


def _again(content, **changed):
    return rfc8785.dumps({**json.loads(content), **changed}) + b"\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.replace(b"\n", b"\r\n"), "ended by CR LF"),
        (lambda c: c.replace(b"\n", b"\r"), "ended by CR, not LF"),
        (lambda c: b"\xef\xbb\xbf" + c, "byte order mark"),
        (lambda c: c[:-1], "cut off"),
        (lambda c: c[:500], "no JSON"),
        (lambda c: b"", "no JSON"),
        (lambda c: c + c, "more than one line"),
        (lambda c: c + b"\n", "more than one line"),
        (lambda c: json.dumps(json.loads(c)).encode() + b"\n", "spelled otherwise"),
        (lambda c: c.replace(b'"format":1', b'"format":1.0'), "spelled otherwise"),
        (lambda c: c.replace(b'"format":1', b'"format":1,"format":1'), "stands there twice"),
        (lambda c: c.replace(b'"format":1', b'"format":NaN'), "NaN is no JSON"),
        (lambda c: c.replace(b'"entries":6', b'"entries":9007199254740993'), "no JSON of"),
        (lambda c: b"\xff" + c, "no JSON"),
        (lambda c: b"[1]\n", "no statement"),
        (lambda c: b"7\n", "no statement"),
        (lambda c: b"[" * 100_000 + b"]" * 100_000 + b"\n", "nested too deeply"),
        (lambda c: b"[" * 60 + b"]" * 60 + b"\n", "nested deeper"),
        (lambda c: _again(c, kind="round"), "no statement"),
        (lambda c: _again(c, format=2), "format is not 1"),
        (lambda c: _again(c, format=True), "format is not 1"),
        (lambda c: b"<!DOCTYPE html>\n<html>", "the .json file beside it"),
    ],
)
def test_what_a_program_has_done_to_it_is_said(content, change, said):
    with pytest.raises(DifferenceError, match=re.escape(said)):
        read(change(content))
