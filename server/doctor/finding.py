"""What a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Parameters
    ----------
    check : str
        What was examined, in a word or two.
    status : str
        "ok"; "warning": it works, but not always or not for long; "problem": it does not.
    what : str
        What was found.
    remedy : str
        What to do; "" where all is well.
    """

    check: str
    status: Status
    what: str
    remedy: str = ""


def ok(check: str, what: str) -> Finding:
    """Find that all is well."""
    return Finding(check, "ok", what)


def warning(check: str, what: str, remedy: str) -> Finding:
    """Find something that works, but not always or not for long."""
    return Finding(check, "warning", what, remedy)


def problem(check: str, what: str, remedy: str) -> Finding:
    """Find something that does not work."""
    return Finding(check, "problem", what, remedy)
