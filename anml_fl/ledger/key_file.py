"""Where a server keeps the private key with which it signs ledgers."""

from __future__ import annotations

import os
from pathlib import Path

from anml_fl.system.private_files import refuse_secret

KEY_FILE = "ANML_LEDGER_KEY"
"""Environment variable: the file of the server's private key."""


def key_file() -> Path:
    """Say where the server's key is: what ANML_LEDGER_KEY names, or ~/.anml/ledger.key.

    Returns
    -------
    Path
        Of a file that may not be there.

    Raises
    ------
    ValueError
        If the variable holds the key itself; or there is no home folder.

    Examples
    --------
    >>> key_file().name != ""
    True
    """
    if named := os.environ.get(KEY_FILE):
        refuse_secret(KEY_FILE, named)
        return Path(named).expanduser()
    try:
        if (home := Path.home()).is_absolute():
            return home / ".anml" / "ledger.key"
    except RuntimeError:
        pass
    raise ValueError(
        f"this account has no home folder for the ledger's key: let {KEY_FILE} name a file"
    )
