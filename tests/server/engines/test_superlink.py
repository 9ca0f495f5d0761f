"""SuperLink takes orders from its owner alone: Flower's own application behind the guard."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys

import pytest
from flwr.superlink.main import create_app
from httpx import ASGITransport, AsyncClient
from starlette.middleware import Middleware

from anml_fl.authorisation.guard import Guard
from anml_fl.authorisation.secret import FILE, make_secret
from server.superlink import NODES, _close_database, main

SECRET = "s" * 40
OPEN = ["/v1/fleet/activate-node", "/health"]
ORDERS = [
    "/v1/control/start-run",
    "/v1/control/register-node",
    "/v1/runtime/acquire-task",
    "/v1/runtime/pull-task-input",
    "/v1/responses",
    "/docs",
    "/openapi.json",
    "/v1/fleet",
    "/",
]


async def request(app, method, path, shown):
    headers = {"Authorization": shown} if shown else {}
    behind = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=behind, base_url="http://superlink") as client:
        return await client.request(method, path, headers=headers)


@pytest.fixture(scope="module")
def ask():
    """Ask Flower's SuperLink for a path, as somebody of whom nothing is known but a secret."""
    guard = Middleware(Guard, "SuperLink", nodes=NODES, secret=SECRET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLWR_DATABASE", ":flwr-in-memory:")
        patch.setattr("flwr.superlink.extensions.get_middleware", lambda: (guard,))
        app = create_app()

    def call(path, shown=""):
        method = "GET" if path in ("/health", "/docs") else "POST"
        return asyncio.run(request(app, method, path, shown))

    return call


@pytest.mark.parametrize("path", ORDERS)
def test_an_order_of_somebody_is_refused(ask, path):
    answer = ask(path)
    assert answer.status_code == 403
    assert "permission denied to somebody" in answer.json()["detail"]


@pytest.mark.parametrize("path", ORDERS)
def test_an_order_with_the_owners_secret_is_taken(ask, path):
    assert "permission denied" not in ask(path, f"Bearer {SECRET}").text


@pytest.mark.parametrize("path", OPEN)
def test_nodes_reach_what_they_need(ask, path):
    assert "permission denied" not in ask(path).text


@pytest.mark.parametrize(
    "path", ["/v1/fleet/../control/start-run", "/v1/fleet/%2e%2e/control/start-run"]
)
def test_no_way_round_leads_to_an_order(ask, path):
    assert ask(path).status_code in (403, 404)


@pytest.fixture
def refusal(monkeypatch):
    """Start it with an environment that it must refuse; returns what it says."""
    monkeypatch.setattr("server.superlink.flower_superlink", lambda: pytest.fail("it started"))

    def call(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as left:
            main()
        return str(left.value)

    return call


def test_an_address_is_no_owner_any_more_and_is_not_passed_over(refusal):
    said = refusal(ANML_OWNERS="10.1.0.0/16")
    assert "ANML_OWNERS is set, and an address is no owner any more: unset it" in said
    assert FILE in said


@pytest.mark.parametrize("api", ["CONTROL", "FLEET"])
def test_a_door_beside_the_guard_is_not_opened(refusal, api):
    name = f"FLWR_INTERNAL_GRPC_{api}_API"
    assert f"{name} opens a port beside it: unset it" in refusal(**{name: "1"})


def test_a_secret_that_others_may_have_read_is_not_used(refusal, tmp_path):
    path = tmp_path / "owner.secret"
    assert f"{path}: No such file or directory" in refusal(**{FILE: str(path)})
    # The secret itself in the place of its file's name.
    make_secret(path)
    secret = path.read_text().strip()
    said = refusal(**{FILE: secret})
    assert f"{FILE} must name a file, and holds what may be the secret itself" in said
    assert secret not in said
    path.chmod(0o644)
    assert f"{path} has mode 0644: others may read it" in refusal(**{FILE: str(path)})


@pytest.mark.parametrize("before", [None, 0o644])
@pytest.mark.parametrize("given", [["--database={}"], ["--database", "sqlite:///{}"]])
def test_its_database_is_for_its_owner_alone(tmp_path, before, given):
    path = tmp_path / "state.db"
    if before is not None:
        path.touch()
        path.chmod(before)
    _close_database(["--insecure", *(one.format(path) for one in given), "--port=1"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("database", [":flwr-in-memory:", ":memory:", "postgresql://h/d"])
def test_a_database_that_is_no_file_makes_none(tmp_path, monkeypatch, database):
    monkeypatch.chdir(tmp_path)
    _close_database(["--database", database])
    assert list(tmp_path.iterdir()) == []


def test_another_flower_is_not_run_without_the_guard(refusal, monkeypatch):
    monkeypatch.setattr("flwr.__version__", "1.42.0")
    assert re.search(r"cannot be guarded: Flower is 1\.42\.0", refusal())


def test_the_program_leaves_with_the_reason():
    """The same by its command, as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "server.superlink", "--insecure", "--port", "1"],
        env={**os.environ, "ANML_OWNERS": "run"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ANML_OWNERS is set")
