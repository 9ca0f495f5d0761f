"""start.py COMMAND...: wait for what a container needs, then become COMMAND.

ANML_WAIT_FOR lists it: files, and HOST:PORT of servers. Nothing thereby hangs on the order in
which containers start. ANML_PASSWORD_FILE holds the database's password, which the command
gets as PGPASSWORD.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

POLL = 0.3


def there(what: str) -> bool:
    """Tell whether a file can be read, or a server can be reached."""
    if what.startswith("/"):
        return os.access(what, os.R_OK)
    host, _, port = what.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def leave(number: int, frame: object) -> None:
    """End: as process 1 of a container it would otherwise not be ended by a signal."""
    sys.exit(128 + number)


signal.signal(signal.SIGTERM, leave)
for one in os.environ.get("ANML_WAIT_FOR", "").split():
    if not there(one):
        print(f"waiting for {one}", file=sys.stderr, flush=True)
        while not there(one):
            time.sleep(POLL)
if name := os.environ.get("ANML_PASSWORD_FILE"):
    try:
        os.environ["PGPASSWORD"] = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        # Neither the name nor what is there: one of them may be the password.
        sys.exit("ANML_PASSWORD_FILE names no text file that can be read")
if os.environ.get("ANML_WARM") == "1":
    # SuperLink's wait before it starts a ServerApp: a second otherwise.
    os.environ.setdefault("FLWR_SUPEREXEC_TASK_POLL_INTERVAL", "0.3")
os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted
