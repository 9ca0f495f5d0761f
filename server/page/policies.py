"""Content security policies: what a page may run, by hash or as a file, and nothing else."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from hashlib import sha256

_BASE = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src data:"
_META = re.compile(
    rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]{1,20000})">', re.ASCII
)
_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/]{40,90}={0,2}'", re.ASCII)
_SCRIPTS = re.compile(r"(?:^|;)\s*script-src([^;]*)", re.ASCII)


def hashed(text: str) -> str:
    """Name a text by its hash, as a policy does.

    Examples
    --------
    >>> hashed("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def plain_policy(style: str) -> str:
    """Allow a page its one style, and forms that ask this server."""
    return f"{_BASE}; style-src {hashed(style)}; form-action 'self'"


def live_policy(style: str) -> str:
    """Allow a page its one style, scripts that are files of this server, and asking it."""
    return (
        f"{_BASE}; style-src {hashed(style)}; script-src 'self'; connect-src 'self';"
        " form-action 'none'"
    )


def report_policy(head: bytes) -> str:
    """Allow a report the scripts that its own policy names by hash, and no other.

    It is put apart from this server: even a forged one cannot ask it for anything.

    Parameters
    ----------
    head : bytes
        The report's beginning.
    """
    found = _META.search(head)
    named = _SCRIPTS.search(html.unescape(found[1].decode())) if found else None
    scripts = " ".join(_HASH.findall(named[1])) if named else ""
    return (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src data: blob:;"
        f" style-src 'unsafe-inline'; script-src {scripts or chr(39) + 'none' + chr(39)};"
        " form-action 'none'; sandbox allow-scripts allow-downloads"
    )
