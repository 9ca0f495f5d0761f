"""A day alone, as whoever keeps a registry writes it, east and west of UTC, at any hour."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.registry.clock import begun

# An instant close to midnight in each of these zones, and one at noon.
ZONES = ("Pacific/Kiritimati", "Asia/Tokyo", "UTC", "Pacific/Pago_Pago")
DAY = timedelta(days=1)

# The clock is the input: all else is the command as it is, in a process in that zone.
COMMANDS = """
import json, sys
from datetime import datetime
import anml_fl.registry.clock as clock
clock.now = lambda: datetime.fromisoformat(sys.argv[1])
from click.testing import CliRunner
from anml_fl.commands.registry import registry
done = [CliRunner().invoke(registry, args) for args in json.loads(sys.argv[2])]
print(json.dumps([(one.exit_code, one.output) for one in done]))
"""


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_today_has_begun_wherever_it_is_and_the_day_after_tomorrow_nowhere(present, zone):
    local = present.astimezone(ZoneInfo(zone))
    for days in (-2, -1, 0):
        assert begun((local + days * DAY).date().isoformat(), present) <= present
    assert begun((present + 2 * DAY).date().isoformat(), present) > present


@pytest.fixture
def at(tmp_path):
    """Make commands run in a zone at an instant; each one's status and words."""

    def call(zone, instant, *commands):
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, instant.isoformat(), json.dumps(commands)],
            cwd=tmp_path,
            env={**os.environ, "TZ": zone, "ANML_REGISTRY": "registry.db"},
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    return call


ISSUER = ("add", "issuer", "u", "--key", "u.key.pub", "--level", "peer-reviewed")
PERSON = ("add", "contributor", "--key", "u.key.pub", "--name", "A", "--domain", "news",
          "--id", "a")  # fmt: skip
DATA = ("add", "contribution", "a", "--data-hash", "sha256:" + 64 * "0", "--size", "3")
ATTEST = ("attest", "a", "--sign-with", "u.key", "--issuer", "u", "--level", "peer-reviewed")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minutes", [-1, 1])
def test_data_collected_today_have_no_age_and_a_key_trusted_from_today_signs_at_once(
    at, zone, minutes
):
    midnight = datetime(2026, 11, 27, tzinfo=ZoneInfo(zone))
    present = (midnight + timedelta(minutes=minutes)).astimezone(UTC)
    today = present.astimezone(ZoneInfo(zone)).date()
    done = at(
        zone,
        present,
        ("key", "u.key"),
        (*ISSUER, "--since", f"{today}", "--until", "2031-01-01"),
        PERSON,
        (*DATA, "--collected", f"{today}"),
        (*ATTEST, "--expires", f"{today + 2 * DAY}"),
        ("signals", "--json"),
        ("list", "issuers", "--json"),
    )
    assert [status for status, _ in done] == [0] * 7, done
    (now,) = json.loads(done[5][1])
    # Today began at most 36 hours ago in UTC, 0.0041 years, and news lose half of that.
    assert (now["v"], now["T"]) == (0.85, pytest.approx(1.0, abs=0.0021))
    # A key that is revoked from today on signs nothing from today on.
    key = json.loads(done[6][1])[0]["key_id"]
    revoked, again = at(
        zone,
        present + timedelta(seconds=2),
        ("revoke", "issuer", key, "--moment", f"{today}", "--reason", "stolen"),
        (*ATTEST, "--expires", f"{today + 2 * DAY}"),
    )
    assert revoked[0] == 0, revoked
    assert again[0] == 2, again
    assert "refused: its key is revoked from " in again[1]


def test_what_has_begun_nowhere_is_refused_and_so_is_an_end_that_is_past(at):
    present = datetime(2026, 11, 26, 9, 59, tzinfo=UTC)
    done = at(
        "UTC",
        present,
        ("key", "u.key"),
        (*ISSUER, "--until", "2026-11-26"),
        (*ISSUER, "--until", "2031-01-01"),
        PERSON,
        (*DATA, "--collected", "2026-11-27"),
        (*DATA, "--collected", "2026-11-26T10:00Z"),
        (*DATA, "--collected", "2026-11-25"),
        (*ATTEST, "--expires", "2026-11-26"),
    )
    assert [status for status, _ in done] == [0, 2, 0, 0, 2, 2, 0, 2], done
    said = [words for _, words in done]
    assert "until must come after since, got 2026-11-26 00:00:00+00:00" in said[1]
    assert "must not lie in the future, got 2026-11-27T00:00:00Z" in said[4]
    assert "must not lie in the future, got 2026-11-26T10:00:00Z" in said[5]
    assert (
        "expires must come after issued, got 2026-11-26T00:00Z and 2026-11-26T09:59Z"
        in said[7]
    )
