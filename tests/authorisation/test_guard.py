"""A server behind the guard, with real connections by real accounts."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import httpx
import psutil
import pytest
import uvicorn
from uvicorn.config import HTTP_PROTOCOLS

from anml_fl.authorisation import guard as guarding
from anml_fl.authorisation.guard import Guard, introduce

SECRET = "s" * 40
ORDER = "/v1/control/start-run"


class Server:
    """Serves an application that counts what gets through to it."""

    def __init__(self, host="127.0.0.1", *, loop="auto", secret=None):
        self.passed = []

        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            self.passed.append(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})

        guard = Guard(app, "SuperLink", nodes="/v1/fleet/", secret=secret)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(guard, loop=loop, ws="none", lifespan="off")
        )
        both = host == "::"
        family = socket.AF_INET6 if both else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family, dualstack_ipv6=both)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._socket],))

    def __enter__(self):
        self._thread.start()
        while not self._uvicorn.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        return self

    def __exit__(self, *error):
        self._uvicorn.should_exit = True
        self._thread.join(20)
        self._socket.close()
        assert not self._thread.is_alive()

    def get(self, path=ORDER, host="127.0.0.1", **headers):
        host = f"[{host}]" if ":" in host else host
        return httpx.get(f"http://{host}:{self.port}{path}", headers=headers, trust_env=False)


@pytest.fixture(autouse=True)
def introduced(monkeypatch):
    """As the programs that are guarded do, and undone afterwards."""
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    introduce()


@pytest.fixture(params=["asyncio", "uvloop"])
def server(request):
    with Server(loop=request.param, secret=SECRET) as running:
        yield running


ASK = """
import http.client, json, sys
host, port, path, headers = sys.argv[1:]
link = http.client.HTTPConnection(host, int(port), timeout=30)
link.putrequest("GET", path)
for name, value in json.loads(headers):
    link.putheader(name, value)
link.endheaders()
answer = link.getresponse()
print(answer.status, answer.read().decode())
"""


@pytest.fixture
def ask_as_stranger(stranger):
    """Ask as another account; returns the status, and what was said."""

    def ask(server, path=ORDER, *headers, host="127.0.0.1"):
        done = subprocess.run(
            # Without site-packages: it starts in no time.
            [
                *(*stranger, sys.executable, "-IS", "-c", ASK),
                *(host, str(server.port), path, json.dumps(headers)),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        status, _, said = done.stdout.partition(" ")
        return int(status), said

    return ask


def test_the_servers_own_account_gives_orders(server):
    assert server.get().status_code == 200
    assert server.passed == [ORDER]


def test_another_account_gives_none_and_is_told_why(server, ask_as_stranger, caplog):
    status, said = ask_as_stranger(server)
    assert status == 403
    assert "permission denied to user 65534 at 127.0.0.1" in said
    assert f"the account that runs it, user {os.geteuid()}" in said
    assert server.passed == []
    assert f"refused: GET '{ORDER}' of user 65534 at 127.0.0.1" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1:{port}"},
        {"Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1", "X-Forwarded-Host": "x"},
        {"Authorization": "Bearer " + "t" * 40},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic " + SECRET},
        {"Authorization": "bearer" + SECRET},
        {"Cookie": SECRET},
    ],
)
def test_nothing_that_it_says_helps(server, ask_as_stranger, headers):
    with socket.create_connection(("127.0.0.1", server.port)) as own:
        port = own.getsockname()[1]  # this account's, and connected
        given = [(name, value.format(port=port)) for name, value in headers.items()]
        assert ask_as_stranger(server, ORDER, *given)[0] == 403
    assert server.passed == []


def test_who_has_the_secret_gives_orders_whoever_it_is(server, ask_as_stranger):
    shown = ("Authorization", f"Bearer {SECRET}")
    assert ask_as_stranger(server, ORDER, shown)[0] == 200
    assert server.passed == [ORDER]


def test_a_secret_that_nobody_set_is_none(ask_as_stranger):
    with Server() as server:
        for shown in ("Bearer None", "Bearer ", f"Bearer {SECRET}"):
            assert ask_as_stranger(server, ORDER, ("Authorization", shown))[0] == 403
        assert "and from nobody else" in ask_as_stranger(server)[1]


@pytest.mark.parametrize("path", ["/health", "/v1/fleet/activate-node"])
def test_open_paths_are_for_everybody(server, ask_as_stranger, path):
    assert ask_as_stranger(server, path)[0] == 200


@pytest.mark.parametrize("path", ["/health/", "/v1/fleet", "/V1/fleet/x", "//v1/fleet/x", "/"])
def test_what_only_looks_like_an_open_path_is_none(server, ask_as_stranger, path):
    assert ask_as_stranger(server, path)[0] == 403
    assert server.passed == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "own"])
def test_it_is_the_same_at_every_address_of_the_machine(ask_as_stranger, host):
    if host == "own":
        host = next(
            (
                one.address
                for entries in psutil.net_if_addrs().values()
                for one in entries
                if one.family == socket.AF_INET and not one.address.startswith("127.")
            ),
            "127.0.0.1",
        )
    with Server("::") as server:
        assert server.get(host=host).status_code == 200
        status, said = ask_as_stranger(server, host=host)
    assert status == 403
    assert "user 65534" in said


def test_a_web_page_gives_no_orders_in_its_readers_name(server):
    answer = server.get(Origin="http://example.org")
    assert answer.status_code == 403
    assert "permission denied to a web page" in answer.json()["detail"]
    assert server.passed == []


def test_each_connection_is_judged_by_itself_and_only_once(
    server, ask_as_stranger, monkeypatch
):
    asked = []
    real = guarding.uid_of
    monkeypatch.setattr(guarding, "uid_of", lambda *ends: asked.append(ends) or real(*ends))
    with httpx.Client(trust_env=False) as client:
        for _ in range(3):
            assert client.get(f"http://127.0.0.1:{server.port}{ORDER}").status_code == 200
        assert ask_as_stranger(server)[0] == 403
        assert client.get(f"http://127.0.0.1:{server.port}{ORDER}").status_code == 200
    assert len(asked) == 2


def test_who_hangs_up_is_not_taken_for_who_comes_by_the_same_port(server, monkeypatch):
    """Between an order and the look at who gave it, its giver hangs up, and an owner connects.

    The kernel then has the owner at that very port, and says so.
    """
    address = ("127.0.0.1", server.port)
    first, later = socket.socket(), []
    found = []
    real = guarding.uid_of

    def look(client, here):
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        later.append(_connected(client, address))
        found.append(real(client, here))
        return found[0]

    monkeypatch.setattr(guarding, "uid_of", look)
    with first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A port of its own: one that connect() picks may be another connection's too, to
        # elsewhere, and then nobody may bind to it again.
        first.bind((address[0], 0))
        first.connect(address)
        first.sendall(
            f"POST {ORDER} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        )
        end = time.monotonic() + 20
        while not found and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)
        assert found == [os.geteuid()]
        assert server.passed == []
    later[0].close()


def _connected(client, server):
    """Connect from a port that was just left: the kernel may need a moment to give it up."""
    end = time.monotonic() + 10
    while True:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(client)
            one.connect(server)
        except OSError:
            one.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return one


def test_a_server_that_knows_only_addresses_lets_nobody_in(monkeypatch):
    """Should uvicorn change, or a proxy's word be believed: refused, and not let in."""
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", "uvicorn.protocols.http.auto:AutoHTTPProtocol")
    with Server(secret=SECRET) as server:
        assert server.get().status_code == 403
        assert server.get(Authorization=f"Bearer {SECRET}").status_code == 200


def test_a_proxys_word_is_not_believed_even_if_uvicorn_would(server, monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with Server() as believing:
        answer = believing.get(**{"X-Forwarded-For": "127.0.0.1"})
    assert answer.status_code == 403
    # Ours does not look at it at all.
    assert server.get(**{"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_two_authorizations_are_none(server, ask_as_stranger):
    shown = ("Authorization", f"Bearer {SECRET}")
    assert ask_as_stranger(server, ORDER, shown)[0] == 200
    assert ask_as_stranger(server, ORDER, shown, shown)[0] == 403


def test_a_socket_of_the_web_is_refused_as_well():
    sent = []

    async def send(event):
        sent.append(event)

    scope = {"type": "websocket", "path": ORDER, "headers": [], "client": ("127.0.0.1", 1)}
    asyncio.run(Guard(None, "SuperLink")(scope, None, send))
    assert [event["type"] for event in sent] == ["websocket.close"]
