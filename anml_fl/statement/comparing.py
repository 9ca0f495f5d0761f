"""Where a statement parts from what follows from a ledger and its records: every field."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import rfc8785

from anml_fl.run.difference import shown
from anml_fl.statement.statement import FROM_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anml_fl.ledger.entry import Fields
    from anml_fl.statement.statement import Statement

# Reasons are worked out anew, perhaps on another machine; what was signed has all its digits.
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
_RECORDS, _LEDGER = "its record", "the ledger"


def differences(said: Mapping[str, Any], statement: Statement) -> Iterator[str]:
    """Name every field of a statement that is not as it should be.

    Parameters
    ----------
    said : mapping
        What a statement says, from `read`; it may be anybody's.
    statement : Statement
        What follows from the ledger; what records are needed for is compared if it has that.

    Yields
    ------
    str
        A sentence without its end, which names the round and the field.
    """
    should = json.loads(rfc8785.dumps(statement.fields()))
    whole = statement.over is not None
    own, own_should = dict(said), dict(should)
    rounds, rounds_should = own.pop("rounds", None), own_should.pop("rounds")
    own.pop("signature", None)  # read apart
    yield from _fields("", own, own_should, whole=whole, source=_LEDGER)
    if not isinstance(rounds, list):
        yield f"rounds is {shown(rounds)}, and must be a list"
        return
    yield from _rounds(rounds, rounds_should, whole=whole)


def _rounds(said: list[Any], should: list[Fields], *, whole: bool) -> Iterator[str]:
    expected = {one["round"]: one for one in should}
    found: dict[int, Fields] = {}
    for place, one in enumerate(said, start=1):
        number = one.get("round") if isinstance(one, dict) else None
        if type(number) is not int or number not in expected:
            yield (
                f"rounds, item {place}: its round is {shown(number)}, in which the ledger did"
                " not ask the contributor"
            )
        elif number in found:
            yield f"round {number} is stated twice"
        else:
            found[number] = one
    for number, one in expected.items():
        if number not in found:
            yield f"round {number} is missing, which is entry {one['entry']} of the ledger"
            continue
        source = f"entry {one['entry']} of the ledger"
        yield from _fields(f"round {number}: ", found[number], one, whole=whole, source=source)
    if list(found) != sorted(found):
        yield "the rounds are not in their order"


def _fields(
    place: str, said: Mapping[str, Any], should: Fields, *, whole: bool, source: str
) -> Iterator[str]:
    """Compare all fields of the statement, or of one round."""
    for name in sorted(set(said) - set(should)):
        yield f"{place}{shown(name)} is no field of a statement"
    for name, value in should.items():
        derived = name in FROM_RECORDS
        if name not in said:
            yield f"{place}{name} is missing"
        elif not derived:
            yield from _values(f"{place}{name}", said[name], value, source)
        elif whole:
            yield from _values(f"{place}{name}", said[name], value, _RECORDS, near=True)


def _values(
    place: str, said: Any, should: Any, source: str, *, near: bool = False
) -> Iterator[str]:
    if isinstance(should, dict) and isinstance(said, dict):
        for name in sorted({*said, *should}):
            inside = f"{place}, {shown(name)}"
            if name not in should:
                yield f"{inside} does not follow from {source}"
            elif name not in said:
                yield f"{inside} is missing"
            else:
                yield from _values(inside, said[name], should[name], source, near=near)
    elif not _same(said, should, near=near):
        yield f"{place} is {shown(said)}, but {shown(should)} follows from {source}"


def _same(said: Any, should: Any, *, near: bool) -> bool:
    if near and {type(said), type(should)} <= {int, float}:
        return math.isclose(said, should, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    # As canonical JSON: true is not 1, and 1.0 is.
    return rfc8785.dumps(said) == rfc8785.dumps(should)
