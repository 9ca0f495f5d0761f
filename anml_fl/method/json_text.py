"""Values as a record's line has them: JSON in ASCII, as short as it can be."""

from __future__ import annotations

import json
import math
from json.encoder import encode_basestring_ascii
from typing import Any


def number_text(value: object) -> str:
    """Write a number; nan and infinity are null."""
    # Subclasses of float too, as JSON's own writer has it: NumPy's is one.
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else "null"
    return json_text(value)


def flag_text(value: object) -> str:
    """Write true or false."""
    # One that was read from a file may be anything: it is written as it was read.
    return "true" if value is True else "false" if value is False else json_text(value)


def quoted(value: object) -> str:
    """Write a text, in ASCII."""
    return encode_basestring_ascii(value) if isinstance(value, str) else json_text(value)


def json_text(value: object) -> str:
    """Write anything that JSON has: names sorted, no spaces, nan as null."""
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
