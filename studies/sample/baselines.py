"""Scores of the given labels that need no gradients: out-of-fold probabilities.

Northcutt, Jiang, Chuang: Confident learning: estimating uncertainty in dataset labels,
JAIR 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.models import cohort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.sample.drawing import Drawn
    from studies.sample.recipe import Recipe

_FOLDS = 5


def out_of_fold_scores(
    drawn: Drawn, recipe: Recipe, rng: np.random.Generator, hidden: tuple[int, ...] = (64, 32)
) -> dict[str, NDArray[np.float64]]:
    """Score each label by models that have not seen it.

    Parameters
    ----------
    drawn : Drawn
        Of a classification.
    recipe : Recipe
        The models train as long as that which q is taken from.
    rng : numpy.random.Generator
        Deals out the folds, and draws the initial weights.
    hidden : tuple of int
        Widths of the models' hidden layers.

    Returns
    -------
    dict
        `out_of_fold`, the probability of the given label, and `cleanlab`, that package's
        normalised margin with probabilities adjusted for the classes' confidence; (n,) each,
        in [0, 1], higher for better labels.

    Raises
    ------
    ValueError
        If the targets are no labels.
    ModuleNotFoundError
        If cleanlab is not installed.
    """
    if drawn.targets.dtype.kind != "i":
        raise ValueError(
            "out-of-fold probabilities need labels, got targets of a regression:"
            " leave out_of_fold and cleanlab out"
        )
    probabilities = _cross_fitted(drawn, recipe, rng, hidden)
    given = probabilities[np.arange(drawn.targets.size), drawn.targets]
    return {"out_of_fold": given, "cleanlab": _cleanlab(drawn, probabilities)}


def _cross_fitted(
    drawn: Drawn, recipe: Recipe, rng: np.random.Generator, hidden: tuple[int, ...]
) -> NDArray[np.float64]:
    n = drawn.targets.size
    # Each class is dealt out in turn, so that every fold has its share of it.
    order = rng.permutation(n)
    order = order[np.argsort(drawn.targets[order], kind="stable")]
    folds = [order[first::_FOLDS] for first in range(_FOLDS)]
    size = n - max(map(len, folds))
    # One tensor holds all five training sets: a sample or so is left out of the larger.
    seen = [rng.permutation(np.setdiff1d(order, fold))[:size] for fold in folds]
    seeds = [int(one) for one in rng.integers(2**32, size=_FOLDS)]
    models = cohort.train(
        cohort.initial(seeds, (drawn.features.shape[1], *hidden, drawn.outputs)),
        np.stack([drawn.features[one] for one in seen]),
        np.stack([drawn.targets[one] for one in seen]),
        epochs=recipe.fit,
        learning_rate=recipe.learning_rate,
    ).final
    probabilities = np.empty((n, drawn.outputs))
    for place, fold in enumerate(folds):
        logits = cohort.predict(models.take([place]), drawn.features[fold])[0]
        probabilities[fold] = logits.double().softmax(dim=1).cpu().numpy()
    return probabilities


def _cleanlab(drawn: Drawn, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        from cleanlab.rank import get_label_quality_scores  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the method cleanlab needs the package cleanlab: pip install 'anml-fl[studies]'"
        ) from error
    scores: NDArray[np.float64] = get_label_quality_scores(
        drawn.targets, probabilities, method="normalized_margin", adjust_pred_probs=True
    )
    return scores
