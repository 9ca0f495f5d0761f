"""The contributors of a round's entry as canonical JSON (RFC 8785), written in one pass."""

from __future__ import annotations

import math
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anml_fl.method.records import ContributorRecord

# From here on Python writes no exponent; nor does RFC 8785, from the second on.
_WHOLE = {0.0: "0", 1.0: "1"}
_NO_EXPONENT, _NO_EXPONENT_THERE = 1e-4, 1e-6


def people_text(contributors: Sequence[ContributorRecord], paid: Iterable[int]) -> bytes:
    """Write contributors as a round's entry has them, between the brackets.

    Parameters
    ----------
    contributors : sequence of ContributorRecord
    paid : iterable of int
        To each of them, micro-units.

    Returns
    -------
    bytes
        The same as `rfc8785.dumps` of the `contributors` of `entry.round_fields`.

    Raises
    ------
    ValueError
        If a number is infinite.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord
    >>> one = ContributorRecord("a", 1.0, 0.8, 1e-5, 1.0, 0.64, float("nan"), True)
    >>> people_text([one], [9])[:64]
    b'{"T":1,"contributor":"a","payout":9,"q":1,"r":0.00001,"reason":n'
    """
    shared, texts = _Shared(), _Texts()
    return ",".join(
        [
            f'{{"T":{shared.text(one.T)},"contributor":{texts[one.contributor]},'
            f'{"" if one.egress is None else _egress(one.egress)}"payout":{payout},'
            f'"q":{_number(one.q)},"r":{shared.text(one.r)},'
            f'"reason":{texts[one.reason]},"selected":{"true" if one.selected else "false"},'
            f'"v":{shared.text(one.v)},"weight":{_number(one.weight)}}}'
            for one, payout in zip(contributors, paid, strict=True)
        ]
    ).encode()


def spelled_out(text: str) -> str:
    r"""Spell a lone surrogate out, which has no UTF-8.

    Examples
    --------
    >>> spelled_out("a\ud800")
    'a\\ud800'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _number(value: float) -> str:
    if math.isnan(value):
        return "null"
    if type(value) is not float or not 0.0 < value < 1.0:
        # By far the most: a share of nothing, and all of something.
        if type(value) is float and value in _WHOLE:
            return _WHOLE[value]
        return rfc8785.dumps(value).decode()
    written = float.__repr__(value)
    if value >= _NO_EXPONENT:
        return written
    if value < _NO_EXPONENT_THERE:
        return written.replace("e-0", "e-")
    digits, _, exponent = written.replace(".", "").partition("e-")
    return f"0.{digits.rjust(len(digits) + int(exponent) - 1, '0')}"


class _Shared(dict[float, str]):
    """Signals that many contributors have alike, each written once."""

    def text(self, value: float) -> str:
        # Not by the value of others: True and 1.0 are one key.
        return self[value] if type(value) is float else _number(value)

    def __missing__(self, value: float) -> str:
        written = self[value] = _number(value)
        return written


class _Texts(dict["str | None", str]):
    """Names, and reasons that many share."""

    def __missing__(self, value: str | None) -> str:
        written = self[value] = (
            "null" if value is None else encode_basestring(spelled_out(value))
        )
        return written


def _egress(policy: str) -> str:
    return f'"egress":{encode_basestring(policy)},'
