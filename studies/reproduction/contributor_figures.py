"""Curves of our own studies of contributors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.curves import curves
from studies.reproduction.document import Drawing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.reproduction.results import Study

_DRAWN = ("error", "kept", "auc")
_AXES: Mapping[str, tuple[tuple[str, str, bool], ...]] = {
    "contributor-curves": (
        ("samples", "Samples of each contributor", False),
        ("contributors", "Contributors", False),
        ("corrupted", "Share of a bad contributor's labels that is corrupted", False),
        ("spread", "Share of everybody's labels that is corrupted", False),
    ),
    "contributor-skew": (("alpha", "Dirichlet alpha: less is less even", True),),
    "contributor-updates": (("subtle", "Subtle share of the corruption", False),),
}
"""What varies in a study, its axis, and whether its numbers stand side by side."""


def contributor_figure(study: Study) -> Drawing | None:
    """Draw a study of contributors over what varies in it.

    Returns
    -------
    Drawing or None
        None where nothing varies.
    """
    views = {}
    wanted = sorted(
        (m for m in study.metrics if m.startswith(_DRAWN) or m.endswith("_kept")),
        # What a study is about stands first.
        key=lambda metric: metric != "error_above_fedavg",
    )
    for variable, title, even in _AXES.get(study.name, ()):
        found = curves(study, variable, title, wanted, even=even, apart=even)
        for name, figure in found.items():
            if figure is not None:
                views[f"{name}, by {variable}"] = figure
    if not views:
        return None
    caption = (
        "Means with 95 % intervals over the trials. The picture spans the means: where an"
        " interval runs out of it, the table below has its ends."
    )
    return Drawing(study.name, "Curves", caption, views)
