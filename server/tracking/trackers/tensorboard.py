"""`--track tensorboard`: event files, a folder for each strategy."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anml_fl.system.files import make_folder
from server.tracking.run_mark import TRACKING
from server.tracking.tracker import TrackerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from server.tracking.tracked_round import TrackedRound
    from server.tracking.tracked_run import TrackedRun
    from server.tracking.tracker import Ending

# A record is its length, a checksum of that, the event, and a checksum of the event.
_LENGTH, _CHECK = struct.Struct("<Q"), 4
_SETTINGS, _END = "settings", "end"


class _TensorBoard:
    """Event files. A round is one record of them, which is there whole or not at all."""

    def __init__(self, run: TrackedRun, where: str) -> None:
        folder = Path(where) if where else run.folder / TRACKING / "tensorboard"
        self._folder, self._run = folder / run.mark, run
        self._files: dict[str, Any] = {}

    def last(self, strategy: str) -> int:
        return max((event.step for event in self._events(strategy)), default=0)

    def log(self, one: TrackedRound) -> None:
        from tensorboardX.summary import scalar

        values = [scalar(name, value).value[0] for name, value in one.flat().items()]
        at = self._run.began + one.elapsed
        if one.strategy not in self._files and not self.last(one.strategy):
            said = _table(_SETTINGS, self._run.settings)
            self._write(one.strategy, said, 0, self._run.began)
        self._write(one.strategy, values, one.round, at)

    def conclude(self, ending: Ending) -> None:
        tags = (v.tag for event in self._events(ending.strategy) for v in event.summary.value)
        if not any(tag.startswith(f"{_END}/") for tag in tags):
            said = _table(_END, {"ledger head": ending.head, **ending.last.kinds})
            at = self._run.began + ending.last.elapsed
            self._write(ending.strategy, said, ending.last.round, at)

    def close(self) -> None:
        files, self._files = self._files, {}
        for file in files.values():
            file.close()

    def _write(self, strategy: str, values: Sequence[Any], step: int, at: float) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        if strategy not in self._files:
            self._files[strategy] = self._begin(strategy)
        event = Event(wall_time=at, step=step, summary=Summary(value=values))
        self._files[strategy].write(event.SerializeToString())
        self._files[strategy].flush()

    def _begin(self, strategy: str) -> Any:
        """Begin a file: readers go on to the next one where the last record was cut off."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.record_writer import RecordWriter

        make_folder(self._folder / strategy)
        # In their order, and never one in another's place.
        path = self._folder / strategy / f"events.out.tfevents.{time.time_ns()}"
        file = RecordWriter(str(path))
        file.write(
            Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()
        )
        return file

    def _events(self, strategy: str) -> Iterator[Any]:
        """Read the whole records that are there."""
        from tensorboardX.proto.event_pb2 import Event

        for path in sorted((self._folder / strategy).glob("events.out.tfevents.*")):
            content, place = path.read_bytes(), 0
            while place + _LENGTH.size <= len(content):
                (length,) = _LENGTH.unpack_from(content, place)
                start = place + _LENGTH.size + _CHECK
                place = start + length + _CHECK
                if place > len(content):
                    break
                yield Event.FromString(content[start : start + length])


def _table(name: str, told: dict[str, Any]) -> Sequence[Any]:
    from tensorboardX.summary import text

    rows = "\n".join(f"| {what} | {value} |" for what, value in told.items())
    found: Sequence[Any] = text(name, f"| what | is |\n| --- | --- |\n{rows}").value
    return found


tensorboard = TrackerKind(_TensorBoard, "FOLDER", "tensorboardX", "tensorboard")
