"""What it is for a file of a run to differ from what its ledger stands for."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from anml_fl.ledger.hashes import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DifferenceError(Exception):
    """A run says something else than its ledger; the message names file and place."""


def content_of(run: Path, name: str) -> bytes:
    """Read a file that must be there.

    Parameters
    ----------
    run : Path
        The run's folder.
    name : str
        Path in it.

    Raises
    ------
    DifferenceError
        If it is missing.
    OSError
        If it cannot be read.
    """
    try:
        return (run / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DifferenceError(f"{name} is missing") from None


def check_hash(
    name: str, content: bytes, signed: str, others: Mapping[str, str] | None = None
) -> None:
    r"""Compare a file with the hash that was signed for it.

    Parameters
    ----------
    name : str
    content : bytes
    signed : str
        "sha256:" and 64 hexadecimal digits.
    others : mapping, optional
        Hashes of other files, to their names: one may stand in another's place.

    Raises
    ------
    DifferenceError
        Naming the file, and what was done to it where that can be said.

    Examples
    --------
    >>> check_hash("config.toml", b"seed = 0\r\n", sha256_of(b"seed = 0\n"))
    Traceback (most recent call last):
    anml_fl.run.difference.DifferenceError: config.toml: its line ends were changed, to CR LF
    """
    found = sha256_of(content)
    if found == signed:
        return
    unmarked = content.removeprefix(codecs.BOM_UTF8)
    if sha256_of(unmarked) == signed:
        raise DifferenceError(f"{name}: a byte order mark was put in front of it")
    if sha256_of(unmarked.replace(b"\r\n", b"\n")) == signed:
        raise DifferenceError(f"{name}: its line ends were changed, to CR LF")
    if other := (others or {}).get(found):
        raise DifferenceError(f"{name} was altered: its content is that of {other}")
    raise DifferenceError(
        f"{name} was altered: its SHA-256 is {found[7:]}, signed is {signed[7:]}"
    )


def shown(value: object) -> str:
    """Show a value that an edited file may have, in a few letters.

    Examples
    --------
    >>> shown(0.5), len(shown("x" * 10_000))
    ('0.5', 63)
    """
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def strict_json(text: bytes) -> Any:
    """Read JSON, and refuse what two readers could read in two ways.

    Raises
    ------
    ValueError
        If it is no JSON, or has a name twice in an object, or NaN or Infinity.

    Examples
    --------
    >>> strict_json(b'{"q": 1, "q": 0}')
    Traceback (most recent call last):
    ValueError: 'q' stands there twice
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        for name, _ in pairs:
            if name not in found:
                raise ValueError(f"{name!r} stands there twice")
            del found[name]
        return dict(pairs)

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(text.decode(), object_pairs_hook=once, parse_constant=constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
