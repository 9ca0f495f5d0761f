"""Readers who take their time: nobody else waits for them, and they are not waited for."""

import http.client
import socket
import time

import pytest

from server.page import limits

DRIPPING = 40


def port(get, folder):
    return int(get.server(folder).url.rsplit(":", 1)[1][:-1])


def is_shut(one, seconds):
    one.settimeout(seconds)
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_forty_who_drip_their_requests_keep_nobody_waiting(get, ended):
    """On the server before this one the next reader waited for half a minute."""
    where = ("127.0.0.1", port(get, ended.parent))
    slow = [socket.create_connection(where) for _ in range(DRIPPING)]
    try:
        for one in slow:
            one.sendall(b"GET / HTTP/1.1\r\nHost: local")
        begun = time.monotonic()
        assert get(ended.parent, "/ended/state.json")[0].status == 200
        # Nobody was let go meanwhile: they did not have to be.
        if time.monotonic() - begun < limits.ASKING / 2:
            assert not is_shut(slow[-1], 0.01)
    finally:
        for one in slow:
            one.close()


def test_whoever_drips_a_request_is_cut_off(get, ended, monkeypatch):
    monkeypatch.setattr(limits, "ASKING", 0.5)
    where = ("127.0.0.1", port(get, ended.parent))
    with socket.create_connection(where) as one:
        one.sendall(b"GET / HTTP/1.1\r\nHost: local")
        begun = time.monotonic()
        while time.monotonic() < begun + 300:
            try:
                one.sendall(b"x")
            except OSError:
                break
            time.sleep(0.05)
        assert is_shut(one, 300)


def test_after_an_answer_the_next_request_is_waited_for_as_long(get, ended, monkeypatch):
    monkeypatch.setattr(limits, "ASKING", 0.5)
    link = http.client.HTTPConnection("127.0.0.1", port(get, ended.parent), timeout=300)
    link.request("GET", "/health")
    assert link.getresponse().read() == b"ok\n"
    link.sock.sendall(b"GET /health HTTP/1.1\r\nHo")
    assert is_shut(link.sock, 300)
    link.close()


def test_a_reader_who_takes_nothing_is_cut_off(get, ended, monkeypatch):
    monkeypatch.setattr(limits, "TAKING", 0.5)
    (ended / "ledger.jsonl").write_bytes(b"x" * 50_000_000)
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port(get, ended.parent)))
        one.sendall(b"GET /ended/files/ledger.jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server = get.server(ended.parent)
        begun = time.monotonic()
        while not server.server_state.connections and time.monotonic() < begun + 300:
            time.sleep(0.01)
        while server.server_state.connections and time.monotonic() < begun + 300:
            time.sleep(0.05)
        assert not server.server_state.connections
        assert not server.server_state.tasks


def test_of_too_many_the_one_goes_that_has_taken_longest_to_ask(get, ended, monkeypatch):
    monkeypatch.setattr(limits, "MOST", 5)
    where = ("127.0.0.1", port(get, ended.parent))
    opened = []
    try:
        for _ in range(5):
            opened.append(socket.create_connection(where))
            opened[-1].sendall(b"GET / HT")
            while len(get.server(ended.parent).server_state.connections) < len(opened):
                time.sleep(0.01)
        assert get(ended.parent, "/health")[0].status == 200
        assert is_shut(opened[0], 300)
        assert not is_shut(opened[-1], 0.01)
    finally:
        for one in opened:
            one.close()


@pytest.mark.parametrize("head", ["x" * 100_000, "GET / HTTP/1.1\r\n" + "a: b\r\n" * 20_000])
def test_a_head_without_end_is_refused(get, ended, head):
    with socket.create_connection(("127.0.0.1", port(get, ended.parent))) as one:
        try:
            one.sendall(head.encode())
            one.settimeout(300)
            assert b" 400 " in (one.recv(100) or b" 400 ")
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert get(ended.parent, "/health")[0].status == 200
