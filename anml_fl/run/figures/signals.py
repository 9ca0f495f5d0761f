"""Consistency q beside what the registry vouches for, s: a point a round and contributor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.run.figures.paper import DARK, MIDDLE, new_figure, paper_style
from anml_fl.run.figures.people import people_of
from anml_fl.run.figures.source import first

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from anml_fl.run.figures.source import Source

_POINTS = 5000  # more are drawn as a picture


def figure(source: Source, strategy: str) -> Figure:
    """Draw all rounds of all runs.

    Raises
    ------
    ValueError
        If no update was valid.
    """
    run = first(source)
    people = people_of(source)
    names = ["run", "strategy", "contributor", "q", "s"]
    table = source.weights().select(names).to_pylist()
    rows = [row for row in table if row["strategy"] == strategy]
    rows = [row for row in rows if row["q"] is not None and row["s"] is not None]
    if not rows:
        raise ValueError(f"strategy {strategy!r} had no valid update: there is no q to draw")
    with paper_style():
        drawn = new_figure()
        axes = drawn.subplots()
        looks: tuple[tuple[bool, dict[str, Any]], ...] = (
            (False, {"marker": "o", "facecolors": "none", "edgecolors": DARK}),
            (True, {"marker": "x", "color": MIDDLE}),
        )
        for bad, look in looks:
            those = [
                row
                for row in rows
                if people.attacks[people.row[row["run"], row["contributor"]]] is bad
            ]
            if those:
                axes.scatter(
                    [row["q"] for row in those],
                    [row["s"] for row in those],
                    s=12,
                    linewidths=0.7,
                    label="attacks" if bad else "honest",
                    rasterized=len(rows) > _POINTS,
                    **look,
                )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel(f"q, consistency under {strategy}")
        axes.set_ylabel("s, external signal")
        if run.known:
            drawn.legend(loc="outside upper center", ncols=2)
    return drawn
