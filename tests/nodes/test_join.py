"""`anml join`: what it examines, what it starts, and how it waits to be let in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from flwr.common.config import parse_config_args
from flwr.proto.control_pb2 import ListNodesRequest

from anml_fl.cli import main
from anml_fl.system.processes import free_port, running
from clients.commands import node_files
from clients.node_process import NodeFiles, keep_joined, quoted
from server.deployment.authority import make_node_key
from server.deployment.control import Control
from server.deployment.prepare import prepare
from server.deployment.processes import environment, stop, superlink
from server.engines.processes import script


@pytest.fixture
def folder(sites):
    """A site's folder, as the federation's owner hands it out."""
    made = sites.folder / "north"
    made.chmod(0o700)
    make_node_key(made / "node.key", made / "node.pub")
    (made / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    return made


@pytest.fixture
def started(monkeypatch):
    """Keep SuperNodes from being started; return what they would have been."""
    calls = []

    def keep(command, environment, say, superlink):
        calls.append((command(), environment))
        return 0

    monkeypatch.setattr("clients.node_process.keep_joined", keep)
    return calls


def join(folder, *more):
    given = ["--superlink=server.example.org:8000", f"--data={folder / 'patients.csv'}"]
    return CliRunner().invoke(main, ["join", *given, f"--key={folder / 'node.key'}", *more])


def option(command, name):
    (found,) = [part for part in command if part.startswith(f"--{name}=")]
    return found.partition("=")[2]


def test_files_beside_the_key_are_taken_and_the_supernode_is_given_all_of_them(
    folder, started
):
    (folder / "egress.toml").write_text("largest_norm = 2.5\n")
    done = join(folder, "--warm")
    assert done.exit_code == 0, done.output
    ((command, env),) = started
    assert command[:3] == [sys.executable, "-m", "clients.supernode"]
    assert option(command, "superlink") == "server.example.org:8000"
    assert option(command, "root-certificates") == str(folder / "ca.crt")
    assert option(command, "auth-supernode-private-key") == str(folder / "node.key")
    assert option(command, "host") == "127.0.0.1"
    assert "--insecure" not in command
    assert parse_config_args([option(command, "node-config")]) == {
        "data": str(folder / "patients.csv"),
        "schema": str(folder / "schema.toml"),
        "egress": str(folder / "egress.toml"),
        "egress-log": str(folder / "egress.log"),
    }
    assert env["FLWR_TELEMETRY_ENABLED"] == "0"
    assert env["FLWR_DISABLE_UPDATE_CHECK"] == "1"
    assert env["ANML_WARM"] == "1"
    assert "patients.csv: 40 rows, which fit schema" in done.output
    assert "what may leave: a trained model (an update of norm 2.5 at most)" in done.output


def test_without_a_policy_the_usual_one_is_told(folder, started):
    done = join(folder)
    assert "counts and sums over 5 rows or more" in done.output
    assert "egress" not in parse_config_args([option(started[0][0], "node-config")])
    assert started[0][1]["ANML_WARM"] == "0"


def test_a_bad_cell_is_told_in_full_and_nothing_is_started(folder, started, sites):
    sites.tables["north"][6] = ("6173.51", *sites.tables["north"][6][1:])
    sites.write("north")
    done = join(folder)
    assert done.exit_code == 2
    for word in ("patients.csv", "line 8", "column age", "0 to 130", "'6173.51'"):
        assert word in done.output
    assert "Canary" not in done.output
    assert started == []


def test_a_key_that_others_may_read_is_refused(folder, started):
    (folder / "node.key").chmod(0o644)
    done = join(folder)
    assert done.exit_code == 2
    assert "mode 0644: others may read it" in done.output
    assert started == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ca.crt", "the certificate of SuperLink's authority; --root-certificates names it"),
        ("schema.toml", "what the table must hold; --schema names it"),
        ("node.key", "this node's private key; --key names it"),
    ],
)
def test_a_file_that_is_not_there_is_named_with_its_option(folder, started, name, said):
    (folder / name).unlink()
    done = join(folder)
    assert done.exit_code == 2
    assert f"{folder / name} is not there: {said}" in " ".join(done.output.split())


def test_a_policy_that_is_named_must_be_there(folder, started):
    done = join(folder, f"--egress={folder / 'none.toml'}")
    assert "what may leave this node; --egress names it" in " ".join(done.output.split())


@pytest.mark.parametrize("address", ["server", "https://server:8000", "server:", ":8000"])
def test_an_address_that_is_none_is_refused(folder, started, address):
    done = join(folder, f"--superlink={address}")
    assert f"--superlink must be HOST:PORT, as in 192.168.1.10:8000, got {address!r}" in (
        done.output
    )


def test_there_is_no_way_to_join_unprotected(folder):
    assert "unknown option --insecure" in join(folder, "--insecure").output


@pytest.mark.parametrize(
    "path",
    [
        "/srv/a b.csv",
        "/srv/ann's data.csv",
        '/srv/"new".csv',
        "/srv/a=1 data=2.csv",
        "/srv/back\\slash.csv",
        "/srv/Zürich.csv",
        "/srv/schema.toml",
        "hf:owner/name",
    ],
)
def test_a_path_reaches_the_node_as_it_is(path):
    files = NodeFiles(Path("/k/node.key"), Path("/k/ca.crt"), path, Path("/k/s.toml"), None)
    assert parse_config_args([files.node_config])["data"] == path


@pytest.mark.parametrize("path", ["a'b\"c.csv", "a\nb.csv", "a'b\\c.csv"])
def test_a_path_that_flower_cannot_be_told_is_refused(path):
    with pytest.raises(ValueError, match="rename the file or its folder"):
        quoted("data", path)


def test_paths_do_not_depend_on_the_folder_it_is_called_in(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = node_files(Path("node.key"), "patients.csv")
    assert (found.key, found.data) == (folder / "node.key", str(folder / "patients.csv"))
    assert node_files(Path("node.key"), "hf:owner/name").data == "hf:owner/name"


def tries(tmp_path, *scripts):
    """Command lines, one a try."""
    return iter([[sys.executable, "-c", one] for one in scripts])


def test_a_node_that_is_not_let_in_tries_again_and_says_so(tmp_path, capfdbinary):
    refused = "import sys; print('x\\nExit Code: 305\\ny'); sys.exit(1)"
    scripts = tries(tmp_path, refused, refused, "print('in'); raise SystemExit(4)")
    said = []
    assert keep_joined(lambda: next(scripts), os.environ, said.append, "s:8000", 0.01) == 4
    assert len(said) == 2
    assert "its key is not registered there yet" in said[0]


@pytest.mark.parametrize("code", ["Exit Code: 302", "Exit Code: 303", ""])
def test_a_node_that_fails_otherwise_ends(tmp_path, code):
    scripts = tries(tmp_path, f"print({code!r}); raise SystemExit(1)")
    said = []
    assert keep_joined(lambda: next(scripts), os.environ, said.append, "s:8000") == 1
    assert said == []


def test_a_superlink_that_does_not_answer_is_named_once_a_minute(tmp_path, capfdbinary):
    told = "WARNING: Connection attempt failed, retrying in 1.00 seconds"
    scripts = tries(tmp_path, f"for _ in range(9): print({told!r})\nprint('other words')")
    said = []
    assert keep_joined(lambda: next(scripts), os.environ, said.append, "fl.org:8000") == 0
    (line,) = said
    assert "SuperLink at fl.org:8000 does not answer" in line
    assert "firewall" in line
    assert capfdbinary.readouterr().out == b"other words\n"


ORPHANING = """
import subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(sleep, start_new_session=True)
raise SystemExit(3)
"""


def test_what_a_node_has_started_ends_with_it(tmp_path):
    given = {**os.environ, MARK: str(tmp_path)}
    scripts = tries(tmp_path, ORPHANING)
    begin = time.monotonic()
    assert keep_joined(lambda: next(scripts), given, print, "s:8000") == 3
    assert left_of(str(tmp_path)) == []
    assert time.monotonic() - begin < 60


MARK = "ANML_TEST_OF_JOIN"


def left_of(mark):
    found = []
    for one in running():
        try:
            if one.environ().get(MARK) == mark and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except psutil.Error:
            continue
    return found


def online(control):
    nodes = control._client.ListNodes(ListNodesRequest()).nodes_info
    return sum(one.status == "online" for one in nodes)


@pytest.mark.slow
def test_it_waits_until_its_key_is_registered_and_takes_its_leave(sites, tmp_path):
    flat = {"dataset": "wine", "contributors": 3, "behaviours": "honest=3"}
    state, config = prepare(tmp_path / "federation", None, flat)
    member = state.nodes(config)[0]
    folder = member.folder
    for name in ("schema.toml", "patients.csv"):
        (folder / name).write_bytes((sites.folder / "north" / name).read_bytes())
    (folder / "ca.crt").write_bytes(state.ca.read_bytes())
    given = environment(state, warm=True)
    link = superlink(state, port := free_port(), given)
    control = Control(
        f"127.0.0.1:{port}", state.ca, state.local / "flwr" / "control", state.secret()
    )
    said = tmp_path / "said.txt"
    command = [script("anml"), "join", f"--superlink=127.0.0.1:{port}", "--key=node.key"]
    node = None
    try:
        link.start()
        control.wait(60)
        with said.open("wb") as sink:
            node = subprocess.Popen(
                [*command, "--data=patients.csv"],
                cwd=folder,
                env={**os.environ, MARK: str(tmp_path)},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

        def until(true):
            end = time.monotonic() + 120
            while not true():
                assert node.poll() is None, said.read_text()
                assert time.monotonic() < end, said.read_text()
                time.sleep(0.2)

        until(lambda: "has not let this node in" in said.read_text())
        control.register([member])
        until(lambda: online(control) == 1)
        node.send_signal(signal.SIGINT)
        assert node.wait(60) == 130, said.read_text()
        assert "left the federation" in said.read_text()
        assert online(control) == 0
        assert left_of(str(tmp_path)) == []
    finally:
        if node is not None and node.poll() is None:
            node.terminate()
            node.wait(60)
        control.close()
        stop([link])
