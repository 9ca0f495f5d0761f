"""Processes of a federation: started again when they die, stopped with all they started."""

from __future__ import annotations

import os
import sys
import time

import psutil
import pytest

from anml_fl.authorisation.secret import make_secret
from server.deployment.processes import (
    Service,
    environment,
    stop,
    stop_leftovers,
    superlink,
    supernode,
)
from server.deployment.state import Node, State

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# As SuperLink's: what it starts has a session of its own, and outlives it.
PARENT = f"""
import subprocess, time
subprocess.Popen({SLEEP!r}, start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def service(tmp_path):
    """Make services; what runs at the end is stopped."""
    made = []

    def make(*command):
        made.append(Service("one", lambda: list(command), dict(os.environ), tmp_path))
        return made[-1]

    yield make
    stop(made)


def until(true, seconds=300.0):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_it_started_is_stopped_too(service):
    one = service(sys.executable, "-c", PARENT)
    one.start()
    until(lambda: "started" in one.log.read_text() and len(one.processes()) == 2)
    started = one.processes()
    stop([one])
    assert not any(process.is_running() for process in started)
    assert one.status is not None


def test_it_is_found_after_its_parent_was_killed(service):
    one = service(sys.executable, "-c", PARENT)
    one.start()
    until(lambda: len(one.processes()) == 2)
    psutil.Process(one.pid).kill()
    until(lambda: one.status == -9)
    orphan = next(process for process in one.processes() if process.pid != one.pid)
    assert one.revive()
    assert not orphan.is_running()


def test_dead_one_is_started_at_once_then_after_pauses(service):
    one = service(sys.executable, "-c", "raise SystemExit(3)")
    one.start()
    until(lambda: one.status == 3)
    assert one.revive()
    until(lambda: one.status == 3)
    begin = time.monotonic()
    assert not one.revive()
    until(one.revive)
    assert time.monotonic() - begin >= 1.0
    assert not one.given_up


def test_living_one_is_left_alone(service):
    one = service(*SLEEP)
    assert not one.revive()
    one.start()
    pid = one.pid
    assert not one.revive()
    assert one.pid == pid


def test_it_runs_in_an_empty_folder(service, tmp_path):
    one = service(sys.executable, "-c", "import os; print(os.getcwd(), os.listdir())")
    one.start()
    until(lambda: one.status == 0)
    assert one.last_lines() == f"{tmp_path / 'empty'} []"


def test_what_a_killed_command_left_behind_is_stopped(tmp_path):
    state, other = State(tmp_path / "a"), State(tmp_path / "b")
    made = [
        Service("one", lambda: SLEEP, environment(one, warm=False), one.local)
        for one in (state, other)
    ]
    try:
        for one in made:
            one.start()
        until(lambda: all(one.processes() for one in made))
        assert stop_leftovers(state) == 1
        assert made[0].processes() == []
        assert len(made[1].processes()) == 1
    finally:
        stop(made)


def test_superlink_is_for_this_machine_and_for_registered_nodes(tmp_path):
    command = superlink(State(tmp_path), 4711, {}).command()
    assert command[1:3] == ["-m", "server.superlink"]
    assert {"--host=127.0.0.1", "--enable-supernode-auth"} < set(command)
    assert "--disable-runtime-dependency-installation" in command
    assert not any("insecure" in part for part in command)


@pytest.mark.parametrize("warm", ["1", "0"])
def test_supernode_is_guarded_and_its_links_are_encrypted(tmp_path, warm):
    node = Node("contributor-0000", 0, tmp_path / "nodes" / "contributor-0000")
    command = supernode(State(tmp_path), node, 2, "h:1", {"ANML_WARM": warm}).command()
    assert command[:3] == [sys.executable, "-m", "clients.supernode"]
    assert f"--auth-supernode-private-key={node.key}" in command
    assert not any("insecure" in part for part in command)


def test_superlink_knows_its_owners_secret_where_there_is_one(tmp_path):
    state = State(tmp_path / "federation")
    one = "import os; print(os.environ.get('ANML_OWNER_SECRET'))"
    expected = ["None", str(state.owner_secret)]
    for known in expected:
        if known != "None":
            make_secret(state.owner_secret)
        service = superlink(state, 4711, dict(os.environ))
        service.command = lambda: [sys.executable, "-c", one]
        service.start()
        until(lambda started=service: started.status == 0)
        assert service.last_lines(1) == known
