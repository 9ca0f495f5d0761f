"""What is answered at which address; docs/page.md lists them."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from anml_fl.page.live import live_page, live_script, live_style
from anml_fl.run.files import CONFIG, REPORT
from anml_fl.system.untrusted_text import visible
from server.page.compare_page import MOST_COMPARED, compared_page
from server.page.downloads import FILES, OF_A_STRATEGY, Download
from server.page.events import MOST_READERS, events
from server.page.finished_run import finished_run
from server.page.index_page import index_page, page_style
from server.page.listing import Listing, as_link
from server.page.opening import there
from server.page.policies import hashed, live_policy, plain_policy, report_policy
from server.page.questions import NotHereError, question
from server.page.run_settings import may_be_served, sweep_may_be_served
from server.page.streams import EventStream, FileStream
from server.page.watching import LeftError, Watched
from server.page.weight_tables import TABLES, weight_table

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

_MOST_WATCHED = 16
_HEAD = 1 << 15


class Page:
    """The page of a folder of runs, or of one.

    Parameters
    ----------
    root : Path
        May not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self.listing = Listing(root)
        self.closing = False
        self._watched: OrderedDict[Path, Watched] = OrderedDict()
        self._script = f"live-{hashed(live_script())[8:24].translate(_IN_A_NAME)}.js"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except (NotHereError, OSError):
            answer = _said(404, "there is nothing here")
        except LeftError:
            answer = _said(503, "nobody waits for this any more")
        except (ValueError, KeyError, TypeError, RecursionError):
            answer = _said(500, "a file of this run holds something else than it should")
        await answer(scope, receive, send)

    def close(self) -> None:
        """Let those go who wait for news: the server ends."""
        self.closing = True
        for run in self._watched.values():
            run.tell()

    async def _answer(self, request: Request) -> Response:
        # Each part is decoded once, and must be a plain name or one of those below: no path
        # leads out. A run's name may be no text at all.
        raw: bytes = request.scope["raw_path"]
        parts = [os.fsdecode(unquote_to_bytes(part)) for part in raw.split(b"/")[1:]]
        match parts:
            case ["health"]:
                return PlainTextResponse("ok\n")
            case [""]:
                return await self._index()
            case ["static", self._script]:
                return _script()
            case ["compare"]:
                return await self._compared(request)
            case ["report.html"] if self.listing.sweep(""):
                return await self._sweep_report(self.listing.root)
            case [name]:
                self._folder(name)
                return RedirectResponse(f"/{as_link(name)}/", status_code=301)
            case [name, *rest] if sweep := self.listing.sweep(name):
                return await self._of_sweep(name, sweep, rest)
            case [name, *rest]:
                return await self._of_run(request, name, self._folder(name), rest)
        raise NotHereError

    def _folder(self, name: str) -> Path:
        folder = self.listing.folder(name)
        if folder is None:
            raise NotHereError
        return folder

    async def _index(self) -> Response:
        if self.listing.is_one:
            return RedirectResponse(f"/{as_link(self.listing.own_name)}/", status_code=307)
        rows = await asyncio.to_thread(self.listing.rows)
        pages = await asyncio.to_thread(self.listing.pages)
        text = await asyncio.to_thread(index_page, rows, pages)
        return _page(text, plain_policy(page_style()))

    async def _of_sweep(self, name: str, sweep: Path, rest: list[str]) -> Response:
        """Answer with the page of all runs; its links to theirs lead on from it."""
        match rest:
            case [""]:
                return RedirectResponse(f"/{as_link(name)}/{REPORT}", status_code=307)
            case ["report.html"]:
                return await self._sweep_report(sweep)
            case [run, ("" | "report.html") as last]:
                self._folder(f"{name}/{run}")
                link = as_link(f"{name}/{run}")
                return RedirectResponse(f"/{link}/{last}", status_code=307)
        raise NotHereError

    async def _compared(self, request: Request) -> Response:
        asked = parse_qsl(request.url.query, keep_blank_values=True, errors="surrogateescape")
        wanted = [value for name, value in asked if name == "run"]
        names = set(await asyncio.to_thread(self.listing.names))
        found = [
            name
            for one in dict.fromkeys(wanted)
            for name in (one, os.fsdecode(unquote_to_bytes(one)))
            if name in names
        ]
        chosen = list(dict.fromkeys(found))[:MOST_COMPARED]
        text = await asyncio.to_thread(self._side_by_side, chosen, len(wanted) - len(chosen))
        return _page(text, plain_policy(page_style()))

    def _side_by_side(self, names: list[str], left_out: int) -> str:
        rows = [self.listing.row(name) for name in names]
        finished = [
            replace(run, name=name)
            for name in names
            if (run := finished_run(self._folder(name))) is not None
        ]
        return compared_page(rows, finished, left_out)

    async def _of_run(
        self, request: Request, name: str, folder: Path, rest: list[str]
    ) -> Response:
        match rest:
            case [""]:
                text = live_page(visible(name, 80), f"/static/{self._script}")
                return _page(text, live_policy(live_style()))
            case ["events"]:
                return self._events(request, name, folder)
            case ["report.html"]:
                return await self._report(folder)
            case ["files", *names]:
                return await self._file(request, folder, names)
        key, make = question(name, rest, request)
        answer = await self._run(folder).answer(key, make, request.is_disconnected)
        return Response(answer, media_type="application/json")

    def _run(self, folder: Path) -> Watched:
        """Find the run's follower, or make one; those that nobody follows make room."""
        if folder not in self._watched:
            idle = [other for other, run in self._watched.items() if not run.readers]
            for other in idle[: max(0, len(self._watched) + 1 - _MOST_WATCHED)]:
                del self._watched[other]
            self._watched[folder] = Watched(folder)
        self._watched.move_to_end(folder)
        return self._watched[folder]

    def _events(self, request: Request, name: str, folder: Path) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if sum(run.readers for run in self._watched.values()) >= MOST_READERS:
            answer = _said(503, f"{MOST_READERS} readers follow runs already; try again later")
            answer.headers["Retry-After"] = "15"
            return answer
        run = self._run(folder)
        last = request.headers.get("last-event-id", "")
        return EventStream(run, events(run, name, last, lambda: self.closing))

    async def _sweep_report(self, folder: Path) -> Response:
        if not sweep_may_be_served(folder):
            return _said(403, "the settings of this sweep cannot be read, or hold a password")
        return await self._page_of(folder)

    async def _report(self, folder: Path) -> Response:
        if not may_be_served(folder):
            return _said(403, "the settings of this run cannot be read, or hold a password")
        return await self._page_of(folder)

    async def _page_of(self, folder: Path) -> Response:
        file = await asyncio.to_thread(Download.of, folder, REPORT)
        policy = report_policy(file.begin(_HEAD))
        return FileStream(file, FILES[REPORT], {"Content-Security-Policy": policy})

    async def _file(self, request: Request, folder: Path, names: list[str]) -> Response:
        match names:
            case [name] if name in FILES:
                if (
                    name in (CONFIG, REPORT)
                    and there(folder, name)
                    and not may_be_served(folder)
                ):
                    return _said(403, "the settings of this run hold a password")
                of = Download.of_settings if name == CONFIG else Download.of
                kind, file = FILES[name], await asyncio.to_thread(of, folder, name)
            case [strategy, name] if name in OF_A_STRATEGY or name in TABLES:
                watched = self._run(folder)
                if strategy not in await watched.ask(lambda following: following.strategies):
                    raise NotHereError
                if name in TABLES and request.method == "HEAD":
                    return Response(media_type=TABLES[name])
                if name in TABLES:
                    kind = TABLES[name]
                    file = await weight_table(watched, strategy, name, request.is_disconnected)
                else:
                    kind = OF_A_STRATEGY[name]
                    file = await asyncio.to_thread(Download.of, folder, strategy, name)
            case _:
                raise NotHereError
        saved = "-".join(names).encode("ascii", errors="replace").decode()
        return FileStream(
            file, kind, {"Content-Disposition": f'attachment; filename="{saved}"'}
        )


_IN_A_NAME = str.maketrans("+/=", "-_.")


def _script() -> Response:
    # Its name holds its hash: another script has another.
    cached = {"Cache-Control": "max-age=31536000, immutable"}
    return Response(live_script(), media_type="text/javascript", headers=cached)


def _page(text: str, policy: str) -> Response:
    content = text.encode(errors="replace")
    return HTMLResponse(content, headers={"Content-Security-Policy": policy})


def _said(status: int, words: str) -> Response:
    return PlainTextResponse(f"{status} {words}\n", status_code=status)
