"""Small runs on the inline engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"dataset": "wine", "contributors": 6, "rounds": 3, "local-epochs": 1}


@pytest.fixture
def small() -> Any:
    """Make a config of a run that takes moments."""

    def make(**settings: Any) -> Any:
        return from_flat({**SMALL, **{k.replace("_", "-"): v for k, v in settings.items()}})

    return make


@pytest.fixture
def run() -> Any:
    """Run a config inline; the kind of grid can be replaced."""

    def call(config: Any, out: Path, kind: type[InlineGrid] = InlineGrid) -> dict[str, Any]:
        total = config.federation.contributors
        nodes = [{"partition-id": i, "num-partitions": total} for i in range(total)]
        return run_federation(kind(app, nodes, config.to_flat()), config, out)

    return call


@pytest.fixture
def interrupt_after() -> Any:
    """Make a kind of grid that stops the run, as Ctrl-C does, after so many messages."""

    def make(messages: int) -> type[InlineGrid]:
        class Stopping(InlineGrid):
            left = messages

            def push_messages(self, sent: Any) -> Any:
                sent = list(sent)
                type(self).left -= len(sent)
                if type(self).left < 0:
                    raise KeyboardInterrupt
                return super().push_messages(sent)

        return Stopping

    return make
