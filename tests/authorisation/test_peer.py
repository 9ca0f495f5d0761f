"""Whose the other end of a connection is: held against real sockets of real accounts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

import psutil
import pytest

from anml_fl.authorisation.peer import sockets, uid_of, uid_of_own

LOOPBACK = ["127.0.0.1", "127.200.3.4", "::1"]
# Connects, says which port it has, and waits to be told to end.
CONNECT = """
import socket, sys
link = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print(link.getsockname()[1], flush=True)
sys.stdin.read()
"""
# A server that says which port it has, takes one connection, and waits.
SERVE = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
link, _ = server.accept()
sys.stdin.read()
"""
ASK = """
import sys
from anml_fl.authorisation.peer import uid_of
print(uid_of(("127.0.0.1", int(sys.argv[1])), ("127.0.0.1", int(sys.argv[2]))))
"""


def listen(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, 0), family=family)


def ends(link):
    """Client's and server's address, from the client's socket."""
    return link.getsockname()[:2], link.getpeername()[:2]


def program(source, *arguments, before=()):
    return subprocess.Popen(
        [*before, sys.executable, "-c", source, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(process):
    process.communicate("", timeout=30)


@pytest.fixture(params=[uid_of, uid_of_own])
def ask(request):
    """Both ways to find out."""
    return request.param


@pytest.mark.parametrize("host", LOOPBACK)
def test_ones_own_connection_is_ones_own(ask, host):
    with listen(host) as server, socket.create_connection(server.getsockname()[:2]) as link:
        assert ask(*ends(link)) == os.geteuid()


def test_another_local_address_is_as_good(ask):
    """Not loopback alone: a server may listen on the machine's own address."""
    addresses = [
        one.address
        for entries in psutil.net_if_addrs().values()
        for one in entries
        if one.family == socket.AF_INET and not one.address.startswith("127.")
    ]
    if not addresses:
        pytest.skip("this machine has no address but loopback")
    with (
        socket.create_server((addresses[0], 0)) as server,
        socket.create_connection(server.getsockname()) as link,
    ):
        assert link.getsockname()[0] == addresses[0]
        assert ask(*ends(link)) == os.geteuid()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_ipv4_is_one_address_however_it_is_written(ask, family):
    """A server for both kinds sees ::ffff:127.0.0.1, whichever socket the client has."""
    server = socket.create_server(
        ("::", 0), family=socket.AF_INET6, dualstack_ipv6=socket.has_dualstack_ipv6()
    )
    port = server.getsockname()[1]
    host = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
    with server, socket.socket(family) as link:
        link.connect((host, port))
        accepted, client = server.accept()
        with accepted:
            assert client[0] == "::ffff:127.0.0.1"
            assert ask(client[:2], accepted.getsockname()[:2]) == os.geteuid()


@pytest.mark.parametrize("host", LOOPBACK)
def test_another_accounts_connection_is_that_accounts(stranger, host):
    with listen(host) as server:
        other = program(CONNECT, *server.getsockname()[:2], before=stranger)
        try:
            client = (host if ":" in host else "127.0.0.1", int(other.stdout.readline()))
            accepted, seen = server.accept()
            with accepted:
                assert psutil.Process(other.pid).uids().effective == 65534
                assert uid_of(seen[:2], accepted.getsockname()[:2]) == 65534
                assert seen[1] == client[1]
                # Nothing of it is found among this account's processes.
                assert uid_of_own(seen[:2], accepted.getsockname()[:2]) is None
        finally:
            ended(other)


def test_the_two_ends_are_told_apart(stranger):
    """Both stand in the kernel's table; the server's account says nothing of the client's."""
    other = program(SERVE, before=stranger)
    try:
        port = int(other.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as link:
            client, server = ends(link)
            assert uid_of(client, server) == os.geteuid()
            assert uid_of(server, client) in (65534, None)  # None until it has accepted
    finally:
        ended(other)


def test_who_has_hung_up_is_nobody(ask):
    """The kernel shows what its owner has closed as root's: it must not count."""
    with listen("127.0.0.1") as server:
        link = socket.create_connection(server.getsockname())
        client, there = ends(link)
        accepted, _ = server.accept()
        link.close()
        with accepted:
            assert ask(client, there) is None


def test_who_is_not_of_this_machine_is_nobody(ask):
    with listen("127.0.0.1") as server:
        assert ask(("192.0.2.7", 40000), server.getsockname()) is None
        assert ask(("127.0.0.1", 1), server.getsockname()) is None


def test_a_connection_of_another_network_namespace_is_nobodys(stranger):
    """As seen from another container: the same addresses and ports, and not in its table."""
    alone = [shutil.which("unshare") or pytest.skip("no unshare"), "--net"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespaces can be made here")
    with listen("127.0.0.1") as server, socket.create_connection(server.getsockname()) as link:
        ports = [one[1] for one in ends(link)]
        for before, expected in [((), "0"), (alone, "None")]:
            asked = program(ASK, *ports, before=before)
            assert asked.communicate(timeout=60)[0].strip() == expected


def test_lines_that_are_no_connection_are_passed_over():
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
    line = "0: 0100007F:{} 0100007F:1F90 {} 00000000:00000000 00:00000000 00000000 {} 0 {} 1"
    lines = [
        head,
        "",
        line.format("0001", "0A", 7, 11),  # listens
        line.format("0002", "06", 0, 0),  # TIME_WAIT, shown as root's
        line.format("0003", "01", 0, 0),  # nobody's any more
        line.format("0004", "01", 8, 12),
    ]
    found = list(sockets(lines))
    if sys.byteorder == "little":
        assert found == [(("127.0.0.1", 4), ("127.0.0.1", 8080), 8)]
    assert len(found) == 1
