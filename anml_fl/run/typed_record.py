"""Whether a record that was read holds what it declares: a page can't plot a text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from anml_fl.method.records import RoundRecord

if TYPE_CHECKING:
    from anml_fl.method.contributor_record import ContributorRecord

_RECORD = TypeAdapter(RoundRecord)
_TEXT_OR_NONE = {str, type(None)}
_FLOAT_OR_NONE = {float, type(None)}


def typed(record: RoundRecord) -> RoundRecord:
    """Give a record whose every value is of its declared type, as far as one can be made.

    What runs write is of these types, and given as it is: to validate a hundred contributors
    a round takes longer than to train them.

    Raises
    ------
    pydantic.ValidationError
        If a value is of another type.

    Examples
    --------
    >>> typed(RoundRecord(1, "anml", None, 0, 0.5, ())).rho_c
    0.0
    """
    if _is_typed(record) and all(map(_is_typed_person, record.contributors)):
        return record
    return _RECORD.validate_python(asdict(record))


def _is_typed(one: RoundRecord) -> bool:
    # Exactly these types: true is an int, and would be one on the page. What `from_json` makes
    # of judgements was checked when they were made.
    counts = (one.round, one.bytes_sent, one.bytes_received)
    numbers = (one.rho_c, one.min_s, one.at, one.test_error, one.test_score, one.seconds)
    return (
        {*map(type, counts)} == {int}
        and {*map(type, numbers)} == {float}
        and {*map(type, (one.strategy, *one.refused, *one.buffers))} == {str}
        and {*map(type, (one.branch, one.note))} <= _TEXT_OR_NONE
    )


def _is_typed_person(one: ContributorRecord) -> bool:
    return (
        {*map(type, (one.q, one.v, one.r, one.T, one.s, one.weight))} == {float}
        and {type(one.selected)} == {bool}
        and {*map(type, (one.contributor, *one.refused_credentials))} == {str}
        and {*map(type, (one.reason, one.egress))} <= _TEXT_OR_NONE
        and {*map(type, (one.examples, one.measured))} <= _FLOAT_OR_NONE
    )
