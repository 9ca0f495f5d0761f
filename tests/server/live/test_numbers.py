"""A number reads the same on the page, which its script writes, and in the server's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from anml_fl.page.elements import ELEMENTS
from anml_fl.page.live_reasons import REASONS
from anml_fl.reasons.amounts import decimals, percent
from anml_fl.reasons.evidence_words import signed
from anml_fl.run.criterion import Criterion
from server.report.why import points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def script(browser: Browser) -> Iterator[Any]:
    """Ask the page's own functions, in a browser, for many values at once."""
    page = browser.new_page()
    page.set_content("<p></p>")

    def ask(expression: str, values: list[Any]) -> list[str]:
        text = f"(values) => {{ {ELEMENTS} {REASONS} return values.map({expression}); }}"
        return page.evaluate(text, values)

    yield ask
    page.close()


def _drawn() -> list[float]:
    """Draw numbers of all sizes, and such as lie just between two that may be written."""
    rng = np.random.default_rng(20)
    ties = rng.integers(-4096, 4096, 2000) / 2.0 ** rng.integers(1, 12, 2000)
    sizes = rng.normal(size=2000) * 10.0 ** rng.integers(-7, 6, 2000)
    decimal = rng.integers(-100_000, 100_000, 2000) / 10.0 ** rng.integers(1, 6, 2000)
    named = [
        0.1625,
        16.25,
        26.25,
        0.5,
        1.5,
        2.5,
        0.0625,
        0.0996,
        9.996e-5,
        1e-5,
        999.5,
        1000.5,
    ]
    return [*ties.tolist(), *sizes.tolist(), *decimal.tolist(), *named]


@pytest.mark.parametrize("digits", range(7))
def test_shares_are_written_alike(script: Any, digits: int) -> None:
    shares = [abs(one) for one in _drawn()]
    shares += [k / 640 for k in range(641)]  # 104 of 640 is 16.25 %
    written = script(f"(x) => percent(x, {digits})", shares)
    assert written == [percent(one, digits) for one in shares]


def test_amounts_of_evidence_and_parts_are_written_alike(script: Any) -> None:
    values = _drawn()
    assert script("(x) => signed(x)", values) == [signed(one) for one in values]
    for digits in (1, 2, 4):
        written = script(f"(x) => points(x, {digits})", values)
        assert written == [points(one, digits) for one in values]


def test_scores_are_written_alike(script: Any) -> None:
    values, rmse = [0.0, *_drawn()], Criterion("rmse")
    assert script("(x) => score(x)", values) == [rmse.digits(one) for one in values]


def test_as_many_decimals_tell_contributors_apart(script: Any) -> None:
    counts = [*range(1, 300), 999, 1000, 1001, 9999, 10_000, 10_001, 10**6]
    written = script("(n) => String(decimals(1 / n))", counts)
    assert written == [str(decimals(1 / n)) for n in counts]
