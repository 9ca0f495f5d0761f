"""Waiting for a database: how often, how long, and for which errors."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from server.orchestration.database_retry import retried


def failing(times, error):
    """A call that fails so often, then says how often it was made."""
    made = []

    def call():
        made.append(1)
        if len(made) <= times:
            raise error("SELECT 1", None, Exception("server closed the connection"))
        return len(made)

    return call


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_call_is_made_again_until_it_succeeds(error, caplog):
    assert retried(failing(2, error)) == 3
    assert caplog.text.count("the database is away (server closed the connection)") == 2


def test_an_error_that_would_come_again_is_raised_at_once():
    call = failing(1, IntegrityError)
    with pytest.raises(IntegrityError):
        retried(call)
    assert call() == 2


def test_the_wait_ends():
    start = time.monotonic()
    with pytest.raises(OperationalError):
        retried(failing(10**6, OperationalError), limit=0.6)
    # By default it is a minute.
    assert 0.6 <= time.monotonic() - start < 50.0
