"""A Flower Grid that calls the ClientApp in this process: same apps, no Ray.

It leans on three internals of Flower 1.41, which tests pin: `TaskIdentity` (a Message
reads it; its values are in `_run_id`, `_task_id`, `_node_id`), the private message id in
`Metadata`, and `Run.create_empty`.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from flwr.app import Context, Error, Message, RecordDict
from flwr.common.constant import ErrorCode
from flwr.proto.node_pb2 import NodeInfo
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flwr.clientapp import ClientApp

    Value = str | int | float | bool

SERVER_NODE_ID = 1
_RUN_ID = 1


class InlineGrid(Grid):
    """Deliver messages by calling the ClientApp, one node after the other.

    Parameters
    ----------
    client_app : ClientApp
        Called for every message; an exception in it becomes an error reply, as on
        Flower's own engines, and so does whatever is no reply to the message: those wait
        for one until the round's deadline.
    node_configs : sequence of mapping
        One entry a node.
    run_config : mapping
        The run config that every client sees.
    """

    def __init__(
        self,
        client_app: ClientApp,
        node_configs: Sequence[Mapping[str, Value]],
        run_config: Mapping[str, Value],
    ) -> None:
        self._client_app = client_app
        self._run = Run.create_empty(_RUN_ID)
        self._nodes = {_node_id(i): dict(one) for i, one in enumerate(node_configs)}
        self._run_config = dict(run_config)
        # Of those who were sent something: of many nodes few may be.
        self._contexts: dict[int, Context] = {}
        self._replies: dict[str, Message] = {}
        TaskIdentity.run_id, TaskIdentity.task_id = _RUN_ID, 1
        TaskIdentity.node_id = SERVER_NODE_ID

    def set_run(self, run: Run) -> None:
        """Set the run."""
        self._run = run

    @property
    def run(self) -> Run:
        """The run."""
        return self._run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Create a message."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """List the nodes."""
        return list(self._nodes)

    def get_nodes(self) -> Iterable[NodeInfo]:
        """List the nodes; none has a key here."""
        return [NodeInfo(node_id=node_id) for node_id in self._nodes]

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Deliver messages, and keep the replies until they are pulled."""
        ids = []
        for message in messages:
            message_id = str(uuid4())
            message.metadata.__dict__["_message_id"] = message_id
            ids.append(message_id)
            self._replies[message_id] = self._call(message)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Hand out replies, each once."""
        return [self._replies.pop(one) for one in message_ids if one in self._replies]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Deliver messages and hand out their replies."""
        return self.pull_messages(self.push_messages(messages))

    def _context(self, node_id: int) -> Context:
        """Find what a node keeps between its messages."""
        if node_id not in self._contexts:
            self._contexts[node_id] = Context(
                run_id=_RUN_ID,
                node_id=node_id,
                node_config=self._nodes[node_id],
                state=RecordDict(),
                run_config=dict(self._run_config),
            )
        return self._contexts[node_id]

    def _call(self, message: Message) -> Message:
        node_id = message.metadata.dst_node_id
        delivered = Message(
            _own_copy(message.content),
            node_id,
            message.metadata.message_type,
            group_id=message.metadata.group_id,
        )
        delivered.metadata.__dict__["_message_id"] = message.metadata.message_id
        try:
            with _acting_as(node_id):
                reply = self._client_app(delivered, self._context(node_id))
            _check_reply(reply, delivered)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - any, as on Flower's engines
            reason = f"{type(error).__name__}: {error}"
            reply = Message(
                Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason), reply_to=message
            )
        reply.metadata.__dict__["_message_id"] = str(uuid4())
        return reply


def _check_reply(reply: object, message: Message) -> None:
    """Refuse what SuperLink would not take for a reply to a message."""
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    to = reply.metadata.dst_node_id, reply.metadata.reply_to_message_id
    if to != (SERVER_NODE_ID, message.metadata.message_id):
        raise ValueError(
            "the ClientApp must return a reply to its message, Message(..., reply_to=message),"
            f" got one to node {to[0]}"
        )


def _node_id(index: int) -> int:
    digest = hashlib.sha256(f"inline node {index}".encode()).digest()
    # Node ids are positive 64-bit numbers, and 1 is the server.
    return (int.from_bytes(digest[:8], "big") >> 1) | 2


@contextmanager
def identity_kept() -> Iterator[None]:
    """Use a grid of this kind within another engine's run, which goes on as whom it was."""
    names = ("_run_id", "_task_id", "_node_id")
    before = {name: getattr(TaskIdentity, name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(TaskIdentity, name, value)


@contextmanager
def _acting_as(node_id: int) -> Iterator[None]:
    TaskIdentity.node_id = node_id
    try:
        yield
    finally:
        TaskIdentity.node_id = SERVER_NODE_ID


def _own_copy(content: RecordDict) -> RecordDict:
    """Copy the records but not the arrays' bytes: a client may alter what it was sent."""
    copy = RecordDict()
    for name, record in content.items():
        # Each kind of record takes a dict of what it holds.
        copy[name] = type(record)(dict(record))  # type: ignore[arg-type]
    return copy
