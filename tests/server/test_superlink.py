"""SuperLink takes orders from its owners alone: Flower's own application behind the guard."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

import pytest
from flwr.superlink.main import create_app
from httpx import ASGITransport, AsyncClient
from starlette.middleware import Middleware

from server.superlink import Guard, Owners

ELSEWHERE = "10.2.2.3"
NODES = ["/v1/fleet/activate-node", "/health"]
ORDERS = [
    "/v1/control/start-run",
    "/v1/control/register-node",
    "/v1/runtime/pull-task",
    "/docs",
    "/openapi.json",
    "/v1/fleet",
    "/",
]


async def request(app, host, method, path):
    behind = ASGITransport(app, raise_app_exceptions=False, client=(host, 4711))
    async with AsyncClient(transport=behind, base_url="http://superlink") as client:
        return await client.request(method, path)


@pytest.fixture(scope="module")
def ask():
    """Ask Flower's SuperLink for a path, from an address."""
    guard = Middleware(Guard, Owners(""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLWR_DATABASE", ":flwr-in-memory:")
        patch.setattr("flwr.superlink.extensions.get_middleware", lambda: (guard,))
        app = create_app()

    def call(path, host):
        method = "GET" if path in ("/health", "/docs") else "POST"
        return asyncio.run(request(app, host, method, path))

    return call


@pytest.mark.parametrize("path", ORDERS)
def test_an_order_from_elsewhere_is_refused(ask, path):
    answer = ask(path, ELSEWHERE)
    assert answer.status_code == 403
    assert "ANML_OWNERS" in answer.text


@pytest.mark.parametrize("path", ORDERS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_give_orders(ask, path, host):
    assert "ANML_OWNERS" not in ask(path, host).text


@pytest.mark.parametrize("path", NODES)
def test_nodes_reach_what_they_need(ask, path):
    assert "ANML_OWNERS" not in ask(path, ELSEWHERE).text


@pytest.mark.parametrize(
    "path", ["/v1/fleet/../control/start-run", "/v1/fleet/%2e%2e/control"]
)
def test_no_way_round_leads_to_an_order(ask, path):
    assert ask(path, ELSEWHERE).status_code in (403, 404)


def test_owners_are_networks_and_names():
    owners = Owners("10.1.0.0/16, localhost ,2001:db8::/32,no-such-host.invalid")
    assert "10.1.255.1" in owners
    assert "2001:db8::5" in owners
    assert "10.2.0.1" not in owners
    name = socket.gethostname()
    found = {entry[4][0] for entry in socket.getaddrinfo(name, None)}
    assert all(address in Owners(name) for address in found)
    for nobody in (None, "", "testclient", ELSEWHERE):
        assert nobody not in owners


@pytest.mark.parametrize("owner", ["10.1.0.0/99", "10.1.2.3.4", "a b", "10.1.0.5/16"])
def test_what_is_no_owner_is_named_before_anything_starts(owner):
    done = subprocess.run(
        [sys.executable, "-m", "server.superlink", "--insecure", "--port", "1"],
        env={**os.environ, "ANML_OWNERS": owner},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 1
    assert f"ANML_OWNERS: {owner!r} is neither a network" in done.stderr


def test_another_flower_is_not_run_without_the_guard(monkeypatch):
    monkeypatch.setattr("flwr.__version__", "1.42.0")
    from server.superlink import main

    with pytest.raises(SystemExit, match=r"cannot be guarded: Flower is 1\.42\.0"):
        main()
