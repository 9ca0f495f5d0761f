"""What each contributor was paid, as a share of all that was."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.run.criterion import Criterion
from anml_fl.run.figures.paper import DARK, HEIGHT, LIGHT, MIDDLE, new_figure, paper_style
from anml_fl.run.figures.people import NAMED, named, people_of
from anml_fl.run.figures.spread import interval_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from anml_fl.run.figures.people import People
    from anml_fl.run.figures.source import Source


def figure(source: Source) -> Figure:
    """Draw shares of the payouts beside an equal share, over several runs their means.

    Raises
    ------
    ValueError
        If a run has no ledger whose signatures hold, or paid nothing.
    """
    people = people_of(source)
    shares = _shares(source, people)
    everybody = len(people.row) / len(source.labelled())
    with paper_style():
        drawn = new_figure(max(HEIGHT, 0.8 + 0.13 * min(len(people.names), NAMED)))
        axes = drawn.subplots()
        if len(people.names) <= NAMED:
            _bars(axes, source, people, shares)
        else:
            _curves(axes, people, shares)
        axes.axvline(100 / everybody, color="black", linewidth=0.6, linestyle=":")
        axes.set_xlabel("share of payouts (%), dotted: equal")
    return drawn


def _bars(axes: Axes, source: Source, people: People, shares: list[list[float]]) -> None:
    means = np.array([fmean(one) for one in shares])
    # A share lies in [0, 1], as an error does.
    ends = np.array([interval_of(one, source, Criterion("")) for one in shares])
    bad, rows = np.array(people.attacks), np.arange(len(shares))
    axes.barh(rows[~bad], means[~bad], height=0.7, color=DARK)
    axes.barh(rows[bad], means[bad], height=0.7, color=LIGHT, hatch="////")
    if np.isfinite(ends).all():
        reach = np.abs(ends.T - means)
        axes.errorbar(means, rows, xerr=reach, fmt="none", ecolor="black", capsize=2)
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    named(axes, people)


def _curves(axes: Axes, people: People, shares: list[list[float]]) -> None:
    """Draw too many for bars with names: from the most to the least."""
    means, bad = np.array([fmean(one) for one in shares]), np.array(people.attacks)
    looks = ((~bad, DARK, "-", "honest"), (bad, MIDDLE, "--", "attacks"))
    for those, color, dash, label in looks:
        falling = np.sort(means[those])[::-1]
        if falling.size:
            axes.plot(falling, np.arange(falling.size), dash, color=color, label=label)
    axes.invert_yaxis()
    axes.set_ylabel("contributors, most paid first")
    if bad.any():
        axes.legend()


def _shares(source: Source, people: People) -> list[list[float]]:
    """Give each row's mean share of a run's payouts in percent, a value a run that has it."""
    found: list[list[float]] = [[] for _ in people.names]
    table = source.contributors().select(["run", "contributor", "payout"]).to_pylist()
    rows = [row for row in table if row["payout"] is not None]
    for label in source.labelled():
        own = [row for row in rows if row["run"] == label]
        total = sum(row["payout"] for row in own)
        if not total:
            raise ValueError(
                f"{label} has no payouts to draw: there is no ledger whose signatures hold, or"
                " nobody was paid"
            )
        of: dict[int, list[float]] = {}
        for row in own:
            share = 100 * row["payout"] / total
            of.setdefault(people.row[label, row["contributor"]], []).append(share)
        for number, several in of.items():
            found[number].append(fmean(several))
    return found
