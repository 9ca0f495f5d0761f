"""The server's key, which signs the ledgers of its runs."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.ledger.key_file import key_file as named_file
from anml_fl.registry.keys import make_key, private_key
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import cause, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def key_file() -> Path:
    """Say where the server's key is; see `anml_fl.ledger.key_file`.

    Raises
    ------
    ConfigError
        If the variable holds the key itself; or there is no home folder.
    """
    try:
        return named_file()
    except ValueError as error:
        raise ConfigError(str(error)) from error


def signing_key() -> Ed25519PrivateKey:
    """Read the server's key: from the file that ANML_LEDGER_KEY names, or ~/.anml/ledger.key.

    Returns
    -------
    Ed25519PrivateKey
        Made the first time.

    Raises
    ------
    ConfigError
        If it can be neither read nor made.
    """
    path = key_file()
    try:
        make_folder(path.parent, 0o700)
        if not path.exists():
            with suppress(FileExistsError):  # another process was quicker
                make_key(path)
                log(
                    WARNING,
                    "made the key that signs ledgers: %s; give its public key, %s.pub, to"
                    " whoever should verify them",
                    path,
                    path,
                )
        elif not path.with_name(path.name + ".pub").exists():
            with suppress(OSError):  # a folder that may only be read is good enough
                make_key(path)
        return private_key(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the ledger's key cannot be had: {cause(error)}. {KEY_FILE} may name another file"
        ) from error


@contextmanager
def signing_with(path: Path) -> Iterator[None]:
    """Sign ledgers with the key in a file meanwhile, as a federation's SuperLink does."""
    before = os.environ.get(KEY_FILE)
    os.environ[KEY_FILE] = str(path.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[KEY_FILE]
        else:
            os.environ[KEY_FILE] = before
