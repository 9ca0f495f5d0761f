"""A round's record as one line of JSON, written field by field.

The line is what `json.dumps` makes of `dataclasses.asdict` with sorted names; but that copies
every record before it writes it, which took longer than to train a contributor.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anml_fl.method.judgement import ContributorJudgement
    from anml_fl.method.records import ContributorRecord, RoundRecord

_float = float.__repr__


def record_text(record: RoundRecord) -> str:
    """Write one line of JSON, the same bytes for the same decisions; nan is null.

    Parameters
    ----------
    record : RoundRecord
        Its `seconds` are left out; so is what nearly no record has, where it has not.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> record_text(RoundRecord(1, "anml", None, 0.5, 0.1, (), note="few"))[-71:]
    '"refused":[],"rho_c":0.5,"round":1,"strategy":"anml","test_error":null}'
    """
    told = {
        "at": record.at,
        "branch": record.branch,
        "buffers": record.buffers,
        "bytes_received": record.bytes_received,
        "bytes_sent": record.bytes_sent,
        "contributors": (),
    }
    rest = {
        "judgement": None if record.judgement is None else asdict(record.judgement),
        "min_s": record.min_s,
        "note": record.note,
        "refused": record.refused,
        "rho_c": record.rho_c,
        "round": record.round,
        "strategy": record.strategy,
        "test_error": record.test_error,
        "test_score": record.test_score,
    }
    if not record.buffers:  # as nearly always
        del told["buffers"]
    if not math.isfinite(record.test_score):
        del rest["test_score"]
    if record.judgement is None:  # as under all rules but one
        del rest["judgement"]
    people = ",".join(map(_person, record.contributors))
    # Both are objects of their own: of the first "[]}" is cut off, of the second "{".
    return f"{_json(told)[:-2]}{people}],{_json(rest)[1:]}"


def _person(one: ContributorRecord) -> str:
    egress = "" if one.egress is None else f'"egress":{_text(one.egress)},'
    judged = "" if one.judgement is None else f'"judgement":{_judgement(one.judgement)},'
    refused = _json(one.refused_credentials) if one.refused_credentials else "[]"
    reason = "null" if one.reason is None else _text(one.reason)
    return (
        f'{{"T":{_number(one.T)},"contributor":{_text(one.contributor)},{egress}{judged}'
        f'"q":{_number(one.q)},"r":{_number(one.r)},"reason":{reason},'
        f'"refused_credentials":{refused},"s":{_number(one.s)},'
        f'"selected":{_flag(one.selected)},"v":{_number(one.v)},'
        f'"weight":{_number(one.weight)}}}'
    )


def _judgement(one: ContributorJudgement) -> str:
    kinds = sorted(one.evidence.items())
    evidence = ",".join(f"{_text(kind)}:{_number(ratio)}" for kind, ratio in kinds)
    return (
        f'{{"bound":{_number(one.bound)},"copies":{_number(one.copies)},'
        f'"evidence":{{{evidence}}},"l":{_number(one.l)},"norm":{_number(one.norm)},'
        f'"posterior":{_number(one.posterior)},"worth":{_number(one.worth)}}}'
    )


def _number(value: float) -> str:
    # Subclasses of float too, as JSON's own writer has it: NumPy's is one.
    if isinstance(value, float):
        return _float(value) if math.isfinite(value) else "null"
    return _json(value)


def _flag(value: bool) -> str:
    # One that was read from a file may be anything: it is written as it was read.
    return "true" if value is True else "false" if value is False else _json(value)


def _text(value: str) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return json.dumps(
        _without_nan(value), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value
