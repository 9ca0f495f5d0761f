"""Forked clients do what Flower's own command does; whatever is amiss, that one runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
import tomli_w
import uvicorn
from flwr.cli.build import build_fab_from_disk
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.constant import TaskType
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable.inflatable_object import (
    get_all_nested_objects,
    get_object_tree,
    iterate_object_tree,
)
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents
from flwr.supercore.object_store import ObjectStoreFactory
from flwr.supercore.run import Run
from flwr.supernode import start_client_internal as loop
from flwr.supernode.main import create_app
from flwr.supernode.nodestate import NodeStateFactory
from flwr.supernode.servicer.runtime.runtime_handlers import acquire_task

from anml_fl.federation.data import data_of
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.reading import from_flat
from clients import client_stub, supernode
from clients.warm import COMMAND

# They need Flower's commands, which lie beside an environment's Python.
pytestmark = pytest.mark.slow

ROOT = Path(client_stub.__file__).resolve().parents[1]
REAL = str(Path(sys.executable).parent / COMMAND)
SWITCHES = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
}
SETTINGS = {"contributors": 3, "behaviours": "honest=3", "local-epochs": 2}
NOBODY = 65534
LOG = "log"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@contextmanager
def warm_process(folder, **environment):
    path = folder / "socket"
    command = [sys.executable, "-m", "clients.warm", path, "--parent-pid", str(os.getpid())]
    with (folder / LOG).open("w") as log:
        process = subprocess.Popen(
            # Not in the checkout's folder, where its modules would come first.
            command,
            cwd=folder,
            env={**os.environ, **SWITCHES, **environment},
            stderr=log,
        )
    try:
        while not path.exists():
            assert process.poll() is None, (folder / LOG).read_text()
            time.sleep(0.05)
        yield process, path
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def warm():
    with TemporaryDirectory() as folder, warm_process(Path(folder)) as started:
        yield started


@contextmanager
def caller(path, command, *argv, **environment):
    process = subprocess.Popen(
        [sys.executable, "-IS", client_stub.__file__, path, command, *argv],
        env={**os.environ, **SWITCHES, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stock_output(path, **environment):
    """Return what the real command says, if it is called; echo stands for it."""
    with caller(path, "/bin/echo", "--token", "as it was", **environment) as process:
        return process.communicate(timeout=300)[0]


AS_IT_WAS = "--token as it was\n"


@contextmanager
def silent_server():
    """Yield arguments that keep a client waiting for its SuperNode's first word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        yield ["--runtime-api-address", address, "--token", "none", "--insecure"]


def fork_of(process):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if children := psutil.Process(process.pid).children():
            return children[0]
        time.sleep(0.02)
    raise AssertionError("no fork")


@contextmanager
def supernode_with_a_message(tmp_path, message):
    """Serve one message as Flower's SuperNode does; yields arguments, and a reader."""
    bundle = _bundle(tmp_path)
    assert not supernode.brings_code(bundle)
    run = Run.create_empty(1)
    run.fab_id, run.fab_version = "anml/anml", "0.0.0"
    run.fab_hash = hashlib.sha256(bundle).hexdigest()
    objects = {one: thing.deflate() for one, thing in get_all_nested_objects(message).items()}
    message.metadata.__dict__["_message_id"] = message.object_id
    factory = NodeStateFactory(objectstore_factory=ObjectStoreFactory())
    state, store = factory.state(), factory.objectstore_factory.store()
    state.set_node_id(message.metadata.dst_node_id)
    loop._pull_and_store_message(
        state=state,
        object_store=store,
        node_config={"partition-id": 1, "num-partitions": 3},
        receive=lambda: (message, get_object_tree(message)),
        get_run=lambda _: run,
        get_fab=lambda *_: Fab(run.fab_hash, bundle, {}),
        pull_object=lambda _, one: objects[one],
        confirm_message_received=lambda *_: None,
        trusted_entities=None,
    )
    wanted = AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP])
    token = acquire_task(wanted, state).token
    server = uvicorn.Server(
        uvicorn.Config(create_app(factory), port=0, ws="none", log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()

    def reply():
        (sent,) = state.get_messages_legacy(is_reply=True)
        name = sent.metadata.message_id
        parts = iterate_object_tree(store.get_object_tree(name))
        return inflate_object_from_contents(
            name, {part.object_id: store.get(part.object_id) for part in parts}
        )

    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"127.0.0.1:{port}"
        yield ["--runtime-api-address", address, "--token", token, "--insecure"], reply
    finally:
        server.should_exit = True
        thread.join()


def _bundle(tmp_path):
    app = tmp_path / "anml"
    app.mkdir(exist_ok=True)
    components = {"serverapp": "server.app:app", "clientapp": "clients.app:app"}
    flower = {
        "publisher": "anml",
        "components": components,
        "config": {**from_flat(SETTINGS).to_flat(), "out": ""},
    }
    project = {"name": "anml", "version": "0.0.0", "description": "", "license": "Apache-2.0"}
    system = {"requires": ["hatchling"], "build-backend": "hatchling.build"}
    settings = {"build-system": system, "project": project, "tool": {"flwr": {"app": flower}}}
    (app / "pyproject.toml").write_text(tomli_w.dumps(settings))
    return build_fab_from_disk(app)


# Flower's own, of how it builds a bundle.
@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
def test_a_fork_answers_as_the_real_command_does(warm, instruct, tmp_path):
    config = from_flat(SETTINGS)
    dealt = data_of(config)
    width, classes = dealt.test.features.shape[1], dealt.test.classes
    model = arrays_of(build(config.training.model, width, dealt.image, classes, seed=0))
    answers = []
    # If no fork were to be had, this would be noticed: /bin/false would come in its place.
    forked = [sys.executable, "-IS", client_stub.__file__, warm[1], "/bin/false"]
    for start in ([REAL], forked):
        home = tmp_path / str(len(answers))
        with supernode_with_a_message(tmp_path, instruct("train", model)) as (argv, reply):
            done = subprocess.run(
                [*start, *argv],
                env={**os.environ, **SWITCHES, "FLWR_HOME": str(home)},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            # In the folder and in the log that the caller's environment and files name.
            assert (home / "apps").is_dir()
            assert "Start `flwr-clientapp` process" in done.stdout + done.stderr
            answers.append(reply())
    stock, fork = answers
    assert fork.content == stock.content
    assert set(stock.content.array_records["arrays"]) == set(model)


def test_without_a_socket_the_real_command_runs(tmp_path):
    assert stock_output(tmp_path / "nothing") == AS_IT_WAS


def test_a_socket_that_nobody_serves_any_more_is_passed_over(tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "socket"))
    assert stock_output(tmp_path / "socket") == AS_IT_WAS


def test_what_is_read_at_import_must_be_as_in_the_warm_process(warm):
    assert stock_output(warm[1], OMP_NUM_THREADS="7") == AS_IT_WAS


def test_a_failing_client_fails_as_it_would(warm):
    with caller(warm[1], "/bin/false", "--no-such-option") as process:
        assert process.wait(300) == 2


def test_a_killed_caller_takes_its_fork_with_it(warm):
    with silent_server() as argv, caller(warm[1], "/bin/false", *argv) as process:
        fork = fork_of(warm[0])
        process.kill()
        fork.wait(300)


def test_a_signal_reaches_the_fork(warm):
    with silent_server() as argv, caller(warm[1], "/bin/false", *argv) as process:
        fork = fork_of(warm[0])
        assert "Start" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(300)
        assert not fork.is_running()


def test_a_killed_fork_is_seen_by_its_caller(warm):
    with silent_server() as argv, caller(warm[1], "/bin/false", *argv) as process:
        assert "Start" in process.stdout.readline()
        fork_of(warm[0]).kill()
        assert process.wait(300) == -signal.SIGKILL


@as_root
def test_another_users_call_is_refused(warm):
    folder = warm[1].parent
    connect = f"""if True:
        import os, socket
        os.setuid({NOBODY})
        with socket.socket(socket.AF_UNIX) as link:
            link.connect({str(warm[1])!r})
            print(link.recv(1))
    """
    folder.chmod(0o711)
    warm[1].chmod(0o777)
    try:
        done = subprocess.run(
            [sys.executable, "-IS", "-c", connect], capture_output=True, text=True, check=False
        )
    finally:
        folder.chmod(0o700)
    assert done.stdout == "b''\n", done.stderr
    assert "refused a caller of another user" in (folder / LOG).read_text()


@as_root
def test_another_users_socket_gets_no_token():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        serve = f"""if True:
            import os, socket
            os.setuid({NOBODY})
            with socket.socket(socket.AF_UNIX) as server:
                server.bind({str(path)!r})
                server.listen()
                print("ready", flush=True)
                with server.accept()[0] as link:
                    print(link.recv(1))
        """
        os.chown(folder, NOBODY, NOBODY)
        command = [sys.executable, "-IS", "-c", serve]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as impostor:
            assert impostor.stdout.readline() == "ready\n"
            assert stock_output(path) == AS_IT_WAS
            assert impostor.communicate(timeout=300)[0] == "b''\n"


def test_the_folder_must_be_closed_to_others(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    command = [sys.executable, "-m", "clients.warm", tmp_path / "open" / "socket"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "must be this user's, with mode 0700" in done.stderr


def test_with_other_code_on_disk_the_warm_process_ends(tmp_path):
    for package in ("anml_fl", "clients", "strategies"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    elsewhere = {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "warm").mkdir(mode=0o700)
    with warm_process(tmp_path / "warm", **elsewhere) as (process, path):
        with (tmp_path / "clients" / "echo.py").open("a") as module:
            module.write("\n")
        assert stock_output(path, **elsewhere) == AS_IT_WAS
        assert process.wait(300) == 0
        assert not path.exists()
