"""A round's line in parts: what it says of all, and of each contributor name and weight.

A line of ten thousand contributors has two megabytes, and a curve needs a dozen numbers of it.
The forms that are searched for hold quotes, which inside a text are escaped: no text of
anybody's can be taken for them. A line of another form is read whole.
"""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass
from typing import Any

from anml_fl.reasons.reply_words import GONE, LATE, NO_REPLY, NOT_CONNECTED, sent_nothing

_PEOPLE = b'"contributors":['
# What follows the list: the first of them that the round has.
_AFTER = (b'],"judgement":{', b'],"measure":{', b'],"min_s":')
# In the order in which `ContributorRecord.to_json` writes them.
_NAME = re.compile(rb'"contributor":("(?:[^"\\]++|\\.)*+"),')
_NOTHING = tuple(
    f'"reason":"{said}'.encode() for said in (f'{NO_REPLY}"', f'{NOT_CONNECTED}"', *LATE, GONE)
)
_WEIGHT = re.compile(rb'"weight":([^,{}\[\]"]+)\}')


@dataclass(frozen=True, slots=True)
class ShortRound:
    """What is kept of a round's line.

    Parameters
    ----------
    fields : dict
        Of the round, without its contributors.
    names : tuple of str
        Of the contributors, in the line's order.
    weights : array
        Of each, as float32; nan where the rule has none.
    left_out, missing : int
        Replies that were left out, those of nobody included; contributors that sent nothing.
    """

    fields: dict[str, Any]
    names: tuple[str, ...]
    weights: array[float]
    left_out: int
    missing: int


def short_round(line: bytes, before: tuple[str, ...] = ()) -> ShortRound:
    """Read what a round's line says of all.

    Parameters
    ----------
    line : bytes
        As `RoundRecord.to_json` writes it.
    before : tuple of str
        Names of the round before: kept once where they are the same.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If it is no round's line.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> line = RoundRecord(3, "anml", "krum", 0.1, 0.2, ()).to_json().encode()
    >>> short_round(line).fields["round"]
    3
    """
    begin = line.find(_PEOPLE) + len(_PEOPLE)
    end = max(map(line.rfind, _AFTER))
    people = line[begin:end] if begin <= end else b""
    found, weights = _NAME.findall(people), _WEIGHT.findall(people)
    if not len(found) == len(weights) == people.count(b'"reason":') > 0:
        return _by_reading_all(line)
    fields = json.loads(line[:begin] + line[end:])
    names = tuple(json.loads(b"[" + b",".join(found) + b"]"))
    return ShortRound(
        _checked(fields),
        before if names == before else names,
        array("f", [float("nan") if one == b"null" else float(one) for one in weights]),
        len(found) - people.count(b'"reason":null') + len(fields["refused"]),
        sum(map(people.count, _NOTHING)),
    )


def _by_reading_all(line: bytes) -> ShortRound:
    fields: dict[str, Any] = json.loads(line)
    people = fields.pop("contributors")
    weights = [float("nan") if one["weight"] is None else one["weight"] for one in people]
    reasons = [one["reason"] for one in people]
    return ShortRound(
        _checked(fields),
        tuple(str(one["contributor"]) for one in people),
        array("f", weights),
        len(reasons) - reasons.count(None) + len(fields["refused"]),
        sum(one is not None and sent_nothing(one) for one in reasons),
    )


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Refuse what the page would stumble over later."""
    numbers = [fields[name] for name in ("rho_c", "min_s", "test_error")]
    numbers += [fields["at"], fields.get("test_score")]
    texts = [fields["branch"], fields["note"]]
    if not (
        type(fields["round"]) is int
        and all(one is None or type(one) in (int, float) for one in numbers)
        and all(one is None or isinstance(one, str) for one in texts)
        and all(isinstance(one, str) for one in fields["refused"])
    ):
        raise ValueError("no round's line: a value is of another type")
    return fields
