"""`anml doctor`: versions, switches, ports, disk, device, bundle; each fault really made."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from anml_fl.system.switches import SWITCHES
from server.deployment.environment_file import write_environment
from server.deployment.prepare import prepare
from server.doctor.bundle import check_bundle, checkout
from server.doctor.commands import doctor, table
from server.doctor.examination import Installation, examine
from server.doctor.finding import Finding
from server.doctor.ports import check_port
from server.doctor.storage import check_storage
from server.doctor.switches import check_proxy, check_switches
from server.doctor.versions import check_device, check_versions


def bad(found):
    """Tell what is wrong in findings, each of which must say what to do."""
    wrong = [one for one in found if one.status != "ok"]
    assert all(one.remedy for one in wrong)
    return [(one.check, one.status, one.what) for one in wrong]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Let a folder come first where distributions are looked for."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, version, *lines):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines]
        (folder / "METADATA").write_text("\n".join(head) + "\n")

    return install


def test_versions_of_this_environment_are_good():
    assert bad(check_versions()) == []


@pytest.mark.parametrize(("name", "version"), [("flwr", "1.42.0"), ("torch", "2.12.1")])
def test_a_version_outside_of_what_is_needed_is_a_problem(installed, name, version):
    installed(name, version)

    ((check, status, what),) = bad(check_versions())
    assert (check, status) == ("packages", "problem")
    assert what.startswith(f"{name} {version} is installed, but ")
    assert what.endswith(" is needed")


def test_a_missing_package_an_old_python_and_other_code_of_ours_are_problems(installed):
    needs = ("Requires-Dist: nobody-has-this>=2", 'Requires-Dist: nor-this; extra == "x"')
    installed("anml_fl", "0.0.1", "Requires-Python: >=4", *needs)

    found = bad(check_versions())
    assert [check for check, _, _ in found] == ["python", "packages", "anml-fl"]
    assert [status for _, status, _ in found] == ["problem"] * 3
    assert "but >=4 is needed" in found[0][2]
    assert found[1][2] == "nobody-has-this is not installed"
    assert "0.0.1 is installed, but the code that runs is" in found[2][2]


def test_where_nothing_is_wrong_there_is_no_column_of_remedies():
    good, wrong = (
        Finding("clock", "ok", "steady"),
        Finding("disk", "problem", "full", "free some"),
    )
    for found, heads in (
        ([good], ["", "check", "found"]),
        ([good, wrong], ["", "check", "found", "what to do"]),
    ):
        assert [column.header for column in table(found).columns] == heads


def test_sources_without_an_installation_are_a_problem():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from importlib import metadata\n"
        "from server.doctor.versions import check_versions\n"
        "sys.meta_path = [f for f in sys.meta_path if not hasattr(f, 'find_distributions')]\n"
        "print([(f.check, f.status) for f in check_versions()])\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[('anml-fl', 'problem')]"


def test_a_device_that_is_not_there_is_a_problem():
    assert bad([check_device("cpu")]) == []
    ((check, status, what),) = bad([check_device("cuda:63")])
    assert (check, status) == ("device", "problem")
    assert "'cuda:63'" in what


def test_switches_that_are_not_set_are_a_warning_with_the_command_that_sets_them():
    assert bad(check_switches(SWITCHES)) == []

    (found,) = check_switches({**SWITCHES, "FLWR_TELEMETRY_ENABLED": "1"})
    assert found.status == "warning"
    assert "FLWR_TELEMETRY_ENABLED is 1" in found.what
    assert found.remedy == "export FLWR_TELEMETRY_ENABLED=0"


def test_a_log_in_that_flower_does_not_have_is_a_problem():
    found = bad(check_switches({**SWITCHES, "FLWR_OIDC_ENABLED": "1"}))
    assert [(check, status) for check, status, _ in found] == [("switches", "problem")]


def test_a_proxy_before_superlink_is_a_warning_unless_it_is_passed_by(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    assert check_proxy("fl.example.org").status == "ok"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    assert check_proxy("fl.example.org").status == "warning"
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert check_proxy("fl.example.org").status == "ok"


def test_a_port_that_is_held_is_a_problem_that_names_the_process():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        ((check, status, what),) = bad([check_port("SuperLink", port)])
    assert (check, status) == ("ports", "problem")
    assert f"port {port} for SuperLink is held by process {os.getpid()}" in what
    assert bad([check_port("SuperLink", port)]) == []


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path):
    # The kernel's own files: not even the administrator makes one among them.
    ((check, status, what),) = bad([check_storage(Path("/proc/self/runs"))])
    assert (check, status) == ("disk", "problem")
    assert "nothing can be written to /proc/self" in what
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_a_warning_and_then_a_problem(tmp_path):
    runs = tmp_path / "not" / "yet"
    assert check_storage(runs, least=0, enough=0).status == "ok"
    assert check_storage(runs, least=0, enough=10**18).status == "warning"
    assert check_storage(runs, least=10**18, enough=10**18).status == "problem"
    assert not runs.exists()


def test_a_wheel_has_no_bundle_and_says_so():
    found = check_bundle(None)
    assert (found.status, found.what[:7]) == ("ok", "skipped")


@pytest.mark.checkout
@pytest.mark.packaging
@pytest.mark.slow
def test_the_checkouts_bundle_builds_and_one_over_the_limit_does_not_pass():
    assert bad([check_bundle(checkout())]) == []
    ((_, status, what),) = bad([check_bundle(checkout(), limit=1000)])
    assert status == "problem"
    assert "Flower takes 1000" in what


@pytest.mark.packaging
@pytest.mark.slow
def test_a_bundle_without_a_package_or_that_does_not_build_is_a_problem(tmp_path):
    folder = tmp_path / "anml-fl"
    (folder / "server").mkdir(parents=True)
    (folder / "server" / "app.py").write_text("app = None\n")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "anml-fl"\nversion = "0.1.0"\ndescription = ""\n'
        'license = "Apache-2.0"\n[tool.flwr.app]\npublisher = "anml"\n'
        '[tool.flwr.app.components]\nserverapp = "server.app:app"\n'
        'clientapp = "server.app:app"\n'
    )
    ((check, status, what),) = bad([check_bundle(folder)])
    assert (check, status) == ("bundle", "problem")
    assert what == "the bundle lacks anml_fl, clients, strategies"

    (folder / "pyproject.toml").write_text("[tool.flwr.app]\n")
    ((_, status, what),) = bad([check_bundle(folder)])
    assert status == "problem"
    assert "flwr build fails" in what


@pytest.fixture
def state(tmp_path):
    """Make the state folder of three nodes."""
    return prepare(tmp_path / "federation", None, {"dataset": "wine"}, nodes=3)[0]


def test_a_fresh_federation_has_no_problem(state, tmp_path):
    found = examine(Installation(state=state.folder, runs=tmp_path))

    assert [one for one in found if one.status == "problem"] == []
    checks = {one.check for one in found}
    assert {"settings", "certificates", "node keys", "ledger key", "modes"} <= checks


def test_the_database_of_a_federation_on_this_machine_is_examined(state, tmp_path):
    state.local.mkdir()
    (state.local / "registry.db").write_bytes(b"no database, and long enough to see it" * 20)

    found = bad(examine(Installation(state=state.folder, runs=tmp_path)))
    assert [status for check, status, _ in found if check == "database"] == ["problem"]


def test_settings_that_cannot_be_read_are_a_problem_and_the_rest_is_still_examined(
    state, tmp_path
):
    state.run.write_text("rounds = twelve\n")

    found = examine(Installation(state=state.folder, runs=tmp_path))
    assert [one.check for one in found if one.status == "problem"] == ["settings"]
    assert "3 nodes" in next(one.what for one in found if one.check == "node keys")


def test_what_no_check_foresaw_is_a_problem_and_not_the_end(tmp_path):
    found = examine(Installation(runs=tmp_path, ports={"SuperLink": 70_000}))

    ((check, status, what),) = [one for one in bad(found) if one[1] == "problem"]
    assert (check, status) == ("ports", "problem")
    assert what.startswith("could not be examined: OverflowError")
    assert found[-1].check == "modes"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in an empty folder; installed, as a wheel is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("server.doctor.bundle.checkout", lambda: None)

    def call(*args):
        return CliRunner().invoke(doctor, [str(arg) for arg in args])

    return call


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_command_finds_the_state_folder_and_what_compose_is_told(run, state, tmp_path):
    write_environment(state, state.nodes(state.config()), tmp_path)
    with (tmp_path / ".env").open("a") as file:
        file.write(f"ANML_PORT={free_port()}\nANML_PAGE_PORT=127.0.0.1:{free_port()}\n")

    done = run("--json")
    found = json.loads(done.output)
    assert done.exit_code == 0, done.output
    assert [one["status"] for one in found if one["check"] == "ports"] == ["ok", "ok"]
    assert "3 nodes" in next(one["what"] for one in found if one["check"] == "settings")
    assert set(found[0]) == {"check", "status", "what", "remedy"}


def test_command_fails_on_a_problem_and_shows_what_to_do(run, state, tmp_path):
    (tmp_path / ".env").write_text(f"ANML_PORT={free_port()}\nANML_PAGE_PORT={free_port()}\n")
    (tmp_path / ".env").chmod(0o644)

    done = run("--state", state.folder)
    words = "".join(done.output.split())
    assert done.exit_code == 1
    assert "chmod0600.env" in words.replace("│", "")


def test_command_refuses_a_port_that_is_none(run, tmp_path):
    (tmp_path / ".env").write_text("# comment\nANML_PORT=http\n")

    done = run()
    assert done.exit_code == 1
    assert "ANML_PORT in .env must be a port, got 'http'" in done.output
