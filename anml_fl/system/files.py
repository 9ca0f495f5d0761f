"""Files that others rely on: written whole or not at all, read as UTF-8, quoted nowhere."""

from __future__ import annotations

import codecs
import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UTF_16_AND_32 = (
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)


class TextError(ValueError):
    """A file that should be text and is not: says where, and never what stands there."""


def write_whole(
    path: Path, content: bytes, *, mode: int | None = None, new: bool = False
) -> None:
    """Write a file so that a reader, now or after a crash, finds the old or the new one.

    Parameters
    ----------
    path : Path
        Replaced if it exists; if it is a link, what it leads to. A device or a pipe is written
        to, and stays what it is.
    mode : int, optional
        Permissions, from the first byte on, whatever the umask is. Default: those of the file
        that is replaced, or else what the umask leaves.
    new : bool
        Never replace a file: of several processes one writes it, the others are refused.

    Raises
    ------
    FileExistsError
        If `new`, and the file is there.
    OSError
        If it cannot be written, naming file and cause: the old file is as it was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a"), b"whole")
    ...     Path(folder, "a").read_bytes(), len(list(Path(folder).iterdir()))
    (b'whole', 1)
    """
    with writing_whole(path, mode=mode, new=new) as file:
        file.write(content)


def refuse_link(path: Path) -> None:
    """Refuse to write through a link, in a folder that may have come from others.

    Raises
    ------
    OSError
        If the path is a link: it may lead to any file of whoever writes.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a").symlink_to("b")
    ...     refuse_link(Path(folder, "a"))
    Traceback (most recent call last):
    OSError: ...a is a link, which may lead to any file: remove it first
    """
    if path.is_symlink():
        raise OSError(f"{path} is a link, which may lead to any file: remove it first")


@contextmanager
def writing_whole(
    path: Path, *, mode: int | None = None, new: bool = False
) -> Iterator[IO[bytes]]:
    """Write a file piece by piece, as `write_whole` does in one.

    Parameters
    ----------
    path, mode, new
        As of `write_whole`.

    Yields
    ------
    binary file
        The file takes its name when the block ends, and never if it raises.

    Raises
    ------
    FileExistsError, OSError
        As of `write_whole`.
    """
    target = Path(os.path.realpath(path))
    if not new and target.exists() and not target.is_file() and not target.is_dir():
        with target.open("wb") as file:
            yield file
        return
    if mode is None and target.is_file():
        mode = target.stat().st_mode & 0o777
    partial = target.with_name(target.name + ".partial")
    try:
        with _locked(partial, mode) as file:
            try:
                if new and target.exists():
                    raise FileExistsError(f"{path} is there already, and is never overwritten")
                yield file
                file.flush()
                os.fsync(file.fileno())
                partial.replace(target)
            except BaseException:
                # On a full disk what was begun takes room that others need.
                partial.unlink(missing_ok=True)
                raise
        sync_folder(target.parent)
    except OSError as error:
        # What is written through a handle fails without the file's name.
        if error.errno is None or error.filename not in (None, str(partial)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def append_whole(handle: int, content: bytes, path: Path) -> None:
    """Add to a file that is open for appending, for good, or leave it as it was.

    Parameters
    ----------
    handle : int
        Its descriptor; the caller keeps other writers off.
    path : Path
        Its name, for the message.

    Raises
    ------
    OSError
        Naming file and cause.
    """
    end = os.fstat(handle).st_size
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError as error:
        os.ftruncate(handle, end)
        raise OSError(error.errno, error.strerror, str(path)) from error


def append_line(path: Path, line: str) -> None:
    r"""Add a line to a file, whole and for good, or leave it as it was.

    Parameters
    ----------
    path : Path
        Made if it does not exist.
    line : str
        Without its newline.

    Raises
    ------
    OSError
        Naming file and cause.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     append_line(Path(folder, "a"), "one")
    ...     append_line(Path(folder, "a"), "two")
    ...     Path(folder, "a").read_bytes()
    b'one\ntwo\n'
    """
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        append_whole(handle, f"{line}\n".encode(), path)
    finally:
        os.close(handle)
    if new:
        sync_folder(path.parent)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, as far as they are missing, for good.

    Parameters
    ----------
    mode : int
        Of the folder itself, less what the umask takes.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     make_folder(Path(folder, "a", "b"))
    ...     Path(folder, "a", "b").is_dir()
    True
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=mode, exist_ok=True)
    # What is written in it is lost with its name.
    sync_folder(path.parent)


def cause(error: Exception) -> str:
    """Say what went wrong: of a system's error, the file and the cause without its number.

    Examples
    --------
    >>> cause(FileNotFoundError(2, "No such file or directory", "a"))
    'a: No such file or directory'
    """
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe, as `os.fsync` does the content of a file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_text(path: Path) -> str:
    """Read a text file: UTF-8, with or without the byte order mark of Windows' editors.

    Raises
    ------
    OSError
        If it cannot be read.
    TextError
        If it is no UTF-8.
    """
    return decoded(path.read_bytes(), str(path))


def decoded(content: bytes, where: str) -> str:
    r"""Decode UTF-8, with or without a byte order mark.

    Parameters
    ----------
    where : str
        What it was read from, for the message.

    Raises
    ------
    TextError
        Naming line and byte, and nothing of the content: it may be a patient's.

    Examples
    --------
    >>> decoded(b"\xef\xbb\xbfage\r\n63", "a.csv")
    'age\r\n63'
    >>> decoded(b"age,name\n63,Z\xfcrich", "a.csv")
    Traceback (most recent call last):
    anml_fl.system.files.TextError: a.csv, line 2, byte 5: no UTF-8; save the file as UTF-8
    """
    if content.startswith(_UTF_16_AND_32):
        raise TextError(f"{where} is UTF-16 or UTF-32, by its first bytes; save it as UTF-8")
    if content.startswith(b"PK\x03\x04"):
        raise TextError(
            f"{where} is an archive, by its first bytes, as Excel's workbooks are; save it as"
            " text (CSV UTF-8)"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # It counts from behind the mark, and has all of the content in its `repr`.
        at = error.start + len(content) - len(error.object)
    line = content.count(b"\n", 0, at) + 1
    column = at - content.rfind(b"\n", 0, at)
    raise TextError(f"{where}, line {line}, byte {column}: no UTF-8; save the file as UTF-8")


@contextmanager
def _locked(partial: Path, mode: int | None) -> Iterator[IO[bytes]]:
    """Open a file that will take another's name, and keep other writers of it waiting.

    It has the one name, so that what a kill leaves behind is written over and not kept.
    """
    while True:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
        handle = os.open(partial, flags, 0o666 if mode is None else mode)
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not _is(handle, partial):
                continue  # the writer before gave it its name, or took it away
            if mode is not None:
                os.fchmod(handle, mode)
            os.ftruncate(handle, 0)
            yield file
            return


def _is(handle: int, path: Path) -> bool:
    """Say whether an open file still has this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
