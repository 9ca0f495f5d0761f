"""Drawing a figure by its name; matplotlib is imported when a figure is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.figures.source import chosen
from anml_fl.system.extras import extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from anml_fl.run.figures.source import Source

KINDS = ("error", "weights", "payouts", "signals")
"""What can be drawn."""


def draw(kind: str, source: Source, strategy: str = "") -> Figure:
    """Draw a figure of one run, or of several that repeat each other.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    source : Source
    strategy : str, optional
        Whose weights or signals; of the strategy that pays by default.

    Raises
    ------
    ValueError
        If there is no such kind or strategy, nothing to draw, or runs differ in more than
        their seed.
    ImportError
        If matplotlib is not installed.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if strategy and kind in ("error", "payouts"):
        raise ValueError(
            f"strategy: {kind!r} shows"
            f" {'all strategies' if kind == 'error' else 'the one that pays'}; leave it out"
        )
    extra("matplotlib", "plot", "the tables need none")
    # Not before: it takes half a second, and is an extra.
    from anml_fl.run.comparable import check_repeats  # noqa: PLC0415
    from anml_fl.run.figures import error, payouts, signals, weights  # noqa: PLC0415

    check_repeats(source.labelled())
    name = chosen(source, strategy)
    if kind == "error":
        return error.figure(source)
    if kind == "payouts":
        return payouts.figure(source)
    return weights.figure(source, name) if kind == "weights" else signals.figure(source, name)
