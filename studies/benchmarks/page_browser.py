"""How fast pages open and answer in Chromium: by its own clock, and its processor time."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager, suppress
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from playwright.sync_api import Browser

_BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 600.0
_POLL = 0.05
# Runs before the page's own script. Usable: somebody has pressed on a title of the table, and
# sees it sorted by that.
_WATCH = """
window.measured = {};
measured.painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
measured.took = async (act) => {
  const before = performance.now();
  act();
  await measured.painted();
  return performance.now() - before;
};
measured.set = (input, value) => {
  input.value = value;
  input.dispatchEvent(new Event("input", {bubbles: true}));
};
const watch = () => {
  const [button, row] = ["th button", "tbody tr"].map(
    (one) => document.querySelector("PLACE " + one));
  if (!button || !row) return requestAnimationFrame(watch);
  button.click();
  measured.painted().then(() => { measured.usable = performance.now(); });
};
requestAnimationFrame(watch);
addEventListener("load", () => { measured.loaded = performance.now(); });
"""
# Presses each title of a table twice, searches in it, unfolds it, and comes by all rows.
_USED = """async (where) => {
  const {took, set} = measured;
  const place = document.querySelector(where);
  const [search, more, box] = ["input[type=search]", "button.more", ".scroll"].map(
    (one) => place.querySelector(one));
  const titles = [...place.querySelectorAll("th button")];
  const found = {sort: [], search: [], unfold: [], scroll: []};
  for (const one of [...titles, ...titles]) found.sort.push(await took(() => one.click()));
  for (const text of ["c", "co", "-0", "-01", "-012", ""]) {
    found.search.push(await took(() => set(search, text)));
  }
  found.unfold.push(await took(() => more.click()));
  for (let k = 1; k <= 40; k += 1) {
    found.scroll.push(await took(() => {
      box.scrollTop = (k / 40) * (box.scrollHeight - box.clientHeight);
    }));
  }
  found.unfold.push(await took(() => more.click()));
  return found;
}"""
# Goes to rounds one after the other, waiting for each; then drags over all, and lets go.
_MOVED = """async (places) => {
  const {painted, set} = measured;
  const [slider, said] = ["#time input", "#decision"].map(
    (one) => document.querySelector(one));
  const shown = async (place) => {
    while (!said.textContent.startsWith(`Round ${place + 1}:`)) {
      await new Promise((done) => setTimeout(done, 1));
    }
    await painted();
  };
  const found = {step: [], drag: []};
  for (const place of places) {
    const before = performance.now();
    set(slider, place);
    await shown(place);
    found.step.push(performance.now() - before);
  }
  const last = Number(slider.max) - 1;
  for (let place = 0; place <= last; place += 1) {
    set(slider, place);
    await painted();
  }
  const before = performance.now();
  await shown(last);
  found.drag.push(performance.now() - before);
  return found;
}"""
_SIZE = """[document.documentElement.scrollHeight,
  document.querySelectorAll("*").length, measured.loaded]"""

Spans = dict[str, tuple[float, float]]
"""What was done, to milliseconds until its frame: median, and longest."""


class Opened:
    """A page that was opened in a browser, and can be used.

    Parameters
    ----------
    browser : Browser
    url : str
    place : str
        CSS selector of the table by which it is usable.
    """

    def __init__(self, browser: Browser, url: str, place: str) -> None:
        self._place = place
        self._context = browser.new_context(viewport={"width": 1200, "height": 900})
        self._page = self._context.new_page()
        self._page.set_default_timeout(1000 * _PATIENCE)
        self._page.add_init_script(_WATCH.replace("PLACE", place))
        self._before = _processor_seconds()
        self._page.goto(url, wait_until="commit")
        self.usable = float(self.until("measured.usable"))
        self.until("measured.loaded")

    def close(self) -> None:
        """Close it."""
        self._context.close()

    def until(self, expression: str) -> Any:
        """Wait for something in the page, and give it.

        Raises
        ------
        TimeoutError
            If it does not come.
        """
        # Playwright's own waiting needs eval, which the pages' policies forbid.
        for _ in range(int(_PATIENCE / _POLL)):
            if found := self._page.evaluate(expression):
                return found
            time.sleep(_POLL)
        raise TimeoutError(f"the page has no {expression} after {_PATIENCE:.0f} s")

    def processor(self) -> float:
        """Seconds that the browser has had since before the page was asked for."""
        return _processor_seconds() - self._before

    def size(self) -> tuple[int, int, float]:
        """Height in px, elements, and milliseconds until the load event."""
        height, elements, loaded = self._page.evaluate(_SIZE)
        return int(height), int(elements), float(loaded)

    def used(self) -> Spans:
        """Use the table."""
        return _spans(self._page.evaluate(_USED, self._place))

    def moved(self, places: Sequence[int]) -> Spans:
        """Move the live page's time bar.

        Parameters
        ----------
        places : sequence of int
            Rounds to go to, from 0; then all are dragged over, up to the last but one.
        """
        return _spans(self._page.evaluate(_MOVED, list(places)))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    binary = next(filter(None, map(shutil.which, _BINARIES)), None)
    if binary is None:
        raise FileNotFoundError(
            f"no browser found: one of {', '.join(_BINARIES)} must be on the PATH"
        )
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=binary, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def _spans(found: Mapping[str, list[float]]) -> Spans:
    return {name: (median(of), max(of)) for name, of in found.items()}


def _processor_seconds() -> float:
    """Seconds that the browser's processes have had, those that are alive."""
    spent = 0.0
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "chrom" in one.name():
                times = one.cpu_times()
                spent += times.user + times.system
    return spent
