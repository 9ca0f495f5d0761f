"""Who counted how much: a row a contributor, a column a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from anml_fl.run.figures.paper import HEIGHT, new_figure, paper_style
from anml_fl.run.figures.people import NAMED, named, people_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from anml_fl.run.figures.source import Source

# Fields of which each is a vector shape: more make a file that no viewer draws quickly.
_SHAPES = 5000


def figure(source: Source, strategy: str) -> Figure:
    """Draw a strategy's weights, the mean over the runs; dark is nothing, white not known.

    Raises
    ------
    ValueError
        If the strategy gives no weights.
    """
    table = source.weights().select(["run", "strategy", "round", "contributor", "weight"])
    rows = [row for row in table.to_pylist() if row["strategy"] == strategy]
    rows = [row for row in rows if row["weight"] is not None]
    if not rows:
        raise ValueError(f"strategy {strategy!r} gives no weights: there are none to draw")
    people = people_of(source)
    last = max(row["round"] for row in rows)
    total, count = np.zeros((2, len(people.names), last))
    for row in rows:
        at = people.row[row["run"], row["contributor"]], row["round"] - 1
        total[at] += row["weight"]
        count[at] += 1
    mean = np.ma.masked_where(count == 0, total / np.maximum(count, 1))
    with paper_style():
        drawn = new_figure(max(HEIGHT, 0.8 + 0.13 * min(len(people.names), NAMED)))
        # Axes of its own for the bar: room taken from others' is taken anew at each drawing.
        axes, bar = drawn.subplots(1, 2, width_ratios=(24, 1))
        shown = axes.pcolormesh(
            np.arange(last + 1) + 0.5,
            np.arange(len(people.names) + 1) - 0.5,
            100 * mean,
            cmap="cividis",
            vmin=0,
            rasterized=mean.size > _SHAPES,
        )
        axes.invert_yaxis()
        axes.set_xlabel("round")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        named(axes, people)
        drawn.colorbar(shown, cax=bar, label=f"weight under {strategy} (%)")
    return drawn
