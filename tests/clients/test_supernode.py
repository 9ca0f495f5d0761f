"""A SuperNode is sped up where Flower is as it was read, and left alone elsewhere."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import flwr
import psutil
import pytest
from flwr.supernode import start_client_internal as loop

from clients import supernode
from clients.warm import COMMAND

# They need Flower's commands, which lie beside an environment's Python.
pytestmark = pytest.mark.slow

REAL = str(Path(sys.executable).parent / COMMAND)


def test_a_warm_process_that_dies_is_replaced(tmp_path, caplog):
    ended = threading.Event()
    (tmp_path / "warm").mkdir(mode=0o700)
    path = tmp_path / "warm" / "socket"
    supervisor = threading.Thread(target=supernode.supervise, args=(path, ended, 0.1))
    before = psutil.Process().children()
    supervisor.start()
    try:
        pids = set()
        while len(pids) < 2:
            for one in set(psutil.Process().children()) - set(before):
                if one.pid not in pids:
                    pids.add(one.pid)
                    one.kill()
            time.sleep(0.05)
    finally:
        ended.set()
        supervisor.join(300)
    assert not supervisor.is_alive()
    assert set(psutil.Process().children()) <= set(before)


def test_flower_is_as_it_was_read():
    """Each name that is replaced is there: else Flower's own way stays, for good."""
    assert flwr.__version__ == "1.41.0"
    assert supernode.unfit() == ""


LEAVING = """
import sys, time
from flwr.supercore.exit import add_exit_handler, flwr_exit
from clients import supernode

def leave():
    add_exit_handler(lambda: time.sleep(float(sys.argv[2])))
    try:
        flwr_exit(0)
    finally:
        print("left")

supernode.flower_supernode, supernode.LEAVE = leave, float(sys.argv[1])
supernode.main()
"""


@pytest.mark.parametrize(
    ("may", "takes", "said"), [("0.1", "60", ""), ("60", "0.5", "left\n")]
)
def test_a_node_that_is_told_to_end_has_time_for_its_leave(may, takes, said):
    call = [sys.executable, "-c", LEAVING, may, takes]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout == said


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (flwr, "__version__", "1.42.0"),
        (loop, "time", None),
        (loop, "get_fused_config_from_fab", None),
        (supernode, "TASK_TYPE_TO_COMMAND", {}),
    ],
)
def test_another_flower_is_left_alone(monkeypatch, where, name, value):
    monkeypatch.setattr(where, name, value)
    before = loop.time, loop.get_fused_config_from_fab, os.environ["PATH"]
    with supernode.sped_up():
        assert (loop.time, loop.get_fused_config_from_fab, os.environ["PATH"]) == before
    assert supernode.unfit()


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}/bin")
    monkeypatch.setenv(supernode.SOCKET, str(tmp_path / "socket"))
    monkeypatch.delenv("FLWR_SUPEREXEC_TASK_POLL_INTERVAL", raising=False)
    yield
    os.environ.pop("FLWR_SUPEREXEC_TASK_POLL_INTERVAL", None)


@pytest.mark.usefixtures("environment")
def test_flowers_loop_waits_less_and_finds_the_stand_in(monkeypatch):
    with supernode.sped_up():
        asked_for = []
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", asked_for.append)
            loop.time.sleep(3)
        assert max(asked_for) < 1
        assert shutil.which(COMMAND) != REAL
        # With nobody at the socket, the stand-in becomes the real command.
        done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
        assert "--runtime-api-address" in done.stdout
        # What Flower's SuperExec is started with, in its own reading.
        from flwr.supercore.superexec.run_superexec import _get_task_poll_interval

        assert _get_task_poll_interval() < 1
    assert loop.time is time
    assert shutil.which(COMMAND) == REAL


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("file", "warm"), [("pyproject.toml", True), ("clients/app.py", False)]
)
def test_an_app_with_code_is_left_to_the_real_command(monkeypatch, file, warm):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(file, "")
    monkeypatch.setattr(loop, "get_fused_config_from_fab", lambda fab, run: (len(fab), run))
    with supernode.sped_up():
        read = loop.get_fused_config_from_fab(content.getvalue(), "run")
        assert read == (len(content.getvalue()), "run")
        assert (shutil.which(COMMAND) != REAL) == warm


@pytest.mark.usefixtures("environment")
def test_a_path_too_long_for_a_socket_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv(supernode.SOCKET, str(tmp_path / ("x" * 108)))
    with supernode.sped_up():
        assert shutil.which(COMMAND) == REAL
