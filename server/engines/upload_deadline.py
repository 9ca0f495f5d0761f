"""Replies whose upload never ends: waited for until a round's deadline, not for minutes.

A node tells SuperLink of its reply before it sends the arrays. If it dies between the two, or
wants a round to wait, Flower's grid asks for the arrays for three minutes, and for nobody
else's meanwhile. It leans on two names inside Flower 1.41, which a test pins.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flwr.proto.message_pb2 import PullObjectResponse
from flwr.superlink.grid.http_grid import HttpGrid

if TYPE_CHECKING:
    from collections.abc import Callable

    from flwr.proto.message_pb2 import PullObjectRequest
    from flwr.serverapp import Grid

_POLL = 0.2


class UploadDeadline:
    """Stands before SuperLink's answers, and gives up what is not there at the deadline.

    Parameters
    ----------
    pull : callable
        SuperLink's answer to a request for an object.

    Attributes
    ----------
    at : float, optional
        The deadline, on `time.monotonic`'s clock; without one Flower's own way goes on.
    """

    def __init__(self, pull: Callable[[PullObjectRequest], PullObjectResponse]) -> None:
        self._pull = pull
        self.at: float | None = None

    @classmethod
    def on(cls, grid: Grid) -> UploadDeadline | None:
        """Put one before what a grid asks for.

        Returns
        -------
        UploadDeadline or None
            None where nothing is uploaded: on engines without a SuperLink.
        """
        if not isinstance(grid, HttpGrid):
            return None
        client = grid._runtime_client
        deadline = cls(client.PullObject)
        vars(client)["PullObject"] = deadline
        return deadline

    def __call__(self, request: PullObjectRequest) -> PullObjectResponse:
        """Ask for an object, again and again until the deadline if it is still to come.

        Returns
        -------
        PullObjectResponse
            After the deadline "not found": Flower makes an error of that reply alone.
        """
        while True:
            response = self._pull(request)
            if self.at is None or response.object_available or not response.object_found:
                return response
            left = self.at - time.monotonic()
            if left <= 0:
                return PullObjectResponse(object_found=False)
            time.sleep(min(_POLL, left))
