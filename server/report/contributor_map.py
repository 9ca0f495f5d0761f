"""A heatmap of contributors over rounds: one number each, and crosses where there is more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from anml_fl.page import theme
from anml_fl.page.plot import View, colour_bar, frame_below_bar, number
from anml_fl.system.untrusted_text import plot_text
from server.report.round_axis import round_axis
from server.report.shown_contributors import (
    EACH,
    MOST_DRAWN,
    shown_contributors,
    standing_out,
)
from server.report.wording import attacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anml_fl.method.records import ContributorRecord
    from anml_fl.run.reading import Run, StrategyRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is drawn of each contributor in each round.

    Parameters
    ----------
    title : str
    value : callable
        Share in [0, 1] of a contributor in a round; nan where there is none.
    mark : str
        What a cross says.
    crossed : callable
        Why a cross stands there; None where none does. Of whoever was not asked one does.
    told : callable, optional
        What else is told when one points at it.
    most : float, optional
        Where the scale ends; by default at the largest.
    """

    title: str
    value: Callable[[ContributorRecord], float]
    mark: str
    crossed: Callable[[ContributorRecord], str | None]
    told: Callable[[ContributorRecord], str] | None = None
    most: float | None = None


def contributor_map(run: Run, strategy: StrategyRun, drawn: Quantity) -> View:
    """Draw a percentage of each contributor in each round, attackers above the others.

    Returns
    -------
    View
        Of more than `MOST_DRAWN` three bands, with a line between: who has the most, who
        changed most, and who has the least.
    """
    people, ends = drawn_people(run, strategy, drawn.value)
    rounds = [record.round for record in strategy.records]
    place = {name: index for index, name in enumerate(people)}
    shares: list[list[float | None]] = [[None] * len(rounds) for _ in people]
    told = [[""] * len(rounds) for _ in people]
    why: list[list[str | None]] = [["was not asked"] * len(rounds) for _ in people]
    for column, record in enumerate(strategy.records):
        for person in record.contributors:
            row = place.get(person.contributor)
            if row is None:
                continue
            shares[row][column] = number(100 * drawn.value(person))
            told[row][column] = plot_text(drawn.told(person), 400) if drawn.told else ""
            why[row][column] = drawn.crossed(person)
    crosses = [
        (row, rounds[column], reason)
        for row, of_one in enumerate(why)
        for column, reason in enumerate(of_one)
        if reason is not None
    ]
    height = 116 + len(people) * (28 if len(people) <= 30 else 15)
    where = "<b>%{customdata}</b><br>round %{x}: "
    rows = list(range(len(people)))
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "x": rounds,
            "y": rows,
            "z": shares,
            "customdata": [[plot_text(name)] * len(rounds) for name in people],
            **({"text": told} if drawn.told else {}),
            # Both or none: without its end plotly would begin the scale at the least.
            "zmin": 0,
            "zmax": drawn.most or max(filter(None, chain(*shares)), default=100),
            "colorbar": colour_bar(height),
            "hoverongaps": False,
            "hovertemplate": where
            + "%{z:.1f} %"
            + ("<br>%{text}" if drawn.told else "")
            + "<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [at for _, at, _ in crosses],
            "y": [row for row, _, _ in crosses],
            "customdata": [plot_text(people[row]) for row, _, _ in crosses],
            "text": [plot_text(reason) for _, _, reason in crosses],
            "marker": {
                "color": theme.NOTHING[0],
                "symbol": theme.NOTHING[1],
                "size": 7,
                "line": {"width": 1.5, "color": theme.NOTHING[0]},
            },
            "showlegend": False,
            "hovertemplate": where + drawn.mark + ": %{text}<extra></extra>",
        },
    ]
    labels = [
        plot_text(name, 18) + (f" {theme.ATTACKER_MARK}" if run.attacks(name) else "")
        for name in people
    ]
    layout = {
        "xaxis": {**round_axis([strategy]), "showgrid": False},
        "yaxis": {
            "title": {
                "text": f"Contributor ({theme.ATTACKER_MARK} attacker)"
                if attacked(run)
                else "Contributor"
            },
            "tickvals": rows,
            "ticktext": labels,
            "tickfont": {"size": 12 if len(people) <= 30 else 10},
            "range": [len(people) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": band_lines(ends),
        **frame_below_bar(height, f"{drawn.title} (%)"),
    }
    return View("", data, layout)


def band_lines(ends: Sequence[int]) -> list[dict[str, Any]]:
    """Draw a line after each of these rows."""
    return [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": end - 0.5,
            "y1": end - 0.5,
            "line": {"color": theme.GREY, "width": 2},
        }
        for end in ends
    ]


def omitted(run: Run) -> str:
    """Say whom the maps leave out, where they do; empty where everybody is drawn."""
    total = len(run.summary.contributors)
    if total <= MOST_DRAWN:
        return ""
    return (
        f" Of {total:,} contributors three bands are drawn, with a line between: the {EACH}"
        f" with the most, the {EACH} that changed most over the rounds, the {EACH} with the"
        " least."
    )


def drawn_people(
    run: Run, strategy: StrategyRun, value: Callable[[ContributorRecord], float]
) -> tuple[list[str], list[int]]:
    """Choose whose rows are drawn, and say after which rows a band ends.

    Parameters
    ----------
    run : Run
    strategy : StrategyRun
    value : callable
        By which some stand out: of a contributor in a round; nan where there is none.
    """
    shown = shown_contributors(run, strategy)
    if len(run.summary.contributors) <= MOST_DRAWN:
        return sorted(shown, key=lambda name: (not run.attacks(name), name)), []
    values: dict[str, list[float]] = {name: [] for name in shown}
    for record in strategy.records:
        for person in record.contributors:
            if person.contributor in values:
                values[person.contributor].append(value(person))
    bands = [band for band in standing_out(values) if band] or [shown[:EACH]]
    ends = list(accumulate(map(len, bands)))[:-1]
    return [name for band in bands for name in band], ends
