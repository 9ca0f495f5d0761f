"""Attackers with a model: what they know, which wrong labels they give, and what that makes.

White-box attackers have all that the server has but the test set: all samples, everyone's
credentials, the recipe, and the initial weights. Grey-box attackers see the same samples (a
public collection) and know the recipe, but neither the initial weights nor what credentials
others have: they begin from weights of their own, and expect credentials as published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency
from anml_fl.method.sample_krum import sample_krum_scores
from anml_fl.models import cohort
from anml_fl.seeding import stream
from studies.sample.drawing import Drawn, draw
from studies.sample.fitted import HIDDEN, Fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from anml_fl.models.cohort import Cohort
    from studies.sample.recipe import Recipe
    from studies.sample.signals import Signals
    from studies.study import Cell, Variant

View = Literal["white", "grey"]
Labels = Literal["random", "harmful", "hidden"]


def listed(condition: str, attacks: Iterable[str]) -> str:
    """Find the attack that a condition names, whatever settings are named behind it.

    Parameters
    ----------
    condition : str
    attacks : iterable of str
        The names that there are.

    Raises
    ------
    ValueError
        If it names none.

    Examples
    --------
    >>> listed("white;share=0.6;fit=50", ["white", "white;share=0.6"])
    'white;share=0.6'
    """
    named = [name for name in attacks if f"{condition};".startswith(f"{name};")]
    if not named:
        raise ValueError(
            f"condition must begin with one of {', '.join(attacks)}, got {condition!r}"
        )
    return max(named, key=len)


@dataclass(frozen=True)
class Attacked(Fitted):
    """Trials with other data and signals than the recipe's.

    Parameters
    ----------
    given : tuple of Drawn
        Each trial's data.
    shown : tuple of Signals
        And what its contributors show.
    """

    given: tuple[Drawn, ...] = ()
    shown: tuple[Signals, ...] = ()

    @cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """Each trial's data."""
        return self.given

    def signals(self, place: int, recipe: Recipe) -> Signals:
        """Return what a trial's contributors show."""
        return self.shown[place]


def attacked(
    cell: Cell, variant: Variant, given: Sequence[Drawn], shown: Sequence[Signals]
) -> Attacked:
    """Take the trials of a cell with other data and signals.

    Parameters
    ----------
    cell : Cell
    variant : Variant
        The one that they are for.
    given : sequence of Drawn
        One a trial.
    shown : sequence of Signals
        One a trial; may be empty where only the data matter.
    """
    plain = Fitted.of(cell, [variant])
    return Attacked(
        plain.dataset,
        plain.seed,
        plain.recipe,
        plain.trials,
        plain.lengths,
        given=tuple(given),
        shown=tuple(shown),
    )


def poisoned(cell: Cell, variant: Variant, labels: Labels, view: View) -> list[Drawn]:
    """Draw the trials of a cell, with the attackers' labels as they choose them.

    Parameters
    ----------
    cell : Cell
        Of a classification.
    variant : Variant
    labels : {"random", "harmful", "hidden"}
        Random wrong ones; those that do most harm where everything is trusted; or those
        whose gradients Krum finds least suspicious. With two classes there is no choice.
    view : {"white", "grey"}
        What they know.

    Returns
    -------
    list of Drawn
        One a trial; `bad` are the attackers' samples that have a wrong label.
    """
    plain = Fitted.of(cell, [variant])
    if labels == "random":
        return list(plain.drawn)
    truths = [
        draw(plain.dataset, plain.recipe.changed(beta=0), plain.seed, trial).targets
        for trial in plain.trials
    ]
    choose = _most_harmful if labels == "harmful" else _best_hidden
    chosen = choose(plain, variant.recipe, own_beginning(plain, view), truths)
    return [
        replace(one, targets=targets, bad=targets != truth)
        for one, targets, truth in zip(plain.drawn, chosen, truths, strict=True)
    ]


def own_beginning(fitted: Fitted, view: View) -> Cohort:
    """Return the initial weights that attackers fit their models from.

    Parameters
    ----------
    fitted : Fitted
    view : {"white", "grey"}
        White-box attackers have the server's.

    Returns
    -------
    Cohort
        One model a trial.
    """
    if view == "white":
        return fitted.initial
    one = fitted.drawn[0]
    seeds = [
        int(stream(fitted.seed, "attacker's model", fitted.dataset, t).integers(2**32))
        for t in fitted.trials
    ]
    return cohort.initial(seeds, (one.features.shape[1], *HIDDEN, one.outputs))


def expected_consistency(
    fitted: Fitted, recipe: Recipe, beginning: Cohort
) -> list[NDArray[np.float64]]:
    """Take q of each trial's samples, as an attacker with these initial weights does.

    Parameters
    ----------
    fitted : Fitted
        Its data, poison included.
    recipe : Recipe
    beginning : Cohort
        From `own_beginning`; with the server's own the result is what the server finds.

    Returns
    -------
    list of (n,) float64
        In [0, 1], one a trial.
    """
    models = _fit(beginning, fitted.drawn, [one.targets for one in fitted.drawn], recipe)
    return [
        consistency(_scores(models, place, one, np.asarray(one.targets), recipe))
        for place, one in enumerate(fitted.drawn)
    ]


def _fit(
    beginning: Cohort,
    drawn: Sequence[Drawn],
    targets: Sequence[NDArray[np.generic]],
    recipe: Recipe,
) -> Cohort:
    return cohort.train(
        beginning,
        np.stack([one.features for one in drawn]),
        np.stack(targets),
        epochs=recipe.fit,
        learning_rate=recipe.learning_rate,
    ).final


def _scores(
    models: Cohort, place: int, one: Drawn, targets: NDArray[np.generic], recipe: Recipe
) -> NDArray[np.float64]:
    gradients = sample_gradients(cohort.module(models, place), one.features, targets)
    f = round(recipe.beta * targets.size)
    return sample_krum_scores(gradients, n_byzantine=f, n_neighbours=recipe.neighbours)


def _best_hidden(
    plain: Fitted, recipe: Recipe, beginning: Cohort, truths: Sequence[NDArray[np.generic]]
) -> list[NDArray[np.int64]]:
    """For each sample the wrong label of least Krum score, among random ones of the others."""
    models = _fit(beginning, plain.drawn, [one.targets for one in plain.drawn], recipe)
    chosen = []
    for place, (one, truth) in enumerate(zip(plain.drawn, truths, strict=True)):
        scores = np.full((one.outputs, truth.size), np.inf)
        for label in range(one.outputs):
            targets = np.where(one.attacker, label, one.targets)
            scores[label] = _scores(models, place, one, targets, recipe)
        scores[truth.astype(np.int64), np.arange(truth.size)] = np.inf
        chosen.append(np.where(one.attacker, scores.argmin(axis=0), one.targets))
    return chosen


def _most_harmful(
    plain: Fitted, recipe: Recipe, beginning: Cohort, truths: Sequence[NDArray[np.generic]]
) -> list[NDArray[np.int64]]:
    """For each class one wrong label: the likeliest of most of its samples, without poison.

    Wrong labels that agree with each other move a boundary, others are noise about it.
    """
    informed = _fit(beginning, plain.drawn, truths, recipe)
    chosen = []
    for place, (one, truth) in enumerate(zip(plain.drawn, truths, strict=True)):
        logits = cohort.predict(informed.take([place]), one.features)[0].cpu().numpy()
        labels = truth.astype(np.int64)
        logits[np.arange(labels.size), labels] = -np.inf
        likely = logits.argmax(axis=1)
        wrong = np.array(
            [
                np.bincount(likely[labels == c], minlength=one.outputs).argmax()
                for c in range(one.outputs)
            ]
        )
        chosen.append(np.where(one.attacker, wrong[labels], one.targets))
    return chosen
