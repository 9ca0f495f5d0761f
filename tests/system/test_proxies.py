"""Which calls pass a proxy by: as the HTTP clients see it that read the same variables."""

from __future__ import annotations

import os
import socket
import threading
import urllib.request

import httpx
import pytest
import requests.utils

from anml_fl.system.proxies import ALL, between, bypassed, exempt, own

OWN = ["127.0.0.1", "localhost", "::1"]


@pytest.fixture
def environment(monkeypatch):
    """Set proxies, and nothing else of the kind."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)

    def set_to(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.fixture
def proxy():
    """A proxy that refuses everything, and counts who asked it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with link:
                    asked.append(link.recv(4096).split(b"\r\n")[0].decode())
                    link.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    "before", [{}, {"NO_PROXY": "a.example, b.example"}, {"no_proxy": "*"}]
)
@pytest.mark.parametrize("more", [(), ("link.example",), (ALL,)])
def test_every_client_goes_past_the_proxy_to_this_machine(environment, before, more):
    environment(HTTP_PROXY="http://p:1", HTTPS_PROXY="http://p:1", ALL_PROXY="http://p:1")
    environment(**before)
    environment(**exempt(os.environ, *more))
    for host in OWN[:2]:
        assert urllib.request.proxy_bypass(host)
        assert requests.utils.should_bypass_proxies(f"https://{host}:8000/x", None)
    with httpx.Client() as client:
        for host in ("127.0.0.1", "localhost", "[::1]"):
            url = httpx.URL(f"https://{host}:8000/")
            assert client._transport_for_url(url) is client._transport, host


def test_exceptions_that_were_there_stay(environment):
    environment(no_proxy="a.example,127.0.0.1", NO_PROXY="unread")
    set_to = exempt(os.environ, "link.example")["NO_PROXY"].split(",")
    assert set_to == ["a.example", "127.0.0.1", "localhost", "::1", "link.example"]


def test_a_proxy_of_a_kind_that_cannot_be_used_stops_nothing_local(environment):
    environment(ALL_PROXY="socks5://127.0.0.1:9")
    with pytest.raises(ImportError, match="socksio"):
        httpx.Client()
    with bypassed():
        httpx.Client().close()
    assert "NO_PROXY" not in os.environ


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_proxy_is_named_without_its_password(environment, name):
    environment(**{name: "http://user:p:a@ss/w@proxy.example:3128/x?y"})
    assert between("link.example") == f"{name}=http://proxy.example:3128"
    environment(NO_PROXY="link.example")
    assert between("link.example") == ""
    assert between("other.example") != ""


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret",
        "user:secret@",
        "secret://x@h:1",
        "http://h h:1",
        "http://",
    ],
)
def test_nothing_is_shown_of_what_cannot_be_told_from_a_password(environment, url):
    environment(HTTPS_PROXY=url)
    assert "secret" not in between("link.example")


def test_only_loopback_is_this_machine():
    assert all(map(own, [*OWN, "[::1]", "127.9.9.9"]))
    assert not any(map(own, ["", "10.0.0.1", "localhost.example", "example.org", "1.27.0.0"]))


def test_calls_elsewhere_go_through_the_proxy_and_the_error_says_so(
    environment, proxy, tmp_path
):
    from server.deployment.control import Control, ControlError
    from server.deployment.prepare import prepare

    where, asked = proxy
    environment(HTTPS_PROXY=f"http://user:secret@{where}")
    state, _ = prepare(tmp_path / "federation", None, {"dataset": "wine"}, nodes=1)

    control = Control("link.invalid:8000", state.ca, tmp_path / "home")
    with pytest.raises(ControlError) as raised:
        control.wait(0.0)
    control.close()
    assert asked == ["CONNECT link.invalid:8000 HTTP/1.1"]
    assert f"through HTTPS_PROXY=http://{where} (NO_PROXY=link.invalid" in str(raised.value)
    assert "secret" not in str(raised.value)

    control = Control("127.0.0.1:9", state.ca, tmp_path / "home")
    with pytest.raises(ControlError) as raised:
        control.wait(0.0)
    with pytest.raises(ControlError):
        control.ending(1)
    control.close()
    assert "PROXY" not in str(raised.value)
    assert len(asked) == 1
