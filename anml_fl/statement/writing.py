"""Write a contributor's statement: the file, and the page that says the same to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.statement.file_name import file_name
from anml_fl.statement.page import page
from anml_fl.statement.signing import written
from anml_fl.system.files import refuse_link, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.statement.statement import Statement


def write_statement(statement: Statement, key: Ed25519PrivateKey | None, folder: Path) -> Path:
    """Write both files.

    Parameters
    ----------
    statement : Statement
    key : Ed25519PrivateKey, optional
        The ledger's; None where it is not at hand.
    folder : Path
        That is there. Statements of the same contributor are replaced.

    Returns
    -------
    Path
        Of the JSON file.

    Raises
    ------
    OSError
        If a file cannot be written, or a link stands in its place: a folder that came from
        others must not lead anywhere else.
    """
    content = written(statement.fields(), key)
    path = folder / f"{file_name(statement.contributor)}.json"
    for one in (path, path.with_suffix(".html")):
        refuse_link(one)
    shown = page(statement, content, path.name, signed=key is not None)
    write_whole(path, content)
    write_whole(path.with_suffix(".html"), shown.encode())
    return path
