"""Whether joining is worth it, as a plot and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import is_honest
from anml_fl.page import theme
from anml_fl.page.grid import Grid
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.run.worth import mean_score, written
from anml_fl.system.untrusted_text import plot_text, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.paired_interval import Interval
    from anml_fl.run.worth import SiteWorth, Worth

# Rows are 1 apart: a contributor's marks stand under each other, and clear of the next.
_APART = 0.2
# Up to so many contributors are drawn and listed; of more those who gain and lose the most.
_MOST = 60


def worth_figure(worth: Worth) -> Plot:
    """Draw what each contributor gains by joining, and what it brings, with 95 % intervals."""
    sites = _shown(worth)
    series = {
        "joined against alone, own rows": [one.gain for one in sites],
        "joined against alone, all rows": [one.gain_pooled for one in sites],
        "what it brings the others": [one.brings for one in sites],
    }
    data = [
        _marks(sites, name, gains, theme.series(place), _APART * (place - 1), worth)
        for place, (name, gains) in enumerate(series.items())
    ]
    unit = "percentage points" if worth.share else "in its own unit"
    layout = {
        "xaxis": {
            "title": {"text": f"Gain in {worth.title} ({unit}; right of 0: better)"},
            "zeroline": True,
            "zerolinewidth": 2,
        },
        "yaxis": {
            "title": {"text": "Contributor"},
            "tickvals": list(range(len(sites))),
            "ticktext": [_mark(one) + plot_text(one.contributor, 18) for one in sites],
            "range": [len(sites) - 0.5, -0.5],
            "zeroline": False,
        },
        "hovermode": "closest",
        **frame(150 + len(sites) * 44),
    }
    return Plot("joining", {worth.strategy: (View("", data, layout),)}, worth.strategy)


def worth_table(worth: Worth) -> Grid:
    """List scores and gains.

    Returns
    -------
    Grid
        A row a contributor.
    """
    sites = _shown(worth)
    unit = " (%)" if worth.share else ""
    rows = tuple(
        (
            _mark(one) + visible(one.contributor, 40),
            *(
                written(mean_score(scores), worth)
                for scores in (
                    *(model.own for model in (one.alone, one.without, one.joined)),
                    *(model.pooled for model in (one.alone, one.joined)),
                )
            ),
            written(one.gain, worth),
            one.verdict,
            written(one.brings, worth),
            written(one.gain_pooled, worth),
            written(one.gain_of_taking_part, worth),
        )
        for one in sites
    )
    titles = (
        "Contributor",
        f"Alone: {worth.title}{unit}*",
        "Without it*",
        "Joined*",
        "Alone, on all rows*",
        "Joined, on all rows*",
        "Gain*",
        "Verdict",
        "Brings the others*",
        "Gain, all rows*",
        "Gain over without it*",
    )
    return Grid(titles, rows, total=len(worth.sites))


def worth_notes(worth: Worth) -> tuple[str, ...]:
    """Say which repeats could not be made, and why."""
    return tuple(
        f"Repeat {one.repeat} was left out: {visible(one.reason, 300)}"
        for one in worth.left_out
    )


def _shown(worth: Worth) -> Sequence[SiteWorth]:
    if len(worth.sites) <= _MOST:
        return worth.sites
    gains = {one.contributor: one.gain.mean if one.gain else 0.0 for one in worth.sites}
    by_gain = sorted(worth.sites, key=lambda one: (gains[one.contributor], one.contributor))
    return by_gain[: _MOST // 2] + by_gain[-_MOST // 2 :]


def _mark(one: SiteWorth) -> str:
    return "" if is_honest(one.behaviour) else f"{theme.ATTACKER_MARK} "


def _marks(
    sites: Sequence[SiteWorth],
    name: str,
    gains: Sequence[Interval | None],
    look: tuple[str, str, str],
    offset: float,
    worth: Worth,
) -> dict[str, Any]:
    colour, _, symbol = look
    scale = 100 if worth.share else 1
    known = [(row, gain) for row, gain in enumerate(gains) if gain is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [number(scale * gain.mean) for _, gain in known],
        "y": [number(row + offset) for row, _ in known],
        "error_x": {
            "type": "data",
            "array": [number(scale * (gain.high - gain.low) / 2) for _, gain in known],
            "thickness": 1.5,
            "width": 4,
        },
        "customdata": [
            [plot_text(sites[row].contributor), written(gain, worth)] for row, gain in known
        ],
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "hovertemplate": (
            f"<b>%{{customdata[0]}}</b><br>{name}: %{{customdata[1]}}<extra></extra>"
        ),
    }
