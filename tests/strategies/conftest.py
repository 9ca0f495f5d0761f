"""A federation in the hand: real messages, made as Flower's engines make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.proto.node_pb2 import NodeInfo
from flwr.supercore.task_identity import TaskIdentity

from anml_fl.federation.root_use import needed, root_use

if TYPE_CHECKING:
    from strategies.screened_strategy import ScreenedStrategy

OMIT = object()


class Nodes:
    """What a strategy asks of a grid: which nodes there are."""

    def __init__(self, count: int) -> None:
        self.ids = [100 + i for i in range(count)]

    def get_node_ids(self) -> list[int]:
        return self.ids

    def get_nodes(self) -> list[NodeInfo]:
        return [NodeInfo(node_id=node) for node in self.ids]

    def send_and_receive(
        self, messages: Any, *, timeout: float | None = None
    ) -> list[Message]:
        return []  # nobody says what it is called


def roster(grid: Nodes) -> dict[int, str]:
    return {node: f"c{node}" for node in grid.get_node_ids()}


@dataclass
class Federation:
    """One model, some nodes, and replies made by hand."""

    model: dict[str, np.ndarray] = field(
        default_factory=lambda: {
            "w": np.arange(12, dtype=np.float32).reshape(4, 3),
            "b": np.zeros(3, dtype=np.float32),
            "steps": np.array(7, dtype=np.int64),
        }
    )

    def __post_init__(self) -> None:
        TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1

    def arrays(self) -> ArrayRecord:
        return ArrayRecord({name: Array(value) for name, value in self.model.items()})

    def ask(
        self, strategy: ScreenedStrategy, count: int, server_round: int = 1
    ) -> list[Message]:
        sent = list(
            strategy.configure_train(server_round, self.arrays(), ConfigRecord(), Nodes(count))
        )
        for message in sent:  # as a grid does when it pushes a message
            message.metadata.__dict__["_message_id"] = str(uuid4())
        return sent

    def moved(self, by: float | np.ndarray) -> dict[str, np.ndarray]:
        """The model with its floating arrays moved: by a number, or by a vector."""
        if isinstance(by, float):
            by = np.full(15, by)
        by = by.astype(np.float32)
        return {
            "w": self.model["w"] + by[:12].reshape(4, 3),
            "b": self.model["b"] + by[12:],
            "steps": self.model["steps"],
        }

    def reply(
        self,
        message: Message,
        arrays: Any = None,
        examples: Any = 10,
        nonce: Any = None,
        **metadata: Any,
    ) -> Message:
        """Answer as a client would; every part can be replaced, or left out by OMIT."""
        content = RecordDict()
        if arrays is not OMIT:
            given = self.moved(0.0) if arrays is None else arrays
            content["arrays"] = ArrayRecord(
                {
                    k: v if isinstance(v, Array) else Array(np.asarray(v))
                    for k, v in given.items()
                }
            )
        if examples is not OMIT:
            content["metrics"] = MetricRecord({"num-examples": examples})
        if nonce is not OMIT:
            secret = message.content["config"]["nonce"] if nonce is None else nonce
            content["echo"] = ConfigRecord({"nonce": secret})
        reply = Message(content, reply_to=message)
        for name, value in metadata.items():
            reply.metadata.__dict__[f"_{name}"] = value
        return reply


class Trusted:
    """Two rows of the server's, of which a model says the more, the larger its values are."""

    labels = np.array([0, 1])
    classes = 2
    about = "ours"
    donated = False

    def __call__(self, arrays: Any) -> Any:
        return {name: value + 1 for name, value in arrays.items()}

    def outputs(self, arrays: Any) -> Any:
        return 0.01 * arrays["w"].sum(dtype=np.float64) * np.eye(2)


@pytest.fixture
def trusted() -> Any:
    """Give a root set of a model that has an array w, for rules that need one."""
    return lambda name: Trusted() if needed(root_use(name)) else None


@pytest.fixture
def federation() -> Federation:
    return Federation()


@pytest.fixture
def omit() -> object:
    return OMIT


@pytest.fixture
def by_node() -> Any:
    return roster
