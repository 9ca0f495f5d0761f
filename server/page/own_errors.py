"""How the final model errs on each contributor's own test rows, once a run has ended."""

from __future__ import annotations

import math
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from anml_fl.run.criterion import Criterion
from server.page.json_numbers import numbers
from server.report.own_test_rows import own_test_rows
from server.report.standing_apart import own_error_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.page.following import Following


def own_errors(run: Following, strategy: str, names: Sequence[str]) -> dict[str, Any]:
    """Tell how a strategy's final model does on everybody's own test rows.

    Parameters
    ----------
    run : Following
    strategy : str
        One of its strategies.
    names : sequence of str
        Contributors, in the order in which they are told of.

    Returns
    -------
    dict
        `own_error`, by the run's metric or else the error, None where nobody has any; and
        `own_words`: whose error stands apart, "" of nobody.
    """
    held = run.ending.holdings if run.ending else {}
    criterion = Criterion(run.settings.metric if run.settings else "")
    scores = {
        name: one.scores if criterion.metric else one.errors for name, one in held.items()
    }
    if not any(strategy in of for of in scores.values()):
        return {"own_error": None, "own_words": ""}
    errors = {
        name: one.errors[strategy] for name, one in held.items() if strategy in one.errors
    }
    samples = {name: held[name].samples for name in errors}
    words = ""
    if not criterion.of_values:
        mean = partial(_mean_weight, run, strategy)
        words = own_error_words(errors, own_test_rows(held), samples, mean)
    own = numbers([scores.get(name, {}).get(strategy) for name in names])
    return {"own_error": own, "own_words": words}


def _mean_weight(run: Following, strategy: str, name: str) -> float:
    rounds = run.rounds[strategy]
    found = [
        weights[rounds.places[number].names.index(name)]
        for number, weights in rounds.weights.items()
        if name in rounds.places[number].names
    ]
    known = [one for one in found if math.isfinite(one)]
    return fmean(known) if known else math.nan
