"""What approximations of q cost, and what they lose (section 7.1).

Beside each other at several fit lengths, for k = n - f - 2 and k = 20. `seconds` is the
processor time of the scoring alone: the gradients are given. `bytes` is how far the process's
resident memory rose during it at most, as Linux counts (elsewhere nan); what the allocator
keeps to itself goes unseen, so that some 100 kB mean nothing. These two metrics, and only
they, are not the same in every run. `spearman` is the rank correlation with the exact scores
at the end of the fit. That of `checkpoints` is low where q changes on the way: it averages q
over the fit, as a training loop does that takes q now and then. `auc` is that of 1 - q for bad
labels, `error` that of the model which is trained on the 70 % of highest q.
"""

from __future__ import annotations

import ctypes
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from anml_fl.approximations.krum_approximation import (
    checkpoint_scores,
    exact_scores,
    landmark_scores,
    minibatch_scores,
    projected_scores,
)
from anml_fl.approximations.nearest_neighbours import neighbour_scores
from anml_fl.method.krum import consistency
from anml_fl.method.selection import select_top
from anml_fl.seeding import stream
from studies.sample.fitted import Fitted
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.method.gradient_set import SampleGradients
    from studies.study import Cell, Row

_FUNCTIONS = {
    "exact": exact_scores,
    "landmarks": landmark_scores,
    "minibatch": minibatch_scores,
    "projection": projected_scores,
    "neighbours": neighbour_scores,
    "checkpoints": checkpoint_scores,
}
_LARGE = ("covertype", "adult")
# Points of the fit at which a checkpoint may be taken, evenly spread.
_CHECKPOINTS = 25
_FEW = 20
_STATUS = Path("/proc/self/status")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List fit lengths and numbers of neighbours; on a large set one length."""
    large = dataset in _LARGE
    made = []
    for fit in (50,) if large else (0, 50, 200):
        for name, k in (("n-f-2", None), (str(_FEW), _FEW)):
            recipe = Recipe(fit=fit, neighbours=k)
            made.append(Variant(f"fit={fit};k={name}", recipe, _methods(dataset, fit, k)))
    return tuple(made)


def _methods(dataset: str, fit: int, k: int | None) -> tuple[str, ...]:
    """List methods with their budgets, but for those that would be exact, or cost more."""
    small, large = dataset == "wine", dataset in _LARGE
    methods = ["exact", "landmarks;m=100"]
    if not small:
        methods += ["landmarks;m=1000", "minibatch;b=256"]
    if not large:
        methods += ["minibatch;b=32", "projection;d=256"]
    methods.append("projection;d=64")
    # Among most samples no neighbour is worth looking for.
    if k is not None:
        methods += ["neighbours;cells=2"] * (not large) + ["neighbours;cells=8"]
    if fit and not large:
        methods += ["checkpoints;c=5", "checkpoints;c=25"]
    elif fit and k is None:
        methods.append("checkpoints;c=2")
    return tuple(methods)


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Parameters
    ----------
    cell : Cell
        Methods as for `scorer`, `exact` among them.

    Returns
    -------
    list of Row
        As the module says.

    Raises
    ------
    ValueError
        If a method is unknown, or `exact` is missing.
    """
    for variant in cell.variants:
        if "exact" not in variant.methods:
            raise ValueError(f"methods must have 'exact' among them, got {variant.methods}")
    first = cell.variants[0].recipe
    lengths = {length for v in cell.variants for length in _lengths(v.recipe.fit)}
    fitted = Fitted(cell.dataset, cell.seed, first, cell.trials, tuple(sorted(lengths)))
    rows: list[Row] = []
    for variant in cell.variants:
        recipe, chosen = variant.recipe, []
        for place, trial in enumerate(cell.trials):
            fits = [fitted.gradients(place, length) for length in _lengths(recipe.fit)]
            bad = fitted.drawn[place].bad
            k = recipe.neighbours or bad.size - round(recipe.beta * bad.size) - 2
            few = [fits[-1].take(np.arange(min(64, bad.size)))]
            exact = np.empty(0)
            for method in sorted(variant.methods, key="exact".__ne__):
                score = scorer(method, k, cell.seed, trial)
                score(few)  # loads what a first call has to
                scores, seconds, used = _measured(score, fits)
                exact = scores if method == "exact" else exact
                q = consistency(scores)
                found = {
                    "seconds": seconds,
                    "bytes": used,
                    "spearman": spearmanr(scores, exact).statistic,
                    "auc": roc_auc_score(bad, -q),
                }
                rows += [
                    cell.row(variant, method, name, value, trial)
                    for name, value in found.items()
                ]
                kept = np.flatnonzero(select_top(q, recipe.fraction))
                chosen.append((place, method, kept))
        if cell.trained:
            errors = fitted.trained([(place, kept) for place, _, kept in chosen], recipe)
            rows += [
                cell.row(variant, method, "error", error, cell.trials[place])
                for (place, method, _), error in zip(chosen, errors, strict=True)
            ]
    return rows


def _lengths(fit: int) -> list[int]:
    return sorted({round(fit * at / _CHECKPOINTS) for at in range(1, _CHECKPOINTS + 1)})


def scorer(
    method: str, k: int, seed: int, trial: int
) -> Callable[[list[SampleGradients]], NDArray[np.float64]]:
    """Look an approximation up by its name.

    Parameters
    ----------
    method : str
        Such as `exact` or `landmarks;m=100`.
    k : int
        Neighbours.
    seed, trial : int
        Of its randomness.

    Returns
    -------
    callable
        From fits to scores, the same whenever it is called.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> scorer("landmark;m=100", 20, 0, 0)
    Traceback (most recent call last):
    ValueError: unknown method 'landmark;m=100'; known: exact, landmarks;m=NUMBER, ...
    """
    name, _, budget = method.partition(";")
    number = budget.partition("=")[2]
    if name not in _FUNCTIONS or (name != "exact") != number.isdecimal():
        names = ", ".join(["exact", *(f"{one};m=NUMBER" for one in list(_FUNCTIONS)[1:])])
        raise ValueError(f"unknown method {method!r}; known: {names}")

    def score(fits: list[SampleGradients]) -> NDArray[np.float64]:
        rng = stream(seed, "approximations", trial, method)
        return _FUNCTIONS[name](fits, n_neighbours=k, budget=int(number or 0), rng=rng)

    return score


def _measured(
    score: Callable[[list[SampleGradients]], NDArray[np.float64]],
    fits: list[SampleGradients],
) -> tuple[NDArray[np.float64], float, float]:
    """Return scores, seconds of processor time, and bytes of memory."""
    before = _fresh_peak()
    start = time.process_time()
    scores = score(fits)
    seconds = time.process_time() - start
    return scores, seconds, max(_status("VmHWM") - before, 0.0)


def _fresh_peak() -> float:
    """Let the peak of resident memory begin at what is resident now, and return that."""
    with suppress(OSError, AttributeError):
        # What the C library keeps for later would hide what is asked of it next.
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _status("VmRSS")
    return float("nan")


def _status(name: str) -> float:
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return 1024.0 * int(line.split()[1])
    return float("nan")


STUDY = Study(
    name="approximations",
    title="Approximations of q",
    source="section 7.1, left to future work",
    trials={"wine": 15, "digits": 2, "adult": 1},
    variants=variants,
    run=run,
)
