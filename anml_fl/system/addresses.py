"""Addresses in what is told: without the user, password or key that one may hold."""

from __future__ import annotations

import re

# A path's two slashes are one once it was taken for a file's. A user alone stands in addresses
# of PostgreSQL's as a matter of course; for others it may be a token.
_USER = re.compile(
    r"\b(?P<scheme>[a-z][a-z0-9+.-]+:/+)"
    r"(?:\S*:\S*@|[^\s/@:]*:(?!\d+\s)[^\n@]*@|(?<!sql:/)(?<!sql://)\S*@)",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"\b(?P<address>(?!postgres)[a-z][a-z0-9+.-]+:/+[^\s?#]*\?)[^\s'\"]+", re.I
)
_SHOWN = "..."


def without_secrets(text: str) -> str:
    """Take out of each address in a text what says who asks: user, password and parameters.

    Parameters
    ----------
    text : str
        Any text, such as an error's that repeats what was given.

    Returns
    -------
    str
        With "..." in their place; a text without an address as it was.

    Examples
    --------
    >>> without_secrets("'https://me:secret@host/x.csv' is no file")
    "'https://...@host/x.csv' is no file"
    >>> without_secrets("/home/me/https:/host/x.csv?key=secret is not there")
    '/home/me/https:/host/x.csv?... is not there'
    """
    return _QUERY.sub(rf"\g<address>{_SHOWN}", _USER.sub(rf"\g<scheme>{_SHOWN}@", text))
