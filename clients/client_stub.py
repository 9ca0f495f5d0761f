"""What stands in for Flower's `flwr-clientapp`: hands the message to a warm process.

Run by its path, without site-packages, once a message: it imports next to nothing. The child
that takes the message gets all that a process of its own would have got: arguments,
environment, folder, open files. This process stays, passes signals on, and ends as it ends.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys

TAKEN = b"t"
STATUS = struct.Struct("!i")
LENGTH = struct.Struct("!I")
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
_WAIT = 10.0


def peer_uid(link: socket.socket) -> int:
    """Return the user id of the process at the other end, as the kernel has it.

    Parameters
    ----------
    link : socket.socket
        A connected Unix socket.
    """
    return int(
        struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    )


def ask(link: socket.socket, argv: list[str]) -> bool:
    """Offer this process's work to the warm process.

    Parameters
    ----------
    link : socket.socket
        Connected.
    argv : list of str
        Arguments of `flwr-clientapp`.

    Returns
    -------
    bool
        Whether a child has taken it; if not, nothing has happened to the work.
    """
    mask = os.umask(0o077)
    os.umask(mask)
    folder = os.getcwdb()  # noqa: PTH109 - pathlib takes long to import
    parts = [str(mask).encode(), folder, str(len(argv)).encode()]
    parts += [os.fsencode(one) for one in argv]
    parts += [key + b"=" + value for key, value in os.environb.items()]
    request = b"\0".join(parts)
    socket.send_fds(link, [LENGTH.pack(len(request))], [0, 1, 2])
    link.sendall(request)
    return link.recv(1) == TAKEN


def follow(link: socket.socket) -> int:
    """Pass signals on to the child until it ends.

    Parameters
    ----------
    link : socket.socket
        On which a child has taken the work.

    Returns
    -------
    int
        Its exit status; negative: the signal that ended it.
    """

    def pass_on(number: int, frame: object) -> None:
        link.sendall(bytes([number]))

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    link.settimeout(None)
    report = b""
    while len(report) < STATUS.size and (piece := link.recv(STATUS.size - len(report))):
        report += piece
    # Without a word the warm process has gone: nobody knows how the child ended.
    return int(STATUS.unpack(report)[0]) if len(report) == STATUS.size else 1


def forward(path: str, argv: list[str]) -> int | None:
    """Forward the work, and wait for its end.

    Parameters
    ----------
    path : str
        The warm process's socket.
    argv : list of str
        Arguments of `flwr-clientapp`.

    Returns
    -------
    int or None
        Exit status, negative for a signal; None if nobody has taken the work.
    """
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(_WAIT)
        try:
            link.connect(path)
            # The arguments hold a token: for nobody else's eyes.
            if peer_uid(link) != os.geteuid() or not ask(link, argv):
                return None
        except OSError:
            return None
        return follow(link)


def main(path: str, command: str, *argv: str) -> int:
    """Forward the work, or become the real command.

    Parameters
    ----------
    path : str
        The warm process's socket.
    command : str
        The real `flwr-clientapp`.
    *argv : str
        Its arguments.

    Returns
    -------
    int
        Exit status.
    """
    status = forward(path, list(argv))
    if status is None:
        os.execv(command, [command, *argv])  # noqa: S606 - Flower's own command, no shell
    if status < 0:
        if -status in PASSED_ON:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
