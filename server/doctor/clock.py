"""Clocks: SuperLink refuses a node whose clock is off, and the registry dates by its own."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from anml_fl.system.proxies import own
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAME = "clock"
# A node signs its clock's time, and SuperLink takes one that is so far ahead, and no more.
MOST = 5.0
# The Date header has whole seconds.
_HALF = 0.5
_SET = "set both clocks by NTP (timedatectl set-ntp true), and see that they stay so"


def check_superlink(address: str, authority: Path) -> list[Finding]:
    """Ask SuperLink whether it is well, as a node would, and what time it has.

    Parameters
    ----------
    address : str
        HOST:PORT.
    authority : Path
        Certificate of the authority that it must show.
    """
    url = f"https://{address}/health"
    try:
        context = ssl.create_default_context(cafile=str(authority))
        # As nodes do: elsewhere through whatever proxy the environment names.
        proxied = not own(address.rpartition(":")[0])
        with httpx.Client(verify=context, timeout=10.0, trust_env=proxied) as client:
            before = time.time()
            answer = client.get(url)
            half = (time.time() - before) / 2
        answer.raise_for_status()
    except (httpx.HTTPError, OSError) as error:
        return [_unreachable(address, authority, error)]
    found = [ok("superlink", f"{address} answers, with a certificate of {authority}")]
    if shown := answer.headers.get("Date"):
        theirs = parsedate_to_datetime(shown).timestamp() + _HALF
        # When within the wait it looked at its clock, nobody knows.
        ahead = before + half - theirs
        found.append(compare(f"SuperLink at {address}", ahead, grain=_HALF + half))
    return found


def compare(whose: str, ahead: float, grain: float = 0.0) -> Finding:
    """Judge how far this machine's clock is ahead of another one's.

    Parameters
    ----------
    whose : str
        The other one.
    ahead : float
        Seconds, negative if it is behind.
    grain : float
        How far off the comparison itself may be.

    Examples
    --------
    >>> compare("PostgreSQL", -7.2).what
    "this machine's clock is 7.2 s behind that of PostgreSQL"
    """
    where = "ahead of" if ahead > 0 else "behind"
    what = f"this machine's clock is {abs(ahead):.1f} s {where} that of {whose}"
    return problem(_NAME, what, _SET) if abs(ahead) - grain > MOST else ok(_NAME, what)


def check_steadiness(
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    seconds: float = 0.2,
) -> Finding:
    """Watch the wall clock for a moment: it must go as fast as the one that only counts.

    Parameters
    ----------
    wall, monotonic : callable
        The two clocks, in seconds.
    seconds : float
        How long.

    Examples
    --------
    >>> check_steadiness(seconds=0.01).status
    'ok'
    """
    earlier, begin, start = monotonic(), wall(), monotonic()
    time.sleep(seconds)
    before, end, after = monotonic(), wall(), monotonic()
    jumped = (end - begin) - (before - start)
    # On a busy machine much may pass between one look and the next.
    if abs(jumped) > 0.1 + seconds / 2 + (start - earlier) + (after - before):
        what = f"the clock jumped by {jumped:+.1f} s while it was watched for {seconds:.1f} s"
        return warning(_NAME, what, "let one service alone set it: NTP, and no other")
    return ok(_NAME, f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%d %H:%M:%S} UTC, and steady")


def _unreachable(address: str, authority: Path, error: Exception) -> Finding:
    why, name = str(error) or type(error).__name__, "superlink"
    if "CERTIFICATE_VERIFY_FAILED" in why:
        return problem(
            name,
            f"{address} shows a certificate that {authority} does not vouch for: {why}",
            "take ca.crt from whoever runs SuperLink, and reach it by a name it is made for",
        )
    if "WRONG_VERSION_NUMBER" in why or "RECORD_LAYER" in why:
        return problem(
            name,
            f"{address} speaks no TLS",
            "see that the port is SuperLink's, and that it was not started with --insecure",
        )
    return problem(
        name,
        f"{address} does not answer: {why}",
        "start SuperLink, or open its port to this machine",
    )
