"""Which account is at the other end of a TCP connection, as the operating system has it.

Linux lists the sockets of a machine (of a container: the container's), with the account that
made each. The other end of a connection from elsewhere is not in the list.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from anml_fl.system.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Address = tuple[str, int]

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# Of no other state: a socket that its owner has closed is shown as root's.
_ESTABLISHED = "01"
# The kernel hands the table out page by page: a line can be missed while others come and go.
_LOOKS, _PAUSE = 3, 0.01


def uid_of(client: Address, server: Address) -> int | None:
    """Say who made the client's end of a connection that goes on.

    Parameters
    ----------
    client, server : (str, int)
        Address and port of both ends.

    Returns
    -------
    int or None
        User id; None if that end is not on this machine, or nobody says whose it is.

    Examples
    --------
    >>> import os, socket
    >>> with socket.create_server(("127.0.0.1", 0)) as server:
    ...     with socket.create_connection(server.getsockname()) as client:
    ...         uid_of(client.getsockname(), server.getsockname()) == os.geteuid()
    True
    """
    if sys.platform != "linux":
        return uid_of_own(client, server)
    ends = (_bare(*client), _bare(*server))
    for look in range(_LOOKS):
        if look:
            time.sleep(_PAUSE)
        # The first is the only one: no two sockets have the same ends.
        if (owner := next(_owners(ends), None)) is not None:
            return owner
    return None


def uid_of_own(client: Address, server: Address) -> int | None:
    """Say so where no table does: only of this account's own processes, which are searched.

    Returns
    -------
    int or None
        This account, or None if none of its processes is at that end.
    """
    ends, own = (_bare(*client), _bare(*server)), os.geteuid()
    for process in running():
        with suppress(psutil.Error, OSError):
            if process.uids().effective != own:
                continue
            for one in process.net_connections("tcp"):
                connected = one.status == psutil.CONN_ESTABLISHED
                if connected and (_bare(*one.laddr), _bare(*one.raddr)) == ends:
                    return own
    return None


def _owners(ends: tuple[Address, Address]) -> Iterator[int]:
    # IPv4's sockets may stand in either, IPv6's in the second; each look walks a whole table.
    for table in _TABLES[":" in ends[0][0] :]:
        with suppress(OSError), table.open(encoding="ascii") as lines:
            for local, remote, uid in sockets(lines):
                if (local, remote) == ends:
                    yield uid


def sockets(lines: Iterable[str]) -> Iterator[tuple[Address, Address, int]]:
    """Read a table of the kernel's: the sockets in it that are connected and somebody's.

    Parameters
    ----------
    lines : iterable of str
        Of /proc/net/tcp or /proc/net/tcp6.
    """
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _ESTABLISHED and fields[9] != "0":
            yield _address(fields[1]), _address(fields[2]), int(fields[7])


def _address(text: str) -> Address:
    """Read an address: words of 32 bits in the machine's order, and a port."""
    words, _, port = text.partition(":")
    packed = b"".join(
        int(words[i : i + 8], 16).to_bytes(4, sys.byteorder) for i in range(0, len(words), 8)
    )
    return _bare(str(ipaddress.ip_address(packed)), int(port, 16))


def _bare(host: str, port: int) -> Address:
    """Write an address in one way: no interface behind it, IPv4 as such."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address), port
