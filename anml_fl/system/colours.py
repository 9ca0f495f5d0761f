"""Colours only where somebody sees them: Flower's log has them in files and pipes too."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping


def coloured(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether what is written to a stream may have colours.

    Parameters
    ----------
    stream : text stream
    environment : mapping, optional
        NO_COLOR and FORCE_COLOR, if they hold anything, decide; the former first.

    Examples
    --------
    >>> from io import StringIO
    >>> coloured(StringIO()), coloured(StringIO(), {"FORCE_COLOR": "1"})
    (False, True)
    """
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or stream.isatty()


def fit_log(name: str = "flwr") -> None:
    """Let a log have colours where its stream may; nothing is imported for it.

    Parameters
    ----------
    name : str
        Of a logger whose handlers have a switch, as Flower's have.
    """
    for handler in logging.getLogger(name).handlers:
        if isinstance(handler, logging.StreamHandler) and hasattr(handler, "colored"):
            handler.colored = coloured(handler.stream)
