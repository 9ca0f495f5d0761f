"""The page of a deployment, followed by its events from before the start to the end."""

from __future__ import annotations

import json
import re
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry.keys import public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from http.client import HTTPResponse
    from pathlib import Path

pytestmark = pytest.mark.slow


class Reader:
    """Reads a run's page at the address that `anml page` says, as a browser does."""

    def __init__(self, command: Any) -> None:
        end = time.monotonic() + 300
        while (found := re.search(r"http://127\.0\.0\.1:(\d+)/", command.said)) is None:
            assert command.process.poll() is None, command.said
            assert time.monotonic() < end, command.said
            time.sleep(0.05)
        self.port = int(found[1])

    @contextmanager
    def asked(self, path: str) -> Iterator[HTTPResponse]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=300)) as link:
            link.request("GET", f"/default/{path}")
            with link.getresponse() as answer:
                assert answer.status == 200, path
                yield answer

    def json(self, path: str) -> Any:
        with self.asked(path) as answer:
            return json.loads(answer.read())

    def events(self) -> Generator[tuple[str, Any], None, None]:
        """Give kind and data of each event as it comes; a comment is one of kind ""."""
        kind = ""
        with self.asked("events") as answer:
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)
                elif line.startswith(b":"):
                    yield "", None


def test_rounds_of_a_deployment_appear_on_its_page_while_it_runs(
    anml: Callable[..., Any], tiny: list[str], tmp_path: Path
) -> None:
    reader = Reader(anml("page", "runs", "--port=0"))
    with reader.asked("") as page:  # no folder is there yet
        assert b"<!DOCTYPE html>" in page.read()
    assert reader.json("state.json")["state"] == "starting"

    command = anml("up", "--local", "--rounds=2", *tiny)
    told_of: list[str | int] = []
    with closing(reader.events()) as events:
        for kind, told in events:
            assert command.process.poll() in (None, 0), command.said
            if kind == "state":
                told_of.append(told["state"])
                if told["state"] == "finished":
                    break
            elif kind == "round":
                shown = reader.json(f"{told['strategy']}/rounds/{told['round']}.json")
                told_of.append(told["round"])
                assert shown["reply"] == ["valid"] * 3
                assert sum(shown["weight"]) == pytest.approx(1)
    assert command.ends() == 0, command.said

    # Each round before the run's end, in their order.
    assert list(dict.fromkeys(told_of)) == ["starting", "running", 1, 2, "finished"]
    state = reader.json("state.json")
    assert state["contributors"] == [f"contributor-{i:04d}" for i in range(3)]
    run = tmp_path / "runs" / "default"
    checked = verify_file(run / "ledger.jsonl", public_key(run / "ledger.pub"))
    assert checked.ok
    assert state["ledger"]["verifies"] is True
    assert state["ledger"]["entries"] == checked.chain.entries
    assert state["ledger"]["head"] == checked.chain.head.decode()
