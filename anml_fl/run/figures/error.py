"""How models come along: error or score by round, a line a strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from anml_fl.run.figures.paper import line, new_figure, paper_style
from anml_fl.run.figures.source import first
from anml_fl.run.figures.spread import spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from anml_fl.run.figures.source import Source

# Rounds of which each has a marker.
_MARKED = 12


def figure(source: Source) -> Figure:
    """Draw each strategy's mean over the runs, with its interval where there are enough.

    Raises
    ------
    ValueError
        If no model was tested.
    """
    run = first(source)
    criterion = run.criterion
    column = "test_score" if criterion.metric else "test_error"
    with paper_style():
        drawn = new_figure()
        axes = drawn.subplots()
        for number, strategy in enumerate(run.strategies):
            found = spread(source, source.rounds(), strategy.name, column)
            if not found.rounds:
                continue
            look = line(number)
            middle, low, high = (
                [criterion.scaled(one) for one in values]
                for values in (found.means, found.lows, found.highs)
            )
            every = max(1, -(-len(found.rounds) // _MARKED))
            axes.plot(
                found.rounds, middle, label=strategy.name, markevery=every, **look._asdict()
            )
            if np.isfinite(low).any():
                axes.fill_between(
                    found.rounds, low, high, color=look.color, alpha=0.15, linewidth=0
                )
        if not axes.lines:
            raise ValueError(
                f"no model of {run.summary.name} was tested by the server: there is no"
                f" {criterion.title} to draw (what nodes claim is in rounds(), as claimed)"
            )
        axes.set_xlabel("round")
        unit = " (%)" if criterion.unit else ""
        axes.set_ylabel(f"{criterion.title}{unit}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if criterion.unit:
            # An interval by Student's t may end where no error can lie.
            axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))
        drawn.legend(loc="outside upper center", ncols=3)
    return drawn
