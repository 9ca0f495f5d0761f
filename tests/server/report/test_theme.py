"""The colours and marks of the page: they can be read and told apart."""

from __future__ import annotations

import pytest

from anml_fl.page import theme


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("side", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_marks_and_text_can_be_read(side: theme.Theme) -> None:
    # WCAG 2.2: 3:1 for marks, 4.5:1 for text.
    for colour, *_ in (*theme.SERIES, *theme.BRANCHES.values(), theme.HONEST, theme.ATTACKER):
        assert _contrast(colour, side.ground) >= 3, colour
    for ink in (side.ink, side.muted):
        assert _contrast(ink, side.ground) >= 4.5
        assert _contrast(ink, side.raised) >= 4.5


def test_series_differ_in_more_than_colour() -> None:
    first = [theme.series(i) for i in range(14)]
    assert len({symbol for _, _, symbol in first[:7]}) == 7
    assert len(set(first)) == 14
    # A legend shows the symbol, and hardly the dash.
    assert len({(colour, symbol) for colour, _, symbol in first}) == 14
