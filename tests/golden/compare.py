"""Two folders of outputs, file by file: every file that differs, and where it first does."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from safetensors import safe_open

if TYPE_CHECKING:
    from collections.abc import Iterator

MEASURED = frozenset({"seconds", "milliseconds", "overhead", "bytes"})
"""A study's metrics that are measured of the machine: their values may differ."""


def differences(before: Path, after: Path) -> Iterator[str]:
    """Say of each file that is not the same on both sides where it first differs."""
    sides = [
        {str(path.relative_to(side)) for path in side.rglob("*") if path.is_file()}
        for side in (before, after)
    ]
    for name in sorted(sides[0] | sides[1]):
        if name not in sides[1]:
            yield f"{name}: is not made any more"
        elif name not in sides[0]:
            yield f"{name}: was not made before"
        elif found := difference(before / name, after / name):
            yield f"{name}: {found}"


def difference(before: Path, after: Path) -> str | None:
    """Say where two files first differ; None where they don't, measurements apart."""
    if before.read_bytes() == after.read_bytes():
        return None
    read = {".parquet": _rows, ".db": _statements, ".safetensors": _tensors}.get(before.suffix)
    if read:
        found = _first(read(before), read(after), "")
        # A database's pages may lie otherwise, and measurements differ.
        strict = before.suffix == ".safetensors"
        return found or ("the same content in other bytes" if strict else None)
    texts = [
        path.read_text(encoding="utf-8", errors="backslashreplace") for path in (before, after)
    ]
    lines = [text.split("\n") for text in texts]
    if before.suffix == ".json":
        return _first(*map(_parsed, texts), "") or "the same JSON, written in another way"
    for number, (old, new) in enumerate(zip(*lines, strict=False), 1):
        if old != new:
            where = f"line {number}"
            if before.suffix == ".jsonl" and (found := _first(_parsed(old), _parsed(new), "")):
                return f"{where}{found}"
            return f"{where}: {_shown(old, new)}"
    return f"{len(lines[0])} lines before, {len(lines[1])} now"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _first(old: Any, new: Any, path: str) -> str | None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                return f"{path}.{key}: only {'before' if key in old else 'now'}"
            if found := _first(old[key], new[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            if found := _first(one, other, f"{path}[{index}]"):
                return found
        if len(old) != len(new):
            return f"{path}: {len(old)} items before, {len(new)} now"
        return None
    # As written: 1 is not 1.0, and NaN is itself.
    texts = [value if isinstance(value, str) else json.dumps(value) for value in (old, new)]
    same = texts[0] == texts[1] and type(old) is type(new)
    return None if same else f"{path}: {_shown(*texts)}"


def _shown(old: str, new: str) -> str:
    """Quote both from shortly before they part."""
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    at = min(len(old), len(new)) if same is None else same
    begin = max(0, at - 20)
    return f"column {at + 1}: {old[begin : at + 60]!r} before, {new[begin : at + 60]!r} now"


def _rows(path: Path) -> dict[str, Any]:
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        if row.get("metric") in MEASURED:
            row["value"] = "measured"
    told = {
        key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()
    }
    schema = [f"{field.name}: {field.type}" for field in table.schema]
    text = json.dumps({"schema": schema, "metadata": told, "rows": rows}, default=str)
    return dict(json.loads(text))


def _statements(path: Path) -> list[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return list(connection.iterdump())


def _tensors(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        told = {key: _parsed(text) for key, text in (file.metadata() or {}).items()}
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    values = {
        key: [str(a.dtype), list(a.shape), a.tobytes().hex()] for key, a in arrays.items()
    }
    return {"metadata": told, **values}
