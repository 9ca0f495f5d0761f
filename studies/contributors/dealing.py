"""One trial's data: split, dealt out to contributors, some of whom corrupt their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviours.label_flip import flipped
from anml_fl.datasets.holdout import split
from anml_fl.datasets.loading import load
from anml_fl.datasets.partition import deal_iid
from anml_fl.datasets.prepare import Samples
from anml_fl.datasets.standardise import standardised
from anml_fl.seeding import stream
from anml_fl.settings.attacks import Attacks
from studies.contributors.pooling import pooled
from studies.contributors.similar_classes import flips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.contributors.recipe import ContributorRecipe


@dataclass(frozen=True, slots=True)
class Given:
    """What contributors give in one trial, and what models are tested on.

    Parameters
    ----------
    features : (n, d) float32
        Standardised on the training part, but for pixels.
    targets : (n,) int64
        Labels as given.
    bad : (n,) bool
        Whether a label is not the true one.
    holder : (n,) int64
        Which contributor a sample comes from.
    malicious : (c,) bool
        Whether a contributor corrupts labels; nobody, where corruption is spread evenly.
    test_features : (m, d) float32
    test_targets : (m,) int64
        True.
    classes : int
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    bad: NDArray[np.bool_]
    holder: NDArray[np.int64]
    malicious: NDArray[np.bool_]
    test_features: NDArray[np.float32]
    test_targets: NDArray[np.int64]
    classes: int
    image: tuple[int, int, int] | None


def trial_stream(
    dataset: str, seed: int, trial: int, *purpose: str | int
) -> np.random.Generator:
    """Open the random stream of one purpose in a trial, the same under every recipe."""
    return stream(seed, "contributor study", dataset, trial, *purpose)


def give(dataset: str, recipe: ContributorRecipe, seed: int, trial: int) -> Given:
    """Draw a trial: the same split, and the same malicious ones, under every mixture.

    Four fifths of each class are for training, dealt out at random in equal parts. Labels are
    corrupted by the very function that a federation's label flippers use.

    Parameters
    ----------
    dataset : str
        As in `datasets.sources.load`.
    recipe : ContributorRecipe
        Of a smaller number of samples are those of a larger; of a smaller share of subtle
        corruption are those of a larger.
    seed : int
    trial : int

    Raises
    ------
    ValueError
        If the data set is unknown, or too small for so many contributors or samples.
    OSError
        If the data cannot be had.

    Examples
    --------
    >>> from studies.contributors.recipe import ContributorRecipe
    >>> given = give("digits", ContributorRecipe(), seed=0, trial=0)
    >>> given.features.shape, int(given.malicious.sum()), round(given.bad.mean(), 1)
    ((1437, 64), 4, np.float64(0.4))
    """
    table = load(dataset)
    train, test = split(table.labels, trial_stream(dataset, seed, trial, "split"))
    features, image = pooled(standardised(table, train), table.image, recipe.pool)
    shares = _dealt(table.labels[train], recipe, trial_stream(dataset, seed, trial, "deal"))
    order = trial_stream(dataset, seed, trial, "malicious").permutation(recipe.contributors)
    malicious = np.zeros(recipe.contributors, dtype=bool)
    malicious[order[: round(recipe.malicious * recipe.contributors)]] = True
    wrong = _wrong(np.array([share.size for share in shares]), malicious, recipe)
    where = flips(dataset, recipe.pairs)
    given = []
    for place, share in enumerate(shares):
        held = Samples(features[train[share]], table.labels[train[share]], table.classes)
        attacks = Attacks(
            flip_fraction=wrong[place] / share.size,
            flip_offset=where.offset if recipe.obvious == "offset" else None,
            flip_pairs=where.text,
            pair_share=recipe.subtle,
        )
        rng = trial_stream(dataset, seed, trial, "flips", place)
        given.append(flipped(held, rng, attacks).labels)
    dealt = np.concatenate(shares)
    # As the data set has them, so that ties do not go by contributor.
    ascending = np.argsort(dealt)
    holder = np.repeat(np.arange(len(shares)), [share.size for share in shares])[ascending]
    targets = np.concatenate(given)[ascending]
    kept = train[dealt[ascending]]
    return Given(
        features=features[kept],
        targets=targets,
        bad=targets != table.labels[kept],
        holder=holder,
        malicious=np.zeros_like(malicious) if recipe.spread else malicious,
        test_features=features[test],
        test_targets=table.labels[test],
        classes=table.classes,
        image=image,
    )


def _dealt(
    labels: NDArray[np.int64], recipe: ContributorRecipe, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    shares = deal_iid(labels, recipe.contributors, rng)
    if recipe.samples is None:
        return shares
    fewest = min(share.size for share in shares)
    if recipe.samples > fewest:
        raise ValueError(
            f"samples must be <= {fewest}, what each of {recipe.contributors} contributors"
            f" can have of {labels.size}, got {recipe.samples}"
        )
    return [np.sort(rng.permutation(share)[: recipe.samples]) for share in shares]


def _wrong(
    sizes: NDArray[np.int64], malicious: NDArray[np.bool_], recipe: ContributorRecipe
) -> NDArray[np.int64]:
    """Count the labels that each contributor changes."""
    wrong = np.array([round(recipe.corrupted * n) for n in sizes]) * malicious
    if not recipe.spread:
        return wrong
    # Evenly, and the same in all: the remainder goes to the first.
    ends = np.round(np.cumsum(sizes) * wrong.sum() / sizes.sum()).astype(np.int64)
    counts: NDArray[np.int64] = np.diff(ends, prepend=0)
    return counts
