"""Proxies that the environment names: what goes past them, and which one is in the way."""

from __future__ import annotations

import ipaddress
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ALL = "*"
_OWN = ("127.0.0.1", "localhost", "::1")
_SCHEMES = ("", "http", "https", "socks4", "socks4a", "socks5", "socks5h")
# Programs differ in which of the two they read.
_NAMES = ("no_proxy", "NO_PROXY")


def exempt(environment: Mapping[str, str], *hosts: str) -> dict[str, str]:
    """Say which calls go past every proxy: those to this machine, and to more hosts.

    Parameters
    ----------
    environment : mapping
        Whose exceptions are kept.
    *hosts : str
        Further hosts. `ALL` for a process of Flower's that calls nothing but this machine:
        with it, Flower's HTTP client does not even look at proxies that it cannot use, such
        as SOCKS.

    Returns
    -------
    dict
        The variables to be set.

    Examples
    --------
    >>> exempt({"NO_PROXY": "example.org"})["no_proxy"]
    'example.org,127.0.0.1,localhost,::1'
    >>> exempt({"no_proxy": "*"}, "link.example.org")["NO_PROXY"]
    '*'
    """
    before = next((environment[name] for name in _NAMES if environment.get(name)), "")
    kept = [host for part in before.split(",") if (host := part.strip())]
    if kept != [ALL]:  # alone it holds everywhere; in a list, only for some programs
        kept += [host for host in (*_OWN, *hosts) if host not in kept]
    return dict.fromkeys(_NAMES, ",".join(kept))


def own(host: str) -> bool:
    """Say whether a host is this machine by its name: a loopback address.

    Examples
    --------
    >>> own("127.0.1.1"), own("[::1]"), own("localhost"), own("example.org")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def bypassed() -> Iterator[None]:
    """Let no client that is made meanwhile use a proxy."""
    before = {name: os.environ.get(name) for name in _NAMES}
    os.environ.update(exempt(os.environ, ALL))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def between(host: str) -> str:
    """Name the proxy that an HTTPS call from here to a host goes through.

    Returns
    -------
    str
        The variable and where it leads, without user and password; empty if none is.
    """
    proxies = getproxies()
    excepted = [part.strip() for part in proxies.get("no", "").split(",")]
    if ALL in excepted or proxy_bypass(host):
        return ""
    for kind in ("https", "all"):
        if url := proxies.get(kind):
            name = f"{kind}_proxy"
            return f"{name if name in os.environ else name.upper()}={_shown(url)}"
    return ""


def _shown(url: str) -> str:
    """Show of a proxy's URL its host and port at most: before them there may be a password."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    host = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?=[/?#]|$)"
    found = re.match(host, rest.rpartition("@")[2])
    if found is None or scheme not in _SCHEMES:
        return "..."
    return f"{scheme}{mark}{found[0]}"
