"""A grid that looks for replies as often as it is told, and never beyond the deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flwr.serverapp import Grid

from server.engines.upload_deadline import UploadDeadline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flwr.app import Message, RecordDict
    from flwr.proto.node_pb2 import NodeInfo
    from flwr.supercore.run import Run

POLL, FLOWERS_POLL = 0.3, 3.0
"""Seconds between two looks: ours, and those of Flower's own grid."""


class PollingGrid(Grid):
    """Any grid, asked for replies every so often.

    Parameters
    ----------
    grid : Grid
        Does the work, through its public calls.
    poll : float
        Seconds between two looks.
    """

    def __init__(self, grid: Grid, poll: float = POLL) -> None:
        self._grid = grid
        self._poll = poll
        self._uploads = UploadDeadline.on(grid)

    def set_run(self, run: Run) -> None:
        """Set the run."""
        self._grid.set_run(run)

    @property
    def run(self) -> Run:
        """The run."""
        return self._grid.run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Create a message."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """Return the ids of the nodes that are there."""
        return self._grid.get_node_ids()

    def get_nodes(self) -> Iterable[NodeInfo]:
        """Return the nodes that are there."""
        return self._grid.get_nodes()

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Send messages; returns their ids."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Return the replies that have come."""
        return self._grid.pull_messages(message_ids)

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Send messages and gather the replies.

        Parameters
        ----------
        messages : iterable of Message
        timeout : float, optional
            Seconds after which to go on without the rest; what came just before is taken.
        """
        # None stands for a message that the SuperLink did not take.
        missing = {one for one in self._grid.push_messages(messages) if one}
        deadline = None if timeout is None else time.monotonic() + timeout
        if self._uploads is not None:
            self._uploads.at = deadline
        replies: list[Message] = []
        while missing:
            left = None if deadline is None else deadline - time.monotonic()
            come = list(self._grid.pull_messages(missing))
            replies += come
            missing.difference_update(one.metadata.reply_to_message_id for one in come)
            if not missing or (left is not None and left <= 0):
                break
            time.sleep(self._poll if left is None else max(0.0, min(self._poll, left)))
        return replies
