"""One trial's data: split, standardised, and corrupted as the recipe says (section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_diabetes

from anml_fl.behaviours.gradient_aligned import aligned
from anml_fl.behaviours.label_flip import flipped
from anml_fl.datasets.holdout import split
from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import Samples
from anml_fl.datasets.standardise import standardised
from anml_fl.datasets.table import Table
from anml_fl.seeding import stream
from anml_fl.settings.attacks import Attacks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.sample.recipe import Recipe

REGRESSION = "diabetes"
"""scikit-learn's regression set (section 5.1.2); every other one is a classification."""

PERIODS = 5
GROUPS = ("attackers", "novices", "intermediates", "experts")
# Shares of wrong labels with which the paper's error of Table 15 comes out.
_GROUP_NOISE = (0.0, 0.15, 0.08, 0.02)
# A label moved by this many standard deviations (5.1.2).
_SHIFT = 2.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one trial trains and tests on.

    Parameters
    ----------
    features : (n, d) float32
        Standardised.
    targets : (n,) int64 or float32
        As the contributors gave them; standardised for regression.
    bad : (n,) bool
        Whether a target is not the true one.
    attacker : (n,) bool
        Whether an attacker gave it; the rest of the bad is drift and honest error.
    age : (n,) float64
        Years.
    group : (n,) int64
        Index into `GROUPS`; -1 without groups.
    test_features, test_targets
        As above, untouched.
    outputs : int
        Of the model: classes, or 1.
    unit : float
        What a difference of 1 between targets is in the data's own unit.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64] | NDArray[np.float32]
    bad: NDArray[np.bool_]
    attacker: NDArray[np.bool_]
    age: NDArray[np.float64]
    group: NDArray[np.int64]
    test_features: NDArray[np.float32]
    test_targets: NDArray[np.int64] | NDArray[np.float32]
    outputs: int
    unit: float = 1.0


def draw(dataset: str, recipe: Recipe, seed: int, trial: int) -> Drawn:
    """Draw a trial: the same split, attackers and ages whatever the rest of the recipe says.

    Parameters
    ----------
    dataset : str
        As in `datasets.sources.load`, or `REGRESSION`.
    recipe : Recipe
    seed : int
    trial : int

    Raises
    ------
    ValueError
        If the data set is unknown, or the recipe asks for what it cannot have.
    OSError
        If the data cannot be had.

    Examples
    --------
    >>> from studies.sample.recipe import Recipe
    >>> drawn = draw("wine", Recipe(), seed=0, trial=0)
    >>> drawn.features.shape, int(drawn.bad.sum())
    ((142, 13), 43)
    """

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, "sample study", dataset, trial, purpose)

    if dataset == REGRESSION:
        return _regression(recipe, rng("split"), rng("corruption"))
    table = load(dataset)
    train, test = split(table.labels, rng("split"))
    features = standardised(table, train)
    kept = np.sort(
        rng("fraction").permutation(train)[: round(recipe.train_fraction * train.size)]
    )
    samples = Samples(features[kept], table.labels[kept], table.classes)
    n = kept.size
    attacker = _some(n, recipe.beta, rng("attackers"))
    group = _groups(attacker, rng("groups")) if recipe.groups else np.full(n, -1)
    poisoned = _attacked(samples, attacker, recipe, rng("corruption"))
    bad = attacker.copy()
    if recipe.group_noise:
        for place, share in enumerate(_GROUP_NOISE):
            members = np.flatnonzero(group == place)
            wrong = members[_some(members.size, share, rng(f"noise of {GROUPS[place]}"))]
            poisoned = _flipped(poisoned, wrong, rng(f"labels of {GROUPS[place]}"))
            bad[wrong] = True
    if recipe.drift == "none":
        age = rng("age").uniform(0.0, recipe.max_age, n)
    else:
        age = rng("age").integers(PERIODS, size=n).astype(np.float64)
        poisoned, stale = _drifted(poisoned, bad, age / (PERIODS - 1), recipe, rng("drift"))
        bad |= stale
    return Drawn(
        features=poisoned.features,
        targets=poisoned.labels,
        bad=bad,
        attacker=attacker,
        age=age,
        group=group,
        test_features=features[test],
        test_targets=table.labels[test],
        outputs=table.classes,
    )


def _some(n: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    mask[rng.permutation(n)[: round(share * n)]] = True
    return mask


def _groups(attacker: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal out the legitimate: a third each."""
    group = np.zeros(attacker.size, dtype=np.int64)
    legitimate = rng.permutation(np.flatnonzero(~attacker))
    for place, members in enumerate(np.array_split(legitimate, 3), start=1):
        group[members] = place
    return group


def _attacked(
    samples: Samples, attacker: NDArray[np.bool_], recipe: Recipe, rng: np.random.Generator
) -> Samples:
    who = np.flatnonzero(attacker)
    if recipe.attack == "flip" or who.size == 0:
        return _flipped(samples, who, rng)
    poison = aligned(samples.take(who), rng, Attacks())
    features, labels = samples.features.copy(), samples.labels.copy()
    features[who], labels[who] = poison.features, poison.labels
    return replace(samples, features=features, labels=labels)


def _flipped(samples: Samples, who: NDArray[np.intp], rng: np.random.Generator) -> Samples:
    labels = samples.labels.copy()
    labels[who] = flipped(samples.take(who), rng, Attacks()).labels
    return replace(samples, labels=labels)


def _drifted(
    samples: Samples,
    bad: NDArray[np.bool_],
    oldness: NDArray[np.float64],
    recipe: Recipe,
    rng: np.random.Generator,
) -> tuple[Samples, NDArray[np.bool_]]:
    """Age the samples; oldness in [0, 1]."""
    if recipe.drift == "label":
        stale = ~bad & (rng.random(bad.size) < recipe.drift_rate * oldness)
        return _flipped(samples, np.flatnonzero(stale), rng), stale
    direction = rng.choice([-1.0, 1.0], size=samples.features.shape[1])
    shift = recipe.drift_rate * oldness[:, None] * direction
    features = (samples.features + shift).astype(np.float32)
    return replace(samples, features=features), np.zeros(bad.size, dtype=bool)


def _regression(
    recipe: Recipe, rng: np.random.Generator, corruption: np.random.Generator
) -> Drawn:
    if recipe.attack != "flip" or recipe.groups or recipe.drift != "none":
        raise ValueError(
            f"{REGRESSION} is a regression: attack must be 'flip', without groups or drift"
        )
    x, y = load_diabetes(return_X_y=True)
    order = rng.permutation(y.size)
    cut = round(0.8 * y.size)
    train, test = order[:cut], order[cut:]
    table = Table(
        x, np.zeros(y.size, dtype=np.int64), 1, None, np.zeros(x.shape[1], dtype=bool)
    )
    features = standardised(table, train)
    unit = float(y[train].std())
    targets = ((y - y[train].mean()) / unit).astype(np.float32)
    kept = np.sort(train[: round(recipe.train_fraction * cut)])
    bad = _some(kept.size, recipe.beta, corruption)
    given = targets[kept].copy()
    given[bad] += np.float32(_SHIFT) * corruption.choice([-1.0, 1.0], size=int(bad.sum()))
    return Drawn(
        features=features[kept],
        targets=given.astype(np.float32),
        bad=bad,
        attacker=bad,
        age=corruption.uniform(0.0, recipe.max_age, kept.size),
        group=np.full(kept.size, -1),
        test_features=features[test],
        test_targets=targets[test],
        outputs=1,
        unit=unit,
    )
