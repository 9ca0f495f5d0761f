"""Another account of the machine gives orders to servers that were started as users do."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import tomli_w

from anml_fl.system.processes import free_port
from server.deployment.control import Control
from server.deployment.prepare import prepare
from server.deployment.processes import Service, environment, stop, superlink, supernode
from server.engines.processes import script
from server.engines.simulation import SWITCHES, _superlink, write_app

pytestmark = pytest.mark.slow

# An app that says under which account it runs, and then runs on for a while.
APP = """
import os, time
from pathlib import Path
from flwr.serverapp import ServerApp
app = ServerApp()

@app.main()
def main(grid, context):
    Path({marker!r}).write_text(f"user {{os.getuid()}}")
    time.sleep(60)
"""
CLIENT = """
from flwr.clientapp import ClientApp
app = ClientApp()
"""
# Asks a server of Flower's for what its processes ask for, by Flower's own client.
PROCESS = """
import sys
import httpx
from pathlib import Path
from flwr.proto.runtime_pb2 import AcquireTaskRequest, SendTaskHeartbeatRequest
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor
from flwr.supercore.interceptors.http.runtime_token import RuntimeTokenHttpInterceptor
from flwr.supercore.runtime.runtime_http_client import RuntimeHttpClient

address, ca, token = sys.argv[1:]
client = RuntimeHttpClient.from_server_address(
    server_address=address,
    insecure=not ca,
    root_certificates=Path(ca).read_bytes() if ca else None,
    interceptors=[
        RuntimeVersionHttpInterceptor(component_name="flwr-serverapp"),
        *([RuntimeTokenHttpInterceptor(token)] if token else []),
    ],
)
try:
    if token:
        client.SendTaskHeartbeat(SendTaskHeartbeatRequest())
    else:
        client.AcquireTask(AcquireTaskRequest(supported_task_types=["client_app"]))
    print("taken")
except httpx.HTTPStatusError as error:
    print(error.response.status_code, error.response.text)
"""


JOINING = """
import sys, httpx
print(httpx.post(sys.argv[1] + "register-node", trust_env=False).text)
"""


class Other:
    """Another account, with a folder of its own."""

    def __init__(self, before: list[str], folder: Path) -> None:
        self.folder = folder
        self._before = before
        os.chown(folder, 65534, 65534)

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._before, *command],
            cwd=self.folder,
            env={**os.environ, **SWITCHES, "HOME": str(self.folder), **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def flwr(self, *arguments: str, home: Path) -> str:
        done = self.run(script("flwr"), *arguments, FLWR_HOME=str(home), COLUMNS="500")
        return " ".join((done.stdout + done.stderr).split())

    def process(self, address: str, ca: Path | str = "", token: str = "") -> str:
        """Ask as a process of Flower's does."""
        return self.run(sys.executable, "-c", PROCESS, address, str(ca), token).stdout


@pytest.fixture(scope="module")
def folder():
    """A folder that others may enter, as pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="anml-orders-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def other(stranger, folder):
    place = folder / "other"
    place.mkdir()
    return Other(stranger, place)


@pytest.fixture(scope="module")
def state(folder):
    """A federation of one node."""
    return prepare(folder / "federation", None, {"dataset": "wine"}, nodes=1)[0]


@pytest.fixture(scope="module")
def link(state):
    """Its SuperLink, as `anml up --local` starts it; yields what controls it, and its log."""
    port = free_port()
    service = superlink(state, port, environment(state, warm=False))
    control = Control(f"127.0.0.1:{port}", state.ca, state.local / "flwr" / "control")
    service.start()
    try:
        control.wait(60)
        yield control, service
    finally:
        control.close()
        stop([service])


@pytest.fixture(scope="module")
def home(other, link, state):
    """A folder for FLWR_HOME, in which the other account has made its connection."""
    made = other.folder / "home"
    made.mkdir()
    ca = shutil.copy(state.ca, other.folder)
    connection = {"address": link[0].address, "root-certificates": str(ca)}
    text = tomli_w.dumps({"superlink": {"default": "anml", "anml": connection}})
    (made / "config.toml").write_text(text)
    for path in (made, *made.iterdir()):
        os.chown(path, 65534, 65534)
    return made


@pytest.fixture
def app(other, folder):
    """An app, and the file that it writes."""
    marker = folder / "written"
    marker.unlink(missing_ok=True)
    made = other.folder / "app"
    made.mkdir(exist_ok=True)
    settings = (write_app(other.folder, _config(), folder) / "pyproject.toml").read_text()
    settings = settings.replace("server.app:app", "own:app").replace("clients.app", "client")
    (made / "pyproject.toml").write_text(settings)
    (made / "own.py").write_text(APP.format(marker=str(marker)))
    (made / "client.py").write_text(CLIENT)
    for path in (made, *made.iterdir()):
        os.chown(path, 65534, 65534)
    return made, marker


def _config():
    from anml_fl.settings.run import RunConfig

    return RunConfig()


def operators(link, *arguments):
    """Give an order as the account that runs SuperLink, with Flower's own command."""
    home = Path(link[1].log).parent.parent / "flwr" / "control"
    done = subprocess.run(
        [script("flwr"), *arguments],
        env={**os.environ, **SWITCHES, "FLWR_HOME": str(home), "COLUMNS": "500"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return " ".join((done.stdout + done.stderr).split())


def test_its_app_is_refused_and_the_operators_runs(link, other, home, app):
    place, marker = app
    said = other.flwr("run", str(place), "anml", home=home)
    assert "permission denied to user 65534 at 127.0.0.1" in said
    assert "Successfully started run" not in said
    assert "refused: POST '/v1/control/start-run' of user 65534" in link[1].log.read_text()

    assert "Successfully started run" in operators(link, "run", str(place), "anml")
    process, token = _serverapp(link[1])
    assert marker.read_text() == f"user {os.geteuid()}"

    # The token by which SuperLink knows its ServerApp stands where everybody can read it ...
    shown = other.run("cat", f"/proc/{process.pid}/cmdline").stdout.split("\0")
    assert token in shown
    # ... and is good for something, but not in another account's hands.
    ca = str(other.folder / "ca.crt")
    assert _operators_process(link[0].address, ca, token) == "taken"
    said = other.process(link[0].address, ca, token)
    assert said.startswith("403 ")
    assert "permission denied to user 65534" in said
    assert "/v1/runtime/send-task-heartbeat' of user 65534" in link[1].log.read_text()


def _serverapp(service: Service) -> tuple[psutil.Process, str]:
    """Wait for the process of a run, and read the token in its command line."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for one in service.processes():
            try:
                command = one.cmdline()
            except psutil.Error:
                continue
            if any(part.endswith("flwr-serverapp") for part in command[:2]):
                marker = Path(service.log).parents[3] / "written"
                if marker.exists() and marker.read_text():
                    return one, command[command.index("--token") + 1]
        time.sleep(0.2)
    raise AssertionError(service.last_lines())


def _operators_process(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "order",
    [("ls",), ("supernode", "list"), ("stop", "1")],
    ids=" ".join,
)
def test_no_other_order_of_its_is_taken(link, other, home, order):
    assert "permission denied to user 65534" in other.flwr(*order, home=home)
    assert "permission denied" not in operators(link, *order)


def test_who_was_given_the_secret_gives_orders_by_flowers_command(link, other, home, state):
    kept = home / "credentials.yaml"
    control = Control(link[0].address, state.ca, state.local / "given", state.secret())
    control.close()
    written = state.local / "given" / "credentials.yaml"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    shutil.copy(written, kept)
    os.chown(kept, 65534, 65534)
    try:
        assert "Listing all runs" in (said := other.flwr("ls", home=home))
        assert "permission denied" not in said
    finally:
        kept.unlink()
    assert "permission denied" in other.flwr("ls", home=home)


CONTROLLING = """
import sys
from pathlib import Path
from server.deployment.control import Control, ControlError
from server.deployment.state import Node
address, ca, home, public, *secrets = sys.argv[1:]
for secret in secrets:
    control = Control(address, Path(ca), Path(home), secret or None)
    try:
        control.register([Node("somebody", 0, Path(public))])
        print("registered")
    except ControlError as error:
        print(error)
    finally:
        control.close()
"""


def test_our_own_client_says_so_too_and_shows_the_secret_it_is_given(link, other, state):
    node = state.nodes(state.config())[0]
    ca, home = str(state.ca), str(other.folder / "controlling")
    call = (sys.executable, "-c", CONTROLLING, link[0].address, ca, home, str(node.folder))
    none, wrong, right = other.run(*call, "", "x" * 43, state.secret()).stdout.splitlines()
    assert "SuperLink refuses somebody's key: permission denied to user 65534" in none
    assert wrong == none
    assert right == "registered"


def test_nobody_else_reads_what_superlink_keeps(link, state):
    """With every umask: it is the folder that is closed, and the database as well."""
    assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((state.local / "superlink.db").stat().st_mode) == 0o600


def test_no_other_account_fetches_a_nodes_messages(other, state):
    """A SuperNode gives each message to the first who asks its own server for one."""
    node = state.nodes(state.config())[0]
    given = environment(state, warm=False)
    service = supernode(state, node, 1, f"127.0.0.1:{free_port()}", given)
    command = service.command()
    service.command = lambda: command
    port = next(one for one in command if one.startswith("--port=")).removeprefix("--port=")
    service.start()
    try:
        end = time.monotonic() + 60
        while "Uvicorn running" not in service.log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        assert _operators_process(f"127.0.0.1:{port}", "", "") == "taken"
        said = other.process(f"127.0.0.1:{port}")
    finally:
        stop([service])
    assert said.startswith("403 ")
    assert "permission denied to user 65534 at 127.0.0.1: this SuperNode" in said
    assert "refused: POST '/v1/runtime/acquire-task' of user 65534" in service.log.read_text()


def test_a_simulations_superlink_is_no_more_open(other, tmp_path):
    with (tmp_path / "log").open("w") as log, _superlink(tmp_path, log.fileno()) as given:
        text = (Path(given["FLWR_HOME"]) / "config.toml").read_text()
        home = other.folder / "simulation"
        home.mkdir()
        (home / "config.toml").write_text(text)
        os.chown(home, 65534, 65534)
        said = other.flwr("ls", home=home)
        address = text.partition('address = "')[2].partition('"')[0]
        joined = other.run(sys.executable, "-c", JOINING, f"http://{address}/v1/fleet/")
        own = subprocess.run(
            [script("flwr"), "ls"], env=given, capture_output=True, check=False
        )
    assert "permission denied to user 65534 at 127.0.0.1" in said
    assert "permission denied to user 65534" in joined.stdout
    assert own.returncode == 0
    assert b"Listing all runs" in own.stdout
