"""Who is let in: by the host that was asked for, by method, and by a token.

A page of another site may ask this server through its reader's browser (DNS rebinding): it
cannot choose the Host that the browser names, which therefore must be one of this server's.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
HEALTH = "/health"
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "img-src data:"
)
"""Of every answer that has none of its own: nothing runs, and nothing is fetched."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A run goes on: what was read a moment ago may be old.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
}
_TOKEN = re.compile(r"[\x21-\x7e]{16,200}", re.ASCII)
_PORT = re.compile(r":[0-9]{1,5}\Z", re.ASCII)


def checked_token(token: str) -> str:
    """Return a token that will do.

    Raises
    ------
    ValueError
        If it is too short or has other letters; without a letter of it.
    """
    if not _TOKEN.fullmatch(token) or set(token) & set('";,\\'):
        raise ValueError(
            "the page's token must have 16 to 200 printable ASCII letters, no blank, quote,"
            " comma, semicolon or backslash among them"
        )
    return token


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine reaches an address.

    Examples
    --------
    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "a.org")]
    [True, True, True, False, False]
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Guard:
    """Let in whoever may be, and put the security headers on every answer.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    hosts : frozenset of str
        Names, as in the header Host without a port, under which the server may be asked.
    token : str
        What a reader must show; "" if none.
    """

    app: ASGIApp
    hosts: frozenset[str]
    token: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refused(scope)
        await (answer or self.app)(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        asked = headers.getlist("host")
        if len(asked) != 1 or _PORT.sub("", asked[0]).lower() not in self.hosts:
            return _said(421, "this server has another name: see --allow-host")
        if scope["method"] not in ("GET", "HEAD"):
            answer = _said(405, "only reading is allowed")
            answer.headers["Allow"] = "GET, HEAD"
            return answer
        if not self.token or scope["path"] == HEALTH:
            return None
        if self._is_shown(headers):
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" and self._is(value) for name, value in pairs):
            return self._with_cookie(scope, [one for one in pairs if one[0] != "token"])
        answer = _said(
            401, "open the address with ?token=... that the server was started with"
        )
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _is_shown(self, headers: Headers) -> bool:
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is(shown.strip()):
            return True
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return False
        return self._cookie in cookies and self._is(cookies[self._cookie].value)

    def _is(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), self.token.encode())

    @property
    def _cookie(self) -> str:
        # Ports share a browser's cookies: two servers of one machine keep out of each other's.
        return f"anml-page-{sha256(self.token.encode()).hexdigest()[:8]}"

    def _with_cookie(self, scope: Scope, rest: list[tuple[str, str]]) -> Response:
        """Keep the token in a cookie, and out of the address from now on."""
        where = scope["raw_path"].decode("ascii") + (f"?{urlencode(rest)}" if rest else "")
        # "//host" would be another server's.
        answer = RedirectResponse("/" + where.lstrip("/"), status_code=303)
        answer.set_cookie(self._cookie, self.token, httponly=True, samesite="strict")
        return answer


def _said(status: int, words: str) -> Response:
    return PlainTextResponse(f"{status} {words}\n", status_code=status)
