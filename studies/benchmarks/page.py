"""How fluid the pages of thousands are: a run's report, and its page while it is followed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from anml_fl.run.files import REPORT, SUMMARY
from studies.benchmarks.drawn_rounds import STRATEGIES
from studies.benchmarks.harness import machine, markdown, silent
from studies.benchmarks.page_browser import Opened, Spans, chromium
from studies.benchmarks.page_server import Answer, page_process
from studies.benchmarks.written_run import write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from studies.benchmarks.harness import Progress

_REPORT, _LIVE = "report", "live"
_TABLES = {_REPORT: "[data-rows=rows-contributors]", _LIVE: "#contributors"}
_ACTS = ("sort", "search", "unfold", "scroll", "step", "drag")


@dataclass(frozen=True, slots=True)
class PageRow:
    """One page in a browser.

    Parameters
    ----------
    kind : str
        "report" or "live".
    contributors : int
    height, elements : int
        In px; in the document.
    times : (float, float, float)
        Milliseconds from asking for it to the first use of the table, the load event, and the
        last plot.
    processor : (float, float)
        The browser's processor seconds until it could be used, and until all was drawn.
    spans : mapping
        As of `page_browser`.
    """

    kind: str
    contributors: int
    height: int
    elements: int
    times: tuple[float, float, float]
    processor: tuple[float, float]
    spans: Spans


@dataclass(frozen=True, slots=True)
class Row:
    """One run.

    Parameters
    ----------
    size : int
        Bytes of the report.
    report, live : PageRow
    answers : sequence of Answer
        Of its server, the first of which reads all files.
    """

    size: int
    report: PageRow
    live: PageRow
    answers: Sequence[Answer]


def run(
    sizes: Sequence[int] = (1_000, 10_000),
    rounds: int = 30,
    folder: Path | None = None,
    *,
    progress: Progress = silent,
) -> list[Row]:
    """Write runs, and open their pages.

    Parameters
    ----------
    sizes : sequence of int
        Contributors of each.
    rounds : int
        Of each strategy of `STRATEGIES`, >= 3.
    folder : Path, optional
        Where runs are kept, and taken from if they are there; by default they are thrown away.
    progress : callable

    Raises
    ------
    ValueError
        If there are too few rounds, or contributors.
    FileNotFoundError
        If there is no browser.
    """
    if rounds < 3:
        raise ValueError(f"rounds must be at least 3, got {rounds}")
    with TemporaryDirectory() as passing, chromium() as browser:
        return [
            _measured(browser, folder or Path(passing), size, rounds, progress)
            for size in sizes
        ]


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown: pages in the browser, what is done in them, the server."""
    pages = [page for row in rows for page in (row.report, row.live)]
    opened = [
        [
            f"{page.kind}, {page.contributors:,}",
            f"{row.size / 1e6:.1f}" if page is row.report else "-",
            f"{page.height:,}",
            f"{page.elements:,}",
            *(f"{span:,.0f}" for span in page.times),
            *(f"{seconds:.1f}" for seconds in page.processor),
        ]
        for row in rows
        for page in (row.report, row.live)
    ]
    used = [
        [f"{page.kind}, {page.contributors:,}", *(_span(page.spans, act) for act in _ACTS)]
        for page in pages
    ]
    answered = [
        [
            f"{row.live.contributors:,}",
            one.address.partition("&")[0],
            f"{one.size / 1e6:.2f}",
            f"{1000 * one.seconds:,.0f}",
            f"{1000 * one.processor:,.0f}",
            f"{1000 * one.again:,.1f}",
            f"{one.memory / 1e6:.0f}",
        ]
        for row in rows
        for one in row.answers
    ]
    heads = ["page", "MB", "px", "elements", "usable ms", "load ms", "drawn ms"]
    heads += ["CPU s until usable", "until drawn"]
    routes = ["contributors", "address", "MB", "ms", "CPU ms", "again ms", "server MB"]
    return "\n\n".join(
        [
            machine(),
            markdown(heads, opened),
            markdown(["ms until the frame: median / longest", *_ACTS], used),
            markdown(routes, answered),
        ]
    )


def _measured(
    browser: Browser, folder: Path, contributors: int, rounds: int, progress: Progress
) -> Row:
    run = folder / f"{contributors}-contributors-{rounds}-rounds"
    if not (run / SUMMARY).exists():
        write_run(run, contributors, rounds, progress=progress)
    progress(f"{contributors:,} contributors: opening the report")
    report = _page(browser, _REPORT, (run / REPORT).resolve().as_uri(), contributors, rounds)
    progress(f"{contributors:,} contributors: asking the server")
    with page_process(run) as server:
        answers = server.ask(_addresses(contributors, rounds))
        progress(f"{contributors:,} contributors: opening the live page")
        live = _page(browser, _LIVE, server.url, contributors, rounds)
        return Row((run / REPORT).stat().st_size, report, live, answers)


def _page(browser: Browser, kind: str, url: str, contributors: int, rounds: int) -> PageRow:
    opened = Opened(browser, url, _TABLES[kind])
    usable, drawn = opened.processor(), opened.usable
    if kind == _REPORT:
        drawn = float(opened.until("document.documentElement.dataset.drawn"))
    spent = opened.processor()
    height, elements, loaded = opened.size()
    spans = opened.used()
    if kind == _LIVE:
        spans |= opened.moved(range(0, rounds - 1, max(1, rounds // 6)))
    opened.close()
    times = opened.usable, loaded, drawn
    return PageRow(kind, contributors, height, elements, times, (usable, spent), spans)


def _addresses(contributors: int, rounds: int) -> list[str]:
    names = [f"contributor-{i:04d}" for i in range(contributors)]
    one = names[contributors // 2]
    found = ["state.json", "curves.json"]
    for strategy in STRATEGIES:
        found += [
            f"{strategy}/rounds/last.json",
            f"{strategy}/rounds/{rounds // 2}.json",
            f"{strategy}/rounds/{rounds // 2}/reasons/{one}.json",
            f"{strategy}/contributors/{one}.json",
            f"heat.json?strategy={strategy}",
            "&who=".join([f"heat.json?strategy={strategy}", *names[:80]]),
        ]
    return found


def _span(spans: Spans, act: str) -> str:
    return " / ".join(f"{span:,.0f}" for span in spans[act]) if act in spans else "-"
