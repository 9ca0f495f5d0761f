"""Flower's SuperLink, in which nodes with keys take part and its owner alone gives orders.

`python -m server.superlink ARGS...` takes the arguments of `flower-superlink`. Flower 1.41
serves nodes and whoever submits runs on one port, and asks only the former who they are:
whoever reaches it could have code of theirs run on every machine. Here nodes' paths are open
if nodes must show a key (`--enable-supernode-auth`), and all else is for its owner: whoever
runs as SuperLink's own account on its machine, or shows the secret in the file that
ANML_OWNER_SECRET names.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import flwr
from flwr.superlink import extensions
from flwr.superlink.cli import flower_superlink
from starlette.middleware import Middleware

from anml_fl.authorisation.guard import Guard, introduce
from anml_fl.authorisation.secret import FILE, read_secret
from anml_fl.system import colours, import_path, proxies
from anml_fl.system.files import cause
from anml_fl.system.private_files import refuse_exposed_option, refuse_secret

FLOWER = "1.41."
NODES = "/v1/fleet/"
_AUTHENTICATION = "--enable-supernode-auth"
# Doors of Flower's beside the one that is guarded.
_OTHER_DOORS = ("FLWR_INTERNAL_GRPC_CONTROL_API", "FLWR_INTERNAL_GRPC_FLEET_API")
_BEFORE = "ANML_OWNERS"


def _close_database(arguments: list[str]) -> None:
    """Make SuperLink's database, which holds messages and tokens, its owner's alone."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--database", default="")
    name = parser.parse_known_args(arguments)[0].database.removeprefix("sqlite:///")
    if name and name[0] != ":" and "://" not in name:
        path = Path(name)
        path.touch(mode=0o600)
        path.chmod(0o600)


def main() -> None:
    """Run Flower's SuperLink behind the guard; never without it."""
    import_path.mend()
    colours.fit_log()
    hook = getattr(extensions, "get_middleware", None)
    if not flwr.__version__.startswith(FLOWER) or hook is None:
        sys.exit(
            f"SuperLink cannot be guarded: Flower is {flwr.__version__}, made for {FLOWER}x:"
            " install the version that the lock names"
        )
    for door in _OTHER_DOORS:
        if os.environ.get(door) == "1":
            sys.exit(f"SuperLink cannot be guarded: {door} opens a port beside it: unset it")
    if os.environ.get(_BEFORE):
        sys.exit(
            f"{_BEFORE} is set, and an address is no owner any more: unset it; from other"
            f" machines orders are taken with the secret in the file that {FILE} names"
        )
    try:
        secret = None
        if named := os.environ.get(FILE):
            refuse_secret(FILE, named)
            secret = read_secret(Path(named))
        refuse_exposed_option("--ssl-keyfile", sys.argv[1:])
        _close_database(sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(cause(error))
    nodes = NODES if _AUTHENTICATION in sys.argv else None
    guard = Middleware(Guard, "SuperLink", nodes=nodes, secret=secret)
    extensions.get_middleware = lambda: (guard, *hook())
    introduce()
    # It and the ServerApps that it starts call nothing but this machine.
    os.environ.update(proxies.exempt(os.environ, proxies.ALL))
    sys.argv[0] = "flower-superlink"
    flower_superlink()


if __name__ == "__main__":
    main()
