"""The page in a real browser: no console error, no request, plots really drawn.

Chromium is driven over its DevTools protocol through a pipe, which needs no package and
reports what the page tried, also where the attempt was blocked.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.page.script import SCRIPT
from anml_fl.run.reading import load_run
from server.report.page import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser

# Chromium takes commands on descriptor 3 and answers on 4.
_LAUNCH = (
    "import fcntl, os, sys; "
    "ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]; "
    "os.dup2(ends[0], 3); os.dup2(ends[1], 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_FLAGS = (
    "--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --remote-debugging-pipe"
)
_WAIT = 300.0

REPRODUCTION = Path(__file__).parents[3] / "docs" / "reproduction.html"


# The page says when it has drawn its last plot; what goes wrong late comes a little later.
SETTLED = """new Promise((done) => {
  const drawn = () => document.documentElement.dataset.drawn
    || !document.querySelector("figure[data-plot]");
  const look = (left) => setTimeout(() => (drawn() || !left ? done() : look(left - 1)), 300);
  look(200);
})"""


class Chromium:
    """One headless browser with one tab; `problems` holds what the last page did wrong."""

    def __init__(self, binary: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        flags = [*_FLAGS.split(), f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out), binary, *flags],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer, self._number, self._url, self._loaded = b"", 0, "", False
        self._session: str | None = None
        self.problems: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, page: Path, scheme: str = "light", width: int = 1200) -> None:
        """Load a page from its file and let it settle."""
        self._call("Page.navigate", url="about:blank")
        self.emulate(scheme, width)
        self.problems, self._url, self._loaded = [], page.as_uri(), False
        self._call("Page.navigate", url=self._url)
        until = time.monotonic() + _WAIT
        while not self._loaded:
            self._notice(self._receive(until))
        self.run(SETTLED)

    def emulate(self, scheme: str, width: int) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", features=[feature])
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )

    def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page; a promise is waited for."""
        answer = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self._session = None
        try:
            self._call("Browser.close")
            self._process.wait(timeout=300)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            os.close(self._in)
            os.close(self._out)

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + _WAIT
        while (answer := self._receive(until)).get("id") != self._number:
            self._notice(answer)
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError(f"chromium said nothing for {_WAIT:.0f} s")
            chunk = os.read(self._in, 1 << 20)
            if not chunk:
                raise RuntimeError("chromium ended")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _notice(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.problems.append(f"exception: {json.dumps(params['exceptionDetails'])[:500]}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.problems.append(f"console: {json.dumps(params['args'])[:500]}")
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"log: {params['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if url != self._url and not url.startswith(("data:", "blob:", "about:")):
                self.problems.append(f"request: {url}")
        elif method == "Network.webSocketCreated":
            self.problems.append(f"request: {params['url']}")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    binary = next(filter(None, map(shutil.which, names)), None)
    if binary is None:
        pytest.skip(f"no browser found: none of {', '.join(names)} is on the PATH")
    browser = Chromium(binary, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


# Plots, of those with marks or cells in their svg, of those that overflow their place.
DRAWN = """[...document.querySelectorAll(".js-plotly-plot")].map((plot) =>
  plot.querySelectorAll(".scatterlayer path, .heatmaplayer image").length)"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_opens_clean_and_draws_every_plot(
    chromium: Chromium, typical: Path, scheme: str, width: int
) -> None:
    chromium.open(write_report(typical), scheme, width)
    drawn = chromium.run(DRAWN)
    assert chromium.problems == []
    assert len(drawn) == 8
    assert all(drawn), drawn
    assert chromium.run(TOO_WIDE) == 0


# Comes by every plot, so that each is drawn.
SCROLLED = """(async () => {
  for (const figure of document.querySelectorAll("figure[data-plot]")) {
    figure.scrollIntoView();
    await new Promise((done) => setTimeout(done, 150));
  }
})()"""
# Choosers that reach beyond the page, or whose name is broken into letters.
CRAMPED = """[...document.querySelectorAll(".controls label")].filter((label) =>
  label.getBoundingClientRect().right > document.documentElement.clientWidth
  || label.offsetHeight > 60).map((label) => label.closest("figure").dataset.plot)"""


@pytest.mark.checkout
@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1200)])
def test_the_papers_tables_open_clean_and_draw_every_plot(
    chromium: Chromium, scheme: str, width: int
) -> None:
    chromium.open(REPRODUCTION, scheme, width)
    chromium.run("document.querySelector('[data-unfold=all]').click()")
    chromium.run(SCROLLED)
    drawn = chromium.run(DRAWN)
    assert chromium.problems == []
    assert drawn
    assert all(drawn), drawn
    assert chromium.run(TOO_WIDE) == 0
    assert chromium.run(CRAMPED) == []


def test_follows_light_and_dark_while_open(chromium: Chromium, typical: Path) -> None:
    chromium.open(write_report(typical), "light")
    ink = "getComputedStyle(document.querySelector('.plot .xtitle')).fill"
    ground = "getComputedStyle(document.body).backgroundColor"
    before = chromium.run(ink), chromium.run(ground)
    chromium.emulate("dark", 1200)
    chromium.run("new Promise((done) => setTimeout(done, 500))")
    assert before == ("rgb(27, 31, 35)", "rgb(255, 255, 255)")
    assert (chromium.run(ink), chromium.run(ground)) == (
        "rgb(230, 232, 234)",
        "rgb(20, 23, 26)",
    )
    assert chromium.problems == []


def test_slider_and_chooser_change_what_is_shown(
    chromium: Chromium, recipe: Callable[..., Any], tmp_path: Path
) -> None:
    chromium.open(write_report(recipe(branching=("krum", "anml")).write(tmp_path / "run")))
    seen = """(() => {
      const figure = document.querySelector('figure[data-plot="data-gate"]');
      const points = () => JSON.stringify([...figure.querySelectorAll(".point")].map(
        (p) => p.getAttribute("transform")));
      const set = (selector, value) => {
        const control = figure.querySelector(selector);
        control.value = value;
        control.dispatchEvent(new Event("input"));
        return [figure.querySelector("output").textContent,
                figure.querySelector(".decision").textContent, points()];
      };
      return [set("input", "19"), set("input", "2"), set("select", "0")];
    })()"""
    last, third, other = chromium.run(seen)
    assert [last[0], third[0], other[0]] == ["20", "3", "3"]
    assert last[2] != third[2]
    assert "not trusted" in third[1]
    assert chromium.problems == []


# What of a page breaks WCAG 2.1 A or AA, by axe-core, and where.
BREACHES = """axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(
  (found) => found.violations.map((one) => [one.id, one.nodes.map((node) => node.html)]))"""


def _breaches(chromium: Chromium) -> Any:
    axe = Path(str(find_spec("axe_playwright_python").origin)).parent / "axe.min.js"
    chromium.run(axe.read_text(encoding="utf-8") + ";0")
    return chromium.run(BREACHES)


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe-core is not here")
@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1200)])
def test_the_report_breaks_no_rule_of_accessibility(
    chromium: Chromium, thousand: Path, scheme: str, width: int
) -> None:
    chromium.open(thousand, scheme, width)
    assert _breaches(chromium) == []


@pytest.mark.checkout
@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe-core is not here")
def test_the_papers_tables_break_no_rule_of_accessibility(chromium: Chromium) -> None:
    chromium.open(REPRODUCTION)
    assert _breaches(chromium) == []


@pytest.fixture(scope="module")
def thousand(recipe: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of a run of a thousand contributors."""
    names = [f"contributor-{i:04d}" for i in range(1000)]
    folder = recipe(names=names, rounds=3, strategies={"fedavg": 0.1, "anml": 0.08})
    return write_report(folder.write(tmp_path_factory.mktemp("thousand") / "run"))


def test_of_a_thousand_twenty_rows_are_shown_and_all_can_be_found_and_sorted(
    chromium: Chromium, thousand: Path
) -> None:
    chromium.open(thousand)
    assert chromium.problems == []
    # 91,802 px when each had a row in every table and map.
    assert chromium.run("document.documentElement.scrollHeight") < 15_000
    steps = """(() => {
      const place = document.querySelector("[data-rows=rows-contributors]");
      const seen = () => [...place.querySelectorAll("tbody tr:not(.gap, .sizer)")].map(
        (row) => row.cells[0].textContent);
      const folded = seen();
      const search = place.querySelector("input");
      search.value = "-0777";
      search.dispatchEvent(new Event("input"));
      const found = seen();
      const row = [...place.querySelectorAll("tbody tr")].at(-1);
      const cells = [...row.cells].map((cell) => cell.textContent);
      search.value = "";
      search.dispatchEvent(new Event("input"));
      place.querySelector("button.more").click();
      const all = [seen().length, place.querySelector("table").ariaRowCount];
      place.querySelector("thead button").click();
      place.querySelector("thead button").click();
      return [folded, found, cells, all, seen()[0]];
    })()"""
    folded, found, cells, (in_view, rows), last = chromium.run(steps)
    run = load_run(thousand.parent)
    one = run.lead.records[-1].contributors[777]
    kept = "yes" if one.selected else "no"
    # An equal share is .1 %: with one digit more than that weights can be told apart.
    assert cells[:3] == ["contributor-0777", "honest", f"{100 * one.weight:.2f}"]
    assert cells[4:6] == [kept, f"{one.q:.3f}"]
    assert folded == [f"contributor-{i:04d}" for i in range(20)]
    assert found == ["contributor-0777"]
    assert rows == "1001"
    assert in_view < 100
    assert last == "contributor-0999"


def test_hostile_text_stays_text(
    chromium: Chromium, recipe: Callable[..., Any], tmp_path: Path
) -> None:
    evil = "</script><script>alert(1)</script>"
    bold = '<b>x</b><img src=x onerror="alert(2)"><a href="http://example.com">y</a>'
    folder = recipe(
        names=[evil, bold, "c", "d"], attackers=2, reason=bold, behaviour=evil, name=bold
    ).write(tmp_path / "run")
    chromium.open(write_report(folder))
    assert chromium.problems == []
    assert (
        chromium.run("document.querySelectorAll('body img, body a[href*=example]').length")
        == 0
    )
    assert chromium.run("document.querySelector('h1').textContent") == bold
    ticks = chromium.run(
        "[...document.querySelectorAll('figure[data-plot=data-weights] .ytick text')]"
        ".map((tick) => tick.textContent)"
    )
    assert ticks[0].startswith("</script><script>")
    hover = """(() => {
      const plot = document.querySelector("figure[data-plot=data-gate] .plot");
      Plotly.Fx.hover(plot, [{curveNumber: 1, pointNumber: 1}]);
      return [plot.querySelector(".hoverlayer").textContent,
              plot.querySelectorAll(".hoverlayer a").length];
    })()"""
    text, links = chromium.run(hover)
    assert '<b>x</b><img src=x onerror="alert(2)">' in text
    assert links == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"names": ["a", "b"], "attackers": 1},
        {"names": [f"contributor-{i:03d}" for i in range(100)], "attackers": 40},
        {"rounds": 1},
        {"strategies": {"median": None}, "branching": (), "weightless": ("median",)},
        {"silent": True},
    ],
    ids=["two", "hundred", "one round", "no weights", "silent"],
)
def test_odd_runs_open_clean(
    chromium: Chromium, recipe: Callable[..., Any], tmp_path: Path, settings: dict[str, Any]
) -> None:
    chromium.open(write_report(recipe(**settings).write(tmp_path / "run")), width=400)
    assert chromium.problems == []
    assert all(chromium.run(DRAWN))
    assert chromium.run(TOO_WIDE) == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("console.error('broken')", "console"),
        ("throw new Error('broken')", "exception"),
        ("Promise.reject(new Error('broken'))", "exception"),
        ("setTimeout(() => missing(), 100)", "exception"),
        ("fetch('http://127.0.0.1:9/x').catch(() => 0)", "request"),
        ("new Image().src = 'http://127.0.0.1:9/x.png'", "request"),
        ("new WebSocket('ws://127.0.0.1:9/')", "request"),
        ("document.head.append(Object.assign(document.createElement('script'), "
         "{src: 'file:///nowhere.js'}))", "request"),
    ],
)  # fmt: skip
def test_detector_notices_a_broken_page(
    chromium: Chromium, tmp_path: Path, fault: str, said: str
) -> None:
    page = tmp_path / "broken.html"
    page.write_text(f"<!DOCTYPE html><title>x</title><script>{fault}</script>")
    chromium.open(page)
    assert any(problem.startswith(said) for problem in chromium.problems), chromium.problems


@pytest.mark.parametrize(
    "fault",
    [
        "console.error('broken');",
        "throw new Error('broken');",
        "fetch('http://127.0.0.1:9/');",
    ],
)
def test_detector_notices_a_fault_in_the_report(
    chromium: Chromium, typical: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anml_fl.page.plotted.SCRIPT", SCRIPT + fault)
    chromium.open(write_report(typical))
    assert chromium.problems


def test_a_script_that_is_not_the_pages_own_does_not_run(
    chromium: Chromium, typical: Path
) -> None:
    path = write_report(typical)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</main>", "<script>window.ran = 1</script></main>"))
    chromium.open(path)
    assert chromium.run("window.ran") is None
    assert any("Content Security Policy" in problem for problem in chromium.problems)
