"""One federation over real HTTP with TLS, and everybody in it who should not be."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import anml_fl
from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.method.records import RoundRecord
from server.deployment.authority import make_node_key
from server.deployment.local import federation, with_database
from server.deployment.prepare import prepare
from server.deployment.processes import Service, stop, supernode
from server.deployment.state import Node
from server.deployment.submission import carry_out
from server.engines.processes import script

if TYPE_CHECKING:
    from server.deployment.local import Federation
    from server.deployment.state import State

HONEST, VICTIM, FORGER, ALTERED, REVOKED = (f"contributor-{i:04d}" for i in range(5))
SETTINGS = {
    **{"dataset": "wine", "rounds": 3, "local-epochs": 1, "strategies": "anml"},
    **{"timeout": 90.0, "min-replies": 0.2, "roles": ",".join(["honest"] * 5)},
    "contributors": 5,
}
_PATIENCE = 600.0

# Between Flower's code for sending and the wire: a reply that is right in all that SuperLink
# checks, but says inside that somebody else wrote it.
_FORGING = """
import os
import sys
from copy import deepcopy

from flwr.app.message import make_message
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree
from flwr.supercore.inflatable.inflatable_object import iterate_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents
from flwr.supernode import start_client_internal as loop
from flwr.supernode.cli import flower_supernode


def forge(state, object_store, send, push_object):
    while not (waiting := state.get_messages_legacy(is_reply=True)):
        loop.time.sleep(0.3)
    for outer in waiting:
        name = outer.metadata.message_id
        parts = {}
        for part in iterate_object_tree(object_store.get_object_tree(name)):
            while not (content := object_store.get(part.object_id)):
                loop.time.sleep(0.1)
            parts[part.object_id] = content
        reply = inflate_object_from_contents(name, parts)
        claimed = deepcopy(reply.metadata)
        claimed.__dict__["_src_node_id"] = int(os.environ["VICTIM"])
        forged = make_message(metadata=claimed, content=reply.content)
        outer.metadata.__dict__["_message_id"] = forged.object_id
        missing, session = send(outer, get_object_tree(forged), 0.1)
        objects = get_all_nested_objects(forged)
        for one in missing:
            push_object(outer.metadata.run_id, session, one, objects[one].deflate())
        state.delete_messages(message_ids=[name, outer.metadata.reply_to_message_id])
        print("FORGED", flush=True)


loop._push_messages = forge
sys.argv[0] = "flower-supernode"
flower_supernode()
"""


@dataclass(frozen=True)
class Siege:
    """What came of it."""

    status: str
    out: Path
    records: list[RoundRecord]
    revoked_after: int
    logs: dict[str, str]
    statuses: dict[str, int | None]

    def seen(self, name: str) -> list[Any]:
        """What each round's record says of a contributor."""
        return [
            next(one for one in record.contributors if one.contributor == name)
            for record in self.records
        ]


@pytest.fixture(scope="session")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    """Run a federation with a forger, a node of other code, one that is revoked, strangers."""
    place = tmp_path_factory.mktemp("siege")
    state, config = prepare(place / "federation", None, SETTINGS)
    config = with_database(state, config)
    out = place / "run"
    revoked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_FILE, str(state.ledger_key))
        with federation(state, config, warm=True) as running:
            others = _others(state, running, place)
            everybody = {**running.nodes, **others}
            replaced = [running.nodes[name] for name in (FORGER, ALTERED)]
            for one in replaced:
                _node_id(one)  # whoever leaves while it connects keeps its place taken
            stop(replaced)
            # Known to SuperLink, but not to the registry.
            running.control.register([_node(state, "outsider")])
            try:
                for one in others.values():
                    one.start()

                def tend() -> str:
                    if not revoked and (done := _rounds(out)):
                        _unregister(running, state, _node_id(running.nodes[REVOKED]))
                        revoked.append(done)
                    return ""

                status = carry_out(
                    running.control,
                    config,
                    out,
                    running.environment,
                    admit=lambda: running.control.register(state.nodes(config)),
                    tend=tend,
                    say=print,
                )
                statuses = {name: one.status for name, one in everybody.items()}
            finally:
                stop(others.values())
            logs = {name: one.log.read_text() for name, one in everybody.items()}
    lines = (out / "anml" / "rounds.jsonl").read_text().splitlines()
    records = [RoundRecord.from_json(line) for line in lines]
    return Siege(status, out, records, revoked[0], logs, statuses)


def _others(state: State, running: Federation, place: Path) -> dict[str, Service]:
    """Make the processes of those who should not be."""
    forging = place / "forging.py"
    forging.write_text(_FORGING)
    honest = running.nodes[FORGER].command
    altered = place / "altered"
    for package in ("anml_fl", "strategies", "clients", "server"):
        shutil.copytree(Path(anml_fl.__file__).parent.parent / package, altered / package)
    with (altered / "clients" / "training.py").open("a") as file:
        file.write("# altered\n")
    given, local = running.environment, state.local.resolve()
    victim = {"VICTIM": str(_node_id(running.nodes[VICTIM])), "ANML_WARM": "0"}
    others = {
        FORGER: Service(
            "forger",
            lambda: [sys.executable, str(forging), *_arguments(honest())],
            {**given, **victim},
            local,
        ),
        ALTERED: Service(
            "altered",
            running.nodes[ALTERED].command,
            {**given, "PYTHONPATH": str(altered)},
            local,
        ),
    }
    for name in ("outsider", "stranger"):
        node = _node(state, name)
        others[name] = supernode(state, node, 5, running.control.address, given)
    return others


def _arguments(command: list[str]) -> list[str]:
    return [one for one in command if one.startswith("--")]


def _node(state: State, name: str) -> Node:
    node = Node(name, 0, state.folder / "strangers" / name)
    make_node_key(node.key, node.public)
    return node


def _rounds(out: Path) -> int:
    path = out / "anml" / "rounds.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _node_id(service: Service) -> int:
    """Read a node's id in its log, once it is connected."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if found := re.search(r"SuperNode ID: (\d+)", service.log.read_text()):
            return int(found[1])
        time.sleep(0.2)
    raise AssertionError(f"{service.name} did not connect: {service.last_lines()}")


def _unregister(running: Federation, state: State, node: int) -> None:
    """Revoke a node's key, as whoever runs the SuperLink does."""
    home = {"FLWR_HOME": str(state.local.resolve() / "flwr" / "control")}
    subprocess.run(
        [script("flwr"), "supernode", "unregister", str(node), "anml"],
        env={**running.environment, **home},
        check=True,
        capture_output=True,
    )
