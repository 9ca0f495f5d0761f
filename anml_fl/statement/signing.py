"""A statement's file: one line of canonical JSON (RFC 8785), signed or said not to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import rfc8785
from cryptography.exceptions import InvalidSignature

from anml_fl.ledger.grammar import damage
from anml_fl.run.difference import DifferenceError, strict_json
from anml_fl.statement.statement import FORMAT, KIND

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from anml_fl.ledger.entry import Fields

LONGEST = 64 * 2**20
"""Bytes of a file: 50,000 rounds."""

_SIGNATURE = "signature"
_DEEPEST = 5  # a statement, its rounds, one of them, its reason, and the parts of that
_DIGITS = re.compile("[0-9a-f]{128}")


def written(fields: Fields, key: Ed25519PrivateKey | None) -> bytes:
    r"""Write a statement.

    Parameters
    ----------
    fields : dict
        From `Statement.fields`.
    key : Ed25519PrivateKey, optional
        The ledger's; None where it is not at hand: `signature` is null then.

    Returns
    -------
    bytes
        One line with its newline. The signature is over it without the newline and without
        `"signature":"...",`, as in the ledger: the same arguments give the same bytes.

    Examples
    --------
    >>> written({"kind": "statement", "totals": 1}, None)
    b'{"kind":"statement","signature":null,"totals":1}\n'
    """
    if key is None:
        return rfc8785.dumps({**fields, _SIGNATURE: None}) + b"\n"
    # Names are sorted, quotes inside a text escaped, and no other field is an empty text of
    # this name: what is signed stands around it.
    before, _, after = rfc8785.dumps({**fields, _SIGNATURE: ""}).partition(b'"signature":"",')
    return b'%b"signature":"%b",%b\n' % (
        before,
        key.sign(before + after).hex().encode(),
        after,
    )


def read(content: bytes) -> Fields:
    """Read what `written` wrote, to the letter; what its fields say is not looked at.

    Returns
    -------
    dict
        With the signature.

    Raises
    ------
    DifferenceError
        If it is anything else; the message says what a program has done to it, if it shows.

    Examples
    --------
    >>> read(b'{"kind":"statement"}')
    Traceback (most recent call last):
    anml_fl.run.difference.DifferenceError: it has no newline at its end: it was cut off
    """
    if content.lstrip()[:1] == b"<":
        raise DifferenceError(
            "it is a page, for people: the statement is the .json file beside it"
        )
    first, newline, rest = content.partition(b"\n")
    if fault := damage(first + newline):
        raise DifferenceError(f"the line {fault}")
    if rest:
        raise DifferenceError("it has more than one line, and a statement is one")
    try:
        found = strict_json(first)
        canonical = rfc8785.dumps(found)
    except (ValueError, RecursionError) as error:
        raise DifferenceError(f"it is no JSON of the canonical form: {error}") from error
    if not newline:
        raise DifferenceError("it has no newline at its end: it was cut off")
    if _is_deep(found):
        raise DifferenceError("it is nested deeper than a statement is")
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise DifferenceError(f'it is no statement: its "kind" is not "{KIND}"')
    if canonical != first:
        raise DifferenceError(
            "it is spelled otherwise than canonical JSON (RFC 8785): a program has saved it"
            " in a way of its own"
        )
    if found.get("format") != FORMAT or type(found["format"]) is not int:
        raise DifferenceError(
            f"its format is not {FORMAT}, which this code reads: use the version of anml-fl"
            " that wrote it"
        )
    return found


def signature_flaw(fields: Fields, key: Ed25519PublicKey) -> str | None:
    """Say what is wrong with a signature.

    Parameters
    ----------
    fields : dict
        From `read`.
    key : Ed25519PublicKey
        The ledger's.

    Returns
    -------
    str or None
        None if it holds, and where there is none: see `is_signed`.
    """
    said: Any = fields.get(_SIGNATURE, "")
    if said is None:
        return None
    if not isinstance(said, str) or not _DIGITS.fullmatch(said):
        return "signature is neither 128 hexadecimal digits nor null"
    rest = {name: value for name, value in fields.items() if name != _SIGNATURE}
    try:
        key.verify(bytes.fromhex(said), rfc8785.dumps(rest))
    except InvalidSignature:
        return (
            "signature is not by the ledger's key over this text: it was altered, or signed"
            " by another key"
        )
    return None


def is_signed(fields: Fields) -> bool:
    """Whether there is a signature, good or not."""
    return fields.get(_SIGNATURE, "") is not None


def _is_deep(value: object) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)
