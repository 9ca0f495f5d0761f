"""A process that has everything imported and forks a child for each ClientApp message.

Started with `python -m clients.warm SOCKET`. Each message still has a process of its own, with
the arguments, environment, folder and open files that `flwr-clientapp` was called with (see
`clients.client_stub`). No thread may run before the fork.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from clients.client_stub import LENGTH, STATUS, TAKEN, peer_uid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMAND = "flwr-clientapp"
# What a message needs: Flower's side of it, the app, and what both import late.
_NEEDED = (
    "flwr.supernode.cli",
    "clients.app",
    "sklearn.datasets",
)
_OWN = ("anml_fl", "clients", "strategies")
# Read while modules are imported: here that was before the message's environment came.
_READ_AT_IMPORT = ("FLWR_", "LD_", "MKL_", "OMP_", "OPENBLAS_", "PYTHON", "TORCH")
_READ_LATER = ("FLWR_HOME", "FLWR_SUPEREXEC_TASK_POLL_INTERVAL")
_WAIT = 10.0


class Warm:
    """A listening socket, and the children that run.

    Parameters
    ----------
    path : Path
        Of the socket; its folder is made, for this user only, or must be so already.
    parent : int, optional
        Process id: when that process ends, so does this one, and the socket's folder goes.

    Raises
    ------
    PermissionError
        If others can reach into the folder.
    FileExistsError
        If another process serves this socket.
    """

    def __init__(self, path: Path, parent: int | None = None) -> None:
        self.path = path
        self._imported = _read_at_import(os.environ)
        self._waiting = selectors.DefaultSelector()
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._parent = None if parent is None else os.pidfd_open(parent)
        if self._parent is not None:
            self._waiting.register(self._parent, selectors.EVENT_READ)
        _own_folder(path.parent)
        if _answers(path):
            raise FileExistsError(f"{path}: another process serves it: choose another path")

    def load(self) -> None:
        """Import what a message needs, then listen."""
        for name in _NEEDED:
            importlib.import_module(name)
        self._code = dict(_code())
        # What is there now stays: children need not copy it to look for garbage.
        gc.collect()
        gc.freeze()
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.fspath(new))
        self._listener.listen(64)
        # Under its name only now: who finds it is served.
        new.rename(self.path)
        self._waiting.register(self._listener, selectors.EVENT_READ)

    def serve(self) -> socket.socket | None:
        """Fork a child for each caller.

        Returns
        -------
        socket.socket or None
            In a child, its link to the caller; None in this process, when it is to end.
        """
        while True:
            for key, _ in self._waiting.select():
                if key.fd == self._parent:
                    shutil.rmtree(self.path.parent, ignore_errors=True)
                    return None
                if key.fd in self._running:
                    self._reap(key.fd)
                elif not self._current():
                    print("warm: the code has changed on disk", file=sys.stderr, flush=True)
                    self.path.unlink(missing_ok=True)
                    self._listener.close()
                    return None
                elif (link := self._fork()) is not None:
                    return link

    def _current(self) -> bool:
        return dict(_code()) == self._code

    def _fork(self) -> socket.socket | None:
        """Accept a caller; returns its link in the child, None in this process."""
        link, _ = self._listener.accept()
        if peer_uid(link) != os.geteuid():
            print("warm: refused a caller of another user", file=sys.stderr, flush=True)
            link.close()
            return None
        sys.stdout.flush()
        sys.stderr.flush()
        if (child := os.fork()) == 0:
            self._forget()
            return link
        handle = os.pidfd_open(child)
        self._running[handle] = (child, link)
        self._waiting.register(handle, selectors.EVENT_READ)
        return None

    def _forget(self) -> None:
        """In a child: close what is the parent's."""
        self._waiting.close()
        self._listener.close()
        if self._parent is not None:
            os.close(self._parent)
        for handle, (_, link) in self._running.items():
            os.close(handle)
            link.close()

    def _reap(self, handle: int) -> None:
        """Report to the caller how its child ended."""
        child, link = self._running.pop(handle)
        self._waiting.unregister(handle)
        os.close(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with link, suppress(OSError):
            link.sendall(STATUS.pack(status))

    def take(self, link: socket.socket) -> list[str]:
        """In a child: become the process that the caller would have been.

        Returns
        -------
        list of str
            Arguments.

        Raises
        ------
        ValueError
            If the caller's environment would have led to other imports.
        OSError
            If the caller is gone or incomplete.
        """
        link.settimeout(_WAIT)
        head, files, _, _ = socket.recv_fds(link, LENGTH.size, 3)
        (length,) = LENGTH.unpack(head)
        request = b""
        while len(request) < length:
            if not (piece := link.recv(length - len(request))):
                raise ConnectionError("the caller has gone")
            request += piece
        mask, folder, count, *rest = request.split(b"\0")
        argv = [os.fsdecode(one) for one in rest[: int(count)]]
        settings = dict(one.split(b"=", 1) for one in rest[int(count) :])
        environment = {os.fsdecode(key): os.fsdecode(value) for key, value in settings.items()}
        if differing := _read_at_import(environment).items() ^ self._imported.items():
            names = ", ".join(sorted({name for name, _ in differing}))
            raise ValueError(f"{names} differ from what this process was started with")
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.umask(int(mask))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        _fresh_generators()
        link.settimeout(None)
        link.sendall(TAKEN)
        threading.Thread(target=_obey, args=(link,), daemon=True).start()
        return argv


def _read_at_import(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_AT_IMPORT) and name not in _READ_LATER
    }


def _own_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} must be this user's, with mode 0700: chmod 700 it")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True


def _code() -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the files that our own modules came from, and when they were written."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in _OWN and (file := module.__file__) is not None:
            try:
                status = Path(file).stat()
            except OSError:
                yield file, (0, 0)
            else:
                yield file, (status.st_mtime_ns, status.st_size)


def _fresh_generators() -> None:
    """Give a fork random numbers of its own, as a new interpreter would have."""
    loaded: dict[str, Any] = dict(sys.modules)
    loaded["numpy"].random.seed()
    loaded["torch"].seed()


def _obey(link: socket.socket) -> None:
    """Take signals from the caller, and die with it."""
    while number := link.recv(1):
        os.kill(os.getpid(), number[0])
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve until the parent ends, or be one of the children."""
    parser = argparse.ArgumentParser(prog="python -m clients.warm", description=__doc__)
    parser.add_argument("socket", type=Path, help="path, in a folder of its own")
    parser.add_argument("--parent-pid", type=int, help="end with this process")
    chosen = parser.parse_args()
    warm = Warm(chosen.socket, chosen.parent_pid)
    warm.load()
    print(f"warm: forks for callers of {chosen.socket}", file=sys.stderr, flush=True)
    link = warm.serve()
    if link is not None:
        _be_client(warm, link)


def _be_client(warm: Warm, link: socket.socket) -> NoReturn:
    """Run Flower's own command in this child, and end as its process would."""
    try:
        argv = warm.take(link)
    except (OSError, ValueError) as error:
        print(f"warm: not taken: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    command = shutil.which(COMMAND, path=str(Path(sys.executable).parent)) or COMMAND
    sys.argv = [command, *argv]
    # A script's own folder is its first place for imports, not this module's.
    sys.path[: 0 if sys.flags.safe_path else 1] = [str(Path(command).parent)]
    cli: Any = sys.modules["flwr.supernode.cli"]
    status: object = 1
    try:
        status = cli.flwr_clientapp()
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - as at the top of any interpreter
        traceback.print_exc()
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking the interpreter down properly would copy all of its memory first: 0.4 s.
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    main()
