"""Plots on pages of any width: nothing lies on anything, and nothing runs out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.page.plot import Plot, View, colour_bar, frame, frame_below_bar
from anml_fl.page.plotted import embedded, plotted

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

BODY = """\
{%- extends "plotted" %}
{%- from "parts" import figure %}
{%- block main %}
{% for plot in plots %}{{ figure(plot, plot.name, "A caption.") }}{% endfor %}
{%- endblock %}
"""
LONG = "Gain in balanced accuracy (percentage points; right of 0: better)"
HEIGHT = 240

# Texts of a figure that lie on others or on the colour bar, or reach beyond its plot.
FAULTS = """[...document.querySelectorAll(".plot")].flatMap((plot) => {
  const box = (one) => one.getBoundingClientRect();
  const texts = [...plot.querySelectorAll("text")].filter(
    (one) => one.textContent.trim() && one.checkVisibility());
  const bars = [...plot.querySelectorAll(".colorbar .cbfills")];
  const room = box(plot.querySelector(".main-svg"));
  const found = [];
  texts.forEach((one, k) => {
    const a = box(one);
    if (a.left < room.left - 1 || a.right > room.right + 1
        || a.top < room.top - 1 || a.bottom > room.bottom + 1) found.push(one.textContent);
    for (const other of [...texts.slice(k + 1), ...bars]) {
      const b = box(other);
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 3) found.push(`${one.textContent} on ${other.textContent}`);
    }
  });
  return found;
})"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def heat_map(people: int, rounds: int, **layout: Any) -> Plot:
    names = [f"contributor-{i:04d} ◆" for i in range(people)]
    data = {
        "type": "heatmap",
        "x": list(range(1, rounds + 1)),
        "y": list(range(people)),
        "z": [
            [100 * (i + j) / (people + rounds) for j in range(rounds)] for i in range(people)
        ],
        "zmin": 0,
        "zmax": 100,
        "colorbar": colour_bar(HEIGHT),
    }
    axes = {
        "xaxis": {"title": {"text": "Round"}, "tickvals": [1, rounds // 2 + 1, rounds]},
        "yaxis": {
            "title": {"text": "Contributor"},
            "tickvals": list(range(people)),
            "ticktext": names,
            "tickfont": {"size": 12},
        },
    }
    shown = {**axes, **frame_below_bar(HEIGHT, "Posterior (%)"), **layout}
    return Plot(f"map-{people}", {"anml": (View("", [data], shown),)}, "anml")


def gains() -> Plot:
    data = {"type": "scatter", "mode": "markers", "x": [-3.0, 2.0], "y": [0, 1], "name": "own"}
    layout = {
        "xaxis": {"title": {"text": LONG}},
        "yaxis": {"tickvals": [0, 1], "ticktext": ["Zurich", "contributor-0001"]},
        **frame(300),
    }
    return Plot("gains", {"anml": (View("", [data], layout),)}, "anml")


def opened(browser: Browser, folder: Path, width: int, *plots: Plot) -> Page:
    content = {"title": "Plots", "plots": [embedded(plot) for plot in plots]}
    (folder / "page.html").write_text(plotted(BODY, content), encoding="utf-8")
    # Waiting for a condition evaluates it, which the page's policy would refuse.
    page = browser.new_page(viewport={"width": width, "height": 900}, bypass_csp=True)
    page.set_default_timeout(300_000)
    page.goto((folder / "page.html").as_uri())
    drawn(page)
    return page


def drawn(page: Page) -> None:
    page.wait_for_function("document.documentElement.dataset.drawn")
    page.evaluate("document.fonts.ready")


@pytest.mark.parametrize("width", [360, 1200])
def test_no_text_of_a_plot_lies_on_another_or_runs_out(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    page = opened(browser, tmp_path, width, heat_map(3, 7), heat_map(4, 6), gains())
    assert page.evaluate(FAULTS) == []
    assert page.evaluate(TOO_WIDE) == 0
    lines = page.locator(".xtitle").last.locator("tspan").all_text_contents()
    assert " ".join(lines or page.locator(".xtitle").last.all_text_contents()) == LONG
    assert bool(lines) == (width == 360)
    bars = page.locator(".colorbar text:visible").all_text_contents()
    assert bars == ["0", "50", "100"] * 2
    page.close()


def test_plots_follow_the_width_of_the_page(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, 1200, gains())
    page.set_viewport_size({"width": 360, "height": 900})
    page.wait_for_function(
        "document.querySelector('.main-svg').clientWidth"
        " === document.querySelector('.plot').clientWidth"
    )
    assert page.evaluate(FAULTS) == []
    assert page.evaluate(TOO_WIDE) == 0
    page.close()


def test_a_plot_that_needs_more_width_is_scrolled_also_by_keys(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path, 360, heat_map(3, 7, meta={"least": 700}))
    plot = page.locator(".plot")
    assert page.evaluate(TOO_WIDE) == 0
    assert plot.evaluate("(one) => one.scrollWidth") == 700
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.plot').scrollLeft > 0")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.wait_for_function("!document.querySelector('.plot').hasAttribute('tabindex')")
    page.close()
