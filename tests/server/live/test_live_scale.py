"""The live page with ten thousand contributors: what a reader does takes no frame too long."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FRAME = 1 / 60
STEPS = 60
SCROLLED = """async (steps) => {
  const box = document.querySelector("#contributors .scroll");
  box.scrollIntoView({block: "end"});
  const seen = new Set();
  for (let k = 1; k <= steps; k += 1) {
    box.scrollTop = (k / steps) * (box.scrollHeight - box.clientHeight);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const rows = [...box.querySelectorAll("tbody tr[aria-rowindex]")];
    seen.add(rows.length);
    // Reasons that come later make what is above it higher.
    box.scrollIntoView({block: "end"});
    const view = box.getBoundingClientRect();
    const at = document.elementFromPoint(view.left + 30, view.bottom - 40);
    if (!at.closest("tr")?.ariaRowIndex) throw new Error(`no row in view at step ${k}`);
  }
  return Math.max(...seen);
}"""


def test_ten_thousand_rows_scroll_within_a_frame_each(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.names = [f"site-{i:05d}" for i in range(10_000)]
    growing.strategies = ("anml",)
    growing.begin()
    growing.add(2)
    page, problems = visit(serve(growing.folder.parent).url)
    people = page.locator("#contributors")
    people.get_by_role("button", name="Show all 10,000").click()
    expect(people.locator("table")).to_have_attribute("aria-rowcount", "10001")
    client = page.context.new_cdp_session(page)
    # The processor's time, not the clock's: other programs must not count.
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def used() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    before = used()
    most = page.evaluate(SCROLLED, STEPS)
    each = (used() - before) / STEPS
    assert most < 120
    # A step takes two frames here: the one that scrolls, and the one that fills the rows.
    assert each < 2 * FRAME, f"{1000 * each:.1f} ms a step"
    last = people.locator("tbody tr[aria-rowindex='10001']")
    expect(last).to_be_visible()
    assert problems == []
