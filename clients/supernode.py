"""Flower's SuperNode, on request with warm client processes and shorter waits.

`python -m clients.supernode ARGS...` takes the arguments of `flower-supernode`. ANML_WARM=1
has each message's process forked by a warm one (`clients.warm`): the SuperNode's own, or the
one that ANML_WARM_SOCKET names. It also shortens the waits that Flower 1.41 has in its code;
ANML_POLL says how many seconds lie between two looks for a message (0.5).
Whatever of this cannot be had is left at Flower's own way, and the log says so.

Warm or not, a SuperNode that is asked to end has time to take its leave: SuperLink takes one
that did not for connected, and refuses its successor, for up to a minute. And its own server,
from which Flower gives each message to whoever asks, answers this account's processes alone.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from io import BytesIO
from logging import INFO, WARNING
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import flwr
import flwr.supercore.exit.exit as ending
from flwr.common.logger import log
from flwr.supercore.constant import TASK_TYPE_TO_COMMAND, TaskType
from flwr.supernode import main as server
from flwr.supernode import start_client_internal as loop
from flwr.supernode.cli import flower_supernode

from anml_fl.authorisation.guard import Guard, introduce
from anml_fl.system import colours, import_path, proxies, sockets
from anml_fl.system.files import write_whole
from anml_fl.system.private_files import refuse_exposed_option
from clients import client_stub
from clients.warm import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from tempfile import TemporaryDirectory

SWITCH, SOCKET = "ANML_WARM", "ANML_WARM_SOCKET"
FLOWER = "1.41."
# Between two looks for a message, at the SuperLink's cost; and for a reply, at this node's.
INTERVAL = "ANML_POLL"
POLL = 0.5
REPLY_POLL = 0.1
TASK_POLL = "0.2"
_TASK_POLL = "FLWR_SUPEREXEC_TASK_POLL_INTERVAL"
# Seconds; Flower's own five are too few on a busy machine.
LEAVE = 15.0
# Bytes of a socket's name, and of that under which it begins (`clients.warm`).
_SOCKET = 20
_SHORT_LIFE = 20.0
_LOOK = 0.5


class QuickClock:
    """The `time` module, with shorter waits: what Flower's loop is given in its place.

    Examples
    --------
    >>> before = time.monotonic()
    >>> QuickClock().sleep(300)
    >>> time.monotonic() - before < 300
    True
    """

    def __getattr__(self, name: str) -> Any:
        """Return everything else as it is."""
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Wait at most as long as a look is worth."""
        poll = float(os.environ.get(INTERVAL, POLL)) if seconds > 1 else REPLY_POLL
        time.sleep(min(seconds, poll))


def unfit() -> str:
    """Say what keeps this Flower from being sped up.

    Returns
    -------
    str
        Empty if nothing does.
    """
    if not flwr.__version__.startswith(FLOWER):
        return f"Flower is {flwr.__version__}, made for {FLOWER}x"
    if getattr(loop, "time", None) is not time:
        return "Flower's loop does not wait by the time module"
    if not callable(getattr(loop, "get_fused_config_from_fab", None)):
        return "Flower's loop does not read the app's settings as before"
    if TASK_TYPE_TO_COMMAND.get(TaskType.CLIENT_APP) != COMMAND:
        return f"Flower does not call {COMMAND}"
    return ""


def brings_code(bundle: bytes) -> bool:
    """Say whether an app's bundle holds modules of its own.

    Returns
    -------
    bool
        Also True of what cannot be read.
    """
    try:
        with zipfile.ZipFile(BytesIO(bundle)) as files:
            return any(name.endswith(".py") for name in files.namelist())
    except zipfile.BadZipFile:
        return True


@contextmanager
def sped_up() -> Iterator[None]:
    """Speed Flower's SuperNode up in this process, as far as that can be."""
    real = shutil.which(COMMAND)
    reason = unfit() or ("" if real else f"{COMMAND} is not on PATH")
    shared = os.environ.get(SOCKET)
    made: TemporaryDirectory[str] | None = None
    if not (reason or shared):
        try:
            made = sockets.temporary(_SOCKET)
        except OSError as error:
            reason = str(error)
    if reason or real is None:
        log(WARNING, "warm clients are off: %s", reason)
        yield
        return
    names, paths = cast("Any", loop), os.environ.get("PATH", os.defpath)
    read = names.get_fused_config_from_fab
    names.time = QuickClock()
    os.environ.setdefault(_TASK_POLL, TASK_POLL)
    path = Path(made.name, "socket") if made else Path(shared or "")
    own = path.parent / f"supernode-{os.getpid()}"
    ended = threading.Event()
    if stand_in(own, path, real):
        os.environ["PATH"] = os.pathsep.join([str(own), paths])
        names.get_fused_config_from_fab = _watching(read, own / COMMAND)
        if shared:
            log(INFO, "warm clients: by %s, or else Flower's own", path)
        else:
            threading.Thread(target=supervise, args=(path, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        names.time, names.get_fused_config_from_fab = time, read
        os.environ["PATH"] = paths
        shutil.rmtree(own, ignore_errors=True)
        if made:
            made.cleanup()


def stand_in(own: Path, path: Path, real: str) -> bool:
    """Write the command that is to be found in the real one's place.

    Parameters
    ----------
    own : Path
        Folder for it.
    path : Path
        The warm process's socket.
    real : str
        The real command.

    Returns
    -------
    bool
        Whether it can be used; the log says what is wrong.
    """
    if len(os.fsencode(path)) > sockets.LONGEST:
        log(WARNING, "warm clients are off: %s is over %d bytes", path, sockets.LONGEST)
        return False
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    script = own / COMMAND
    # Isolated and without site-packages: it starts in a fraction of the time.
    call = [sys.executable, "-IS", str(Path(client_stub.__file__).resolve()), str(path), real]
    text = f'#!/bin/sh\nexec {shlex.join(call)} "$@"\n'
    write_whole(script, os.fsencode(text), mode=0o700)
    if not os.access(script, os.X_OK):
        log(WARNING, "warm clients are off: nothing may be run from %s: set TMPDIR", own)
        return False
    return True


def _watching(read: Callable[..., Any], script: Path) -> Callable[..., Any]:
    """Wrap what sees each app first: one that brings code is for the real command."""

    def settings(fab: bytes, *rest: Any) -> Any:
        if script.exists() and brings_code(fab):
            script.unlink()
            log(INFO, "warm clients are off: the app brings code of its own")
        return read(fab, *rest)

    return settings


def supervise(path: Path, ended: threading.Event, pause: float = 30.0) -> None:
    """Run a warm process, and another one whenever it ends: until then Flower's own way.

    Parameters
    ----------
    path : Path
        Its socket.
    ended : threading.Event
        Set when none is wanted any more.
    pause : float
        Seconds before the next one, where one has not lived for long.
    """
    command = [sys.executable, "-m", "clients.warm", str(path), "--parent-pid"]
    while not ended.is_set():
        started = time.monotonic()
        warm = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*command, str(os.getpid())], stdin=subprocess.DEVNULL
        )
        log(INFO, "warm clients: by process %d", warm.pid)
        while warm.poll() is None and not ended.wait(_LOOK):
            pass
        if ended.is_set():
            warm.terminate()
            warm.wait()
            return
        wait = 0.0 if time.monotonic() - started > _SHORT_LIFE else pause
        log(
            WARNING,
            "warm process %d ended with %d: Flower's own way until the next, in %.0f s",
            warm.pid,
            warm.returncode,
            wait,
        )
        ended.wait(wait)


def _proxy(arguments: list[str]) -> str:
    """Name the proxy between here and the SuperLink that the arguments name."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--superlink", default="")
    address: str = parser.parse_known_args(arguments)[0].superlink
    return proxies.between(address.rpartition(":")[0].strip("[]")) if address else ""


def guard() -> None:
    """Let nobody else's processes fetch this node's messages, and reply in its name."""
    if not flwr.__version__.startswith(FLOWER) or not callable(
        make := getattr(server, "create_app", None)
    ):
        sys.exit(
            f"SuperNode cannot be guarded: Flower is {flwr.__version__}, made for {FLOWER}x:"
            " install the version that the lock names"
        )
    vars(server)["create_app"] = lambda *given, **named: Guard(
        make(*given, **named), "SuperNode"
    )
    introduce()


def main() -> None:
    """Run Flower's SuperNode behind a guard, unless others may read or replace its key."""
    import_path.mend()
    colours.fit_log()
    try:
        refuse_exposed_option("--auth-supernode-private-key", sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
    # Its client processes call it, at an address of this machine; it alone calls SuperLink.
    os.environ.update(proxies.exempt(os.environ))
    if proxy := _proxy(sys.argv[1:]):
        log(INFO, "SuperLink is called through %s", proxy)
    guard()
    sys.argv[0] = "flower-supernode"
    vars(ending)["FORCE_EXIT_TIMEOUT_SECONDS"] = LEAVE
    if os.environ.get(SWITCH) != "1":
        flower_supernode()
        return
    with sped_up():
        flower_supernode()


if __name__ == "__main__":
    main()
