"""`--track jsonl`: a line of JSON for each round, in a file."""

from __future__ import annotations

import json
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anml_fl.system.files import append_whole, make_folder
from server.tracking.run_mark import TRACKING
from server.tracking.tracker import TrackerKind

if TYPE_CHECKING:
    from server.tracking.tracked_round import TrackedRound
    from server.tracking.tracked_run import TrackedRun
    from server.tracking.tracker import Ending


class _Jsonl:
    """A file with a line for the run, one for each round, and one for each strategy's end."""

    def __init__(self, run: TrackedRun, where: str) -> None:
        self._path = Path(where) if where else run.folder / TRACKING / f"{run.mark}.jsonl"
        self._mark = run.mark
        make_folder(self._path.parent)
        found = self._read()
        self._last: dict[str, int] = {}
        self._ended = {one["strategy"] for one in found if one["kind"] == "end"}
        for one in found:
            if one["kind"] == "round":
                self._last[one["strategy"]] = one["round"]
        if not found:
            self._append("run", name=run.name, settings=run.settings)

    def last(self, strategy: str) -> int:
        return self._last.get(strategy, 0)

    def log(self, one: TrackedRound) -> None:
        self._append(
            "round",
            strategy=one.strategy,
            round=one.round,
            branch=one.branch,
            numbers=one.numbers,
            contributors={
                who: {**numbers, "kind": one.kinds[who]} for who, numbers in one.people.items()
            },
        )
        self._last[one.strategy] = one.round

    def conclude(self, ending: Ending) -> None:
        if ending.strategy not in self._ended:
            self._append("end", strategy=ending.strategy, ledger_head=ending.head)
            self._ended.add(ending.strategy)

    def close(self) -> None:
        """Nothing is held open."""

    def _append(self, kind: str, **fields: Any) -> None:
        line = {"kind": kind, "run": self._mark, **fields}
        content = f"{json.dumps(line, allow_nan=False)}\n".encode()
        with self._path.open("ab") as file:
            flock(file, LOCK_EX)  # runs of a sweep may share the file
            append_whole(file.fileno(), content, self._path)

    def _read(self) -> list[dict[str, Any]]:
        """Read what the file has of this run; of a line that a crash cut off, nothing."""
        if not self._path.exists():
            return []
        if not self._path.is_file():
            raise ValueError(f"{self._path} is no plain file: give one that is, or a new one")
        with self._path.open("r+b") as file:
            flock(file, LOCK_EX)
            content = file.read()
            whole, _, rest = content.rpartition(b"\n")
            # Looked at before anything is cut off: the file may be somebody's.
            lines = [_line(line) for line in whole.split(b"\n")] if whole else []
            if None in lines or not _BEGINNING.startswith(rest[: len(_BEGINNING)]):
                raise ValueError(
                    f"{self._path} holds something else than rounds that were told: it is left"
                    " as it is; give another file"
                )
            file.truncate(len(content) - len(rest))
        return [line for line in lines if line is not None and line["run"] == self._mark]


_BEGINNING = b'{"kind": "'


def _line(line: bytes) -> dict[str, Any] | None:
    """Read a line as `_append` writes it; None of any other."""
    try:
        read = json.loads(line)
    except ValueError:
        return None
    ours = isinstance(read, dict) and read.get("kind") in ("run", "round", "end")
    return read if ours and isinstance(read.get("run"), str) else None


jsonl = TrackerKind(_Jsonl, "FILE")
