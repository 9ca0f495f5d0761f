"""The page of a deployment, followed by its events from before the start to the end."""

from __future__ import annotations

import json
import re
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry.keys import public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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

    def asked(self, path: str) -> Any:
        link = HTTPConnection("127.0.0.1", self.port, timeout=300)
        link.request("GET", f"/default/{path}")
        return link.getresponse()

    def json(self, path: str) -> Any:
        answer = self.asked(path)
        assert answer.status == 200, path
        return json.loads(answer.read())

    def events(self) -> Iterator[tuple[str, Any]]:
        """Give kind and data of each event as it comes; a comment is one of kind ""."""
        answer, kind = self.asked("events"), ""
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
    assert reader.asked("").status == 200  # no folder is there yet
    assert reader.json("state.json")["state"] == "starting"

    command = anml("up", "--local", "--rounds=2", *tiny)
    states, rounds = [], []
    for kind, told in reader.events():
        assert command.process.poll() in (None, 0), command.said
        if kind == "state":
            states.append(told["state"])
            if told["state"] == "finished":
                break
        elif kind == "round":
            shown = reader.json(f"{told['strategy']}/rounds/{told['round']}.json")
            rounds.append((told["round"], shown["reply"]))
            assert sum(shown["weight"]) == pytest.approx(1)
            assert not (tmp_path / "runs/default/summary.json").exists()  # the run goes on
    assert command.ends() == 0, command.said

    assert list(dict.fromkeys(states)) == ["starting", "running", "finished"]
    assert rounds == [(1, ["valid"] * 3), (2, ["valid"] * 3)]
    state = reader.json("state.json")
    assert state["contributors"] == [f"contributor-{i:04d}" for i in range(3)]
    run = tmp_path / "runs" / "default"
    checked = verify_file(run / "ledger.jsonl", public_key(run / "ledger.pub"))
    assert checked.ok
    assert state["ledger"]["verifies"] is True
    assert state["ledger"]["entries"] == checked.chain.entries
    assert state["ledger"]["head"] == checked.chain.head.decode()
