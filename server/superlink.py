"""Flower's SuperLink, in which everybody may take part and its owners alone give orders.

`python -m server.superlink ARGS...` takes the arguments of `flower-superlink`. Flower 1.41
serves nodes and whoever submits runs on one port, and asks only the former who they are:
whoever reaches it could have code of theirs run on every machine. Here nodes' paths are open,
and all others are for the addresses that ANML_OWNERS names: networks and host names, with
commas between; this machine alone if it is not set.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import flwr
from flwr.superlink import extensions
from flwr.superlink.cli import flower_superlink
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from anml_fl import import_path, proxies
from anml_fl.private import refuse_exposed_option

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OWNERS = "ANML_OWNERS"
FLOWER = "1.41."
_OPEN = "/v1/fleet/"
_HEALTH = "/health"


class Owners:
    """The addresses from which orders are taken.

    Parameters
    ----------
    named : str
        As in ANML_OWNERS.

    Raises
    ------
    ValueError
        If one of them is neither a network nor a host name.

    Examples
    --------
    >>> owners = Owners("10.1.0.0/16")
    >>> ["127.0.0.1" in owners, "10.1.2.3" in owners, "10.2.2.3" in owners, None in owners]
    [True, True, False, False]
    """

    def __init__(self, named: str) -> None:
        self._networks = [ipaddress.ip_network(one) for one in ("127.0.0.0/8", "::1/128")]
        self._hosts: list[str] = []
        for owner in filter(None, (part.strip() for part in named.split(","))):
            try:
                self._networks.append(ipaddress.ip_network(owner))
            except ValueError as error:
                if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", owner):
                    raise ValueError(
                        f"{OWNERS}: {owner!r} is neither a network, such as 10.1.0.0/16, nor a"
                        f" host name ({error})"
                    ) from error
                self._hosts.append(owner)

    def __contains__(self, host: str | None) -> bool:
        """Tell whether an address is an owner's."""
        try:
            address = ipaddress.ip_address(host or "")
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in one for one in self._networks) or str(address) in self._found()

    def _found(self) -> set[str]:
        # Looked up each time: a container that is started again has another address.
        found = set()
        for host in self._hosts:
            with suppress(OSError):  # nobody of that name at the moment
                found |= {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        return found


class Guard:
    """Let others reach the nodes' paths and nothing else: ASGI middleware.

    Parameters
    ----------
    app : ASGI application
    owners : Owners
    """

    def __init__(self, app: ASGIApp, owners: Owners) -> None:
        self._app = app
        self._owners = owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        path, client = scope.get("path", ""), scope.get("client")
        if (
            scope["type"] == "lifespan"
            or path == _HEALTH
            or path.startswith(_OPEN)
            # In a thread: names are looked up, which may take its time.
            or await asyncio.to_thread(
                self._owners.__contains__, client[0] if client else None
            )
        ):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            f"only SuperLink's owners may ask for this: let {OWNERS} name your address", 403
        )
        await refusal(scope, receive, send)


def main() -> None:
    """Run Flower's SuperLink behind the guard; never without it."""
    import_path.mend()
    hook = getattr(extensions, "get_middleware", None)
    if not flwr.__version__.startswith(FLOWER) or hook is None:
        sys.exit(
            f"SuperLink cannot be guarded: Flower is {flwr.__version__}, made for {FLOWER}x:"
            " install the version that the lock names"
        )
    try:
        owners = Owners(os.environ.get(OWNERS, ""))
        refuse_exposed_option("--ssl-keyfile", sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
    extensions.get_middleware = lambda: (Middleware(Guard, owners), *hook())
    # Only a proxy on this machine is believed when it says for whom it asks.
    os.environ["FORWARDED_ALLOW_IPS"] = "127.0.0.1"
    # It and the ServerApps that it starts call nothing but this machine.
    os.environ.update(proxies.exempt(os.environ, proxies.ALL))
    sys.argv[0] = "flower-superlink"
    flower_superlink()


if __name__ == "__main__":
    main()
