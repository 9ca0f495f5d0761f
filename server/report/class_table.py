"""How each strategy's final model errs in each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.page.grid import Grid
from anml_fl.run.class_names import named_key
from anml_fl.system.untrusted_text import visible
from server.report.wording import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.reading import Run

# Of more, those are shown in which most is wrong.
_SHOWN = 30


def class_table(run: Run, classes: Sequence[str] = ()) -> Grid:
    """Compare the strategies by class.

    Parameters
    ----------
    run : Run
    classes : sequence of str
        What classes are called, in their order.

    Returns
    -------
    Grid
        A row a class, the worst of the lead strategy first; no rows where it was not measured.
    """
    found = run.summary.class_errors
    names = [one.name for one in run.strategies]
    lead = run.lead.name
    order = sorted(found, key=lambda name: -found[name].errors.get(lead, -1.0))
    rows = [
        (
            named_key(name, classes),
            str(found[name].rows),
            *(share(found[name].errors.get(strategy)) for strategy in names),
        )
        for name in order
    ]
    titles = ("Class", "Test rows*", *(f"{visible(one, 40)} (%)*" for one in names))
    return Grid(titles, tuple(rows[:_SHOWN]), total=len(rows))
