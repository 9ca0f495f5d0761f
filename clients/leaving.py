"""Whether a reply keeps to a policy: record by record, each of a kind that is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from anml_fl.catalogue import is_own
from anml_fl.run.code_hash import code_hash
from anml_fl.run.own_code import module_hash
from anml_fl.tables.statistics import Statistics
from strategies import protocol
from strategies.arrays import BadArrayError, decode, values_of
from strategies.packing import PACKED, read_layout, unpack

if TYPE_CHECKING:
    from anml_fl.settings.egress import EgressPolicy
    from anml_fl.tables.schema import TableSchema

# What a name may look like that is shown: it was chosen by whoever wrote the app.
_NAME = re.compile("[a-z][a-z0-9_-]{0,31}")
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_METRICS = (protocol.METRICS, protocol.CLAIM)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reply answers.

    Parameters
    ----------
    arrays : ArrayRecord, optional
        The global model, as it came.
    layout, nonce : object
        As they stood in the message's config; None where they did not.
    schema : TableSchema, optional
        Where it asks for statistics: the node's own.
    name : object
        What the node's config calls it.
    """

    arrays: ArrayRecord | None
    layout: object
    nonce: object
    schema: TableSchema | None = None
    name: object = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a reply breaks.

    Parameters
    ----------
    rule : str
        For the server: nothing of the reply is in it but a name.
    detail : str
        For the node's own log.
    """

    rule: str
    detail: str = ""


def broken_rule(content: RecordDict, asked: Asked, policy: EgressPolicy) -> Broken | None:
    """Find the first rule that a reply breaks, by the order of its records.

    Parameters
    ----------
    content : RecordDict
        The reply's.
    asked : Asked
    policy : EgressPolicy

    Returns
    -------
    Broken or None
        None if all of it may leave.
    """
    for name, record in content.items():
        if isinstance(record, ArrayRecord) and name == protocol.ARRAYS:
            found = _arrays(record, asked, policy)
        elif isinstance(record, MetricRecord) and name in _METRICS:
            found = _metrics(record, policy)
        elif isinstance(record, ConfigRecord) and name == protocol.STATISTICS:
            found = _statistics(record, asked, policy)
        elif name == protocol.CREDENTIALS and not policy.credentials:
            found = Broken("credentials may not leave")
        elif isinstance(record, ConfigRecord) and name == protocol.OWN:
            right = all(is_own(f"{n}:_") and of == module_hash(n) for n, of in record.items())
            found = None if right else Broken(f"record {name!r} holds what it must not")
        elif isinstance(record, ConfigRecord) and name in _CONFIG:
            fits = _CONFIG[name]
            right = bool(record) and all(
                key in fits and fits[key](value, asked) for key, value in record.items()
            )
            found = None if right else Broken(f"record {name!r} holds what it must not")
        else:
            found = Broken(f"{_called('a record', name)} is none that may leave")
        if found is not None:
            return found
    size, most = _size(content), policy.largest_bytes
    if most is not None and size > most:
        return Broken(f"the reply is larger than {most} bytes", f"it has {size}")
    return None


def anew(content: RecordDict, asked: Asked) -> RecordDict:
    """Write what may leave anew, so that nothing else goes with it.

    An array's bytes begin with a header, in which there is room for a text that nobody reads;
    names and order of records, and where an array lies in memory, are the app's as well.

    Parameters
    ----------
    content : RecordDict
        In which `broken_rule` finds nothing.
    asked : Asked
        What it was held against.

    Returns
    -------
    RecordDict
        The same values, in the global model's order.
    """
    written = RecordDict()
    for name in sorted(content):
        record = content[name]
        if isinstance(record, ArrayRecord):
            found, order = values_of(record), asked.arrays or ()
            record = ArrayRecord({n: Array(np.asarray(found[n], order="C")) for n in order})
        elif isinstance(record, ConfigRecord):
            record = ConfigRecord(dict(sorted(record.items())))
        else:
            record = MetricRecord(dict(sorted(record.items())))
        written[name] = record
    return written


def _arrays(record: ArrayRecord, asked: Asked, policy: EgressPolicy) -> Broken | None:
    if not policy.arrays:
        return Broken("arrays may not leave")
    if asked.arrays is None:
        return Broken("arrays leave in answer to a model alone")
    try:
        square = _square(record, asked.arrays, asked.layout)
    except (BadArrayError, KeyError, TypeError, ValueError):
        return Broken("the arrays are not those of the global model: names, shapes, types")
    most = policy.largest_norm
    # Not "above": nan is above nothing.
    if most is not None and not math.sqrt(square) <= most:
        return Broken(f"the update's norm exceeds {most:g}", f"it is {math.sqrt(square):g}")
    return None


def _square(record: ArrayRecord, before: ArrayRecord, layout: object) -> float:
    """Compute the squared norm of an update, in float64."""
    if isinstance(layout, str) and set(before) == {PACKED}:
        laid = read_layout(layout)
        before, record = unpack(before, laid), unpack(record, laid)
    if set(record) != set(before):
        raise BadArrayError("other names")
    total = 0.0
    for name, old in values_of(before).items():
        new = decode(record[name], name, old.shape, old.dtype)
        wide: Any = np.complex128 if old.dtype.kind == "c" else np.float64
        with np.errstate(over="ignore", invalid="ignore"):
            moved = np.subtract(new, old, dtype=wide).ravel()
            total += float(np.vdot(moved, moved).real)
    return total


def _metrics(record: MetricRecord, policy: EgressPolicy) -> Broken | None:
    for name, value in record.items():
        if name not in policy.metrics:
            return Broken(f"{_called('metric', name)} is not listed")
        if not isinstance(value, int | float):
            return Broken(f"metric {name!r} is no single number")
    return None


def _statistics(record: ConfigRecord, asked: Asked, policy: EgressPolicy) -> Broken | None:
    if not policy.statistics:
        return Broken("statistics may not leave")
    if asked.schema is None:
        return Broken("statistics leave in answer to a question for them alone")
    text, least = record.get(protocol.JSON), policy.least_count
    try:
        if set(record) != {protocol.JSON} or not isinstance(text, str):
            raise ValueError("no text, or more than it")
        # It has sums over what is counted alone.
        told = Statistics.from_json(text, asked.schema)
        if told.to_json() != text:
            raise ValueError("another text for the same statistics")
    except ValueError as error:
        return Broken("the statistics are not as they must be", str(error))
    parts = [*told.choices, *([told.classes] if told.classes else [])]
    counts = [told.rows, *told.counts, *(n for one in parts for n in one)]
    # What is not told of a total is told by the others.
    rests = [told.rows - sum(one) for one in parts]
    if any(0 < n < least for n in (*counts, *rests)):
        return Broken(f"a count lies below {least}")
    return None


def _size(content: RecordDict) -> int:
    size = sum(len(a.data) for one in content.array_records.values() for a in one.values())
    records: list[ConfigRecord | MetricRecord] = list(content.config_records.values())
    for record in (*records, *content.metric_records.values()):
        size += sum(len(name.encode()) + _length(value) for name, value in record.items())
    return size


def _length(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_length, value))
    if isinstance(value, str | bytes):
        return len(value.encode() if isinstance(value, str) else value)
    return 8


def _called(kind: str, name: str) -> str:
    return f"{kind} {name!r}" if _NAME.fullmatch(name) else f"{kind} whose name is not shown"


def _tokens(value: object, asked: Asked) -> bool:
    return isinstance(value, list) and all(
        isinstance(token, str) and _TOKEN.fullmatch(token) for token in value
    )


# Of each record, what may be in it, and as what.
_CONFIG: dict[str, dict[str, Callable[[object, Asked], bool]]] = {
    protocol.ECHO: {protocol.NONCE: lambda value, asked: value == asked.nonce},
    protocol.CODE: {protocol.HASH: lambda value, _: value == code_hash()},
    protocol.CREDENTIALS: {protocol.TOKENS: _tokens},
    protocol.IDENTITY: {
        protocol.NAME: lambda value, asked: value == str(asked.name),
        protocol.PARTITION: lambda value, _: type(value) is int,
    },
}
