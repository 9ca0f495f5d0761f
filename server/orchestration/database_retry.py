"""Waiting for a database that is away for a moment: a round is not lost to a restart of it.

Every call here may be made twice: a fact that is there already, in the same words, stays
as it is.
"""

from __future__ import annotations

import time
from logging import WARNING
from typing import TYPE_CHECKING, TypeVar

from flwr.common.logger import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.clock import Instant
    from anml_fl.registry.interface import Signals
    from anml_fl.registry.sql import SqlRegistry

T = TypeVar("T")

LONGEST_OUTAGE = 60.0
"""Seconds for which a database may be away."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0


def retried(call: Callable[[], T], limit: float | None = None) -> T:
    """Call, and again while the database cannot be reached.

    Parameters
    ----------
    call : callable
        May be made twice.
    limit : float, optional
        Seconds after which the error counts; `LONGEST_OUTAGE` if not given.

    Returns
    -------
    object
        What the call returns.

    Raises
    ------
    sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError
        If the database stays away.
    """
    deadline = time.monotonic() + (LONGEST_OUTAGE if limit is None else limit)
    pause = _FIRST_PAUSE
    while True:
        try:
            return call()
        except Exception as error:
            left = deadline - time.monotonic()
            if not _away(error) or left <= 0:
                raise
            why = " ".join(str(getattr(error, "orig", None) or error).split())
            log(WARNING, "the database is away (%s): trying for %.0f s more", why, left)
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)


def _away(error: Exception) -> bool:
    """Say whether an error is that of a database that cannot be reached."""
    from sqlalchemy.exc import (  # noqa: PLC0415 - most runs have no database, and are quicker
        InterfaceError,
        OperationalError,
    )

    return isinstance(error, (OperationalError, InterfaceError))


class RetryingRegistry:
    """A registry in a database that may be away for a moment."""

    def __init__(self, registry: SqlRegistry) -> None:
        self._registry = registry

    def signals(self, contributors: Sequence[str], *, at: Instant) -> Signals:
        """Look contributors up; see `Registry.signals`."""
        return retried(lambda: self._registry.signals(contributors, at=at))

    def present(
        self, contributor: str, tokens: Sequence[str], *, at: Instant
    ) -> tuple[str, ...]:
        """Check what a contributor shows; see `CredentialRegistry.present`."""
        return retried(lambda: self._registry.present(contributor, tokens, at=at))

    def observe(self, run: str, record: RoundRecord) -> None:
        """Let reputation move by a round; see `ReputationRegistry.observe`."""
        retried(lambda: self._registry.observe(run, record))

    def now(self) -> datetime:
        """Read the clock; see `SqlRegistry.now`."""
        return retried(self._registry.now)

    def observed_at(self, run: str, round_number: int) -> float | None:
        """Say when a round was observed; see `SqlRegistry.observed_at`."""
        return retried(lambda: self._registry.observed_at(run, round_number))
