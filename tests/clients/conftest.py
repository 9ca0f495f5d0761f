"""Samples made by hand, and messages made as Flower's engines make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from anml_fl.datasets.prepare import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NODE = 7


@pytest.fixture
def make_samples() -> Callable[..., Samples]:
    """Return n samples of normal features around a centroid a class, labels at random."""

    def make(n: int = 60, classes: int = 4, width: int = 3, seed: int = 0) -> Samples:
        rng = np.random.default_rng(seed)
        labels = rng.integers(classes, size=n)
        centres = rng.normal(0, 3, size=(classes, width))
        features = centres[labels] + rng.normal(size=(n, width))
        return Samples(features.astype(np.float32), labels, classes)

    return make


@pytest.fixture
def instruct(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Message]:
    """Write an instruction as it arrives at a node."""
    for name, value in {"_run_id": 1, "_task_id": 1, "_node_id": NODE}.items():
        monkeypatch.setattr(TaskIdentity, name, value)

    def write(
        kind: str = "train",
        arrays: Mapping[str, Any] | None = None,
        nonce: bytes = b"secret of node 7",
        server_round: int = 1,
        **more: Any,
    ) -> Message:
        told = ConfigRecord({"nonce": nonce, "server-round": server_round, **more})
        content = RecordDict({"config": told})
        if arrays is not None:
            content["arrays"] = ArrayRecord({k: Array(v) for k, v in arrays.items()})
        message = Message(content, NODE, kind, group_id=str(server_round))
        message.metadata.__dict__["_message_id"] = str(uuid4())
        return message

    return write


@pytest.fixture
def context() -> Callable[..., Context]:
    """What a node knows: its node config, and the run config."""

    def make(run_config: Mapping[str, Any] | None = None, **node_config: Any) -> Context:
        return Context(
            run_id=1,
            node_id=NODE,
            node_config={k.replace("_", "-"): v for k, v in node_config.items()},
            state=RecordDict(),
            run_config=dict(run_config or {}),
        )

    return make
