"""A run that is written round by round, its page served, and a browser that opens it."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from anml_fl import ContributorRecord, RoundRecord
from server.page.serving import PageServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WAIT = 300_000
"""Milliseconds: a machine may be busy."""

expect.set_options(timeout=WAIT)


@dataclass
class Growing:
    """A run's folder: `begin` writes its settings, `add` a round of each strategy."""

    folder: Path
    names: list[str] = field(default_factory=lambda: [f"site-{i:02d}" for i in range(6)])
    rounds: int = 30
    strategies: tuple[str, ...] = ("fedavg", "anml")
    away: int = 1
    done: int = 0

    def begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        quoted = ", ".join(f'"{name}"' for name in self.strategies)
        (self.folder / "config.toml").write_text(
            f'name = "A study of six"\nengine = "inline"\nstrategies = [{quoted}]\n\n'
            f'[data]\ndataset = "wine"\n\n[training]\nrounds = {self.rounds}\n\n'
            "[aggregation]\ntau_h = 0.35\ntau_c = 0.30\nfraction = 1.0\n"
        )

    def record(self, strategy: str, number: int) -> RoundRecord:
        """Make a round: the last are left out in every third, with a reason.

        Weights are q times examples, as a share of the sum.
        """
        n = len(self.names)
        draws = np.random.default_rng([number, len(strategy)])
        q, s = draws.uniform(0.4, 1, n), draws.uniform(0.3, 0.9, n)
        gone = (np.arange(n) >= n - self.away) & (number % 3 == 0)
        examples = 100.0 + 20.0 * np.arange(n)
        weight = np.where(gone, 0, q * examples) / np.where(gone, 0, q * examples).sum()
        people = tuple(
            ContributorRecord(
                contributor=name,
                q=math.nan if gone[i] else float(q[i]),
                v=0.9,
                r=float(s[i] / 0.9),
                T=1.0,
                s=float(s[i]),
                weight=float(weight[i]),
                selected=not gone[i],
                examples=None if gone[i] else float(examples[i]),
                reason="update is not finite" if gone[i] else None,
                refused_credentials=("it has run out",) if i == 1 and number == 3 else (),
            )
            for i, name in enumerate(self.names)
        )
        return RoundRecord(
            number,
            strategy,
            "krum" if strategy == "anml" else None,
            rho_c=0.1,
            min_s=float(s.min()),
            contributors=people,
            test_error=0.1 + 0.5 * math.exp(-number / 4),
        )

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            self.done += 1
            for strategy in self.strategies:
                (self.folder / strategy).mkdir(exist_ok=True)
                line = self.record(strategy, self.done).to_json() + "\n"
                with (self.folder / strategy / "rounds.jsonl").open("a") as file:
                    file.write(line)


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    return Growing(tmp_path / "runs" / "study")


class Served:
    """Pages served in a thread, until they are ended."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.server = PageServer(folder, "127.0.0.1", port)
        self.url = self.server.url + "study/"
        self.port = int(self.server.url.rsplit(":", 1)[1].strip("/"))
        self.thread = threading.Thread(
            target=self.server.run, args=([self.server._socket],), daemon=True
        )
        self.thread.start()

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a folder, on a free port or on one that was."""
    running: list[Served] = []

    def begin(folder: Path, port: int = 0) -> Served:
        running.append(Served(folder, port))
        return running[-1]

    yield begin
    for served in running:
        served.end()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open an address; gives the page, and the list of what it does wrong from then on."""
    contexts: list[Any] = []

    def opened(url: str, width: int = 1200, scheme: str = "light") -> tuple[Page, list[str]]:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        page, problems = context.new_page(), []
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
        page.on("console", lambda said: said.type == "error" and problems.append(said.text))
        page.on("dialog", lambda dialog: problems.append("dialog") or dialog.dismiss())
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((url.partition("/study")[0], "data:"))
                or problems.append(f"request: {asked.url}")
            ),
        )
        page.goto(url)
        return page, problems

    yield opened
    for context in contexts:
        context.close()
