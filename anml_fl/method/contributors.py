"""From samples to those they come from: means of a score, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class ContributorMeans:
    """Means of a score by contributor.

    Parameters
    ----------
    counts : (c,) int64
        Samples of each.
    means : (c,) float64
        Of their scores; nan without samples.
    shrunk : (c,) float64
        Drawn towards the mean of all, the more the fewer the samples: no certainty from small
        numbers. The mean of all for whoever has no samples.
    errors : (c,) float64
        Standard errors of `shrunk` as estimates of what each would have in the long run.
    """

    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    shrunk: NDArray[np.float64]
    errors: NDArray[np.float64]


def contributor_means(
    scores: ArrayLike, holder: ArrayLike, contributors: int
) -> ContributorMeans:
    """Average a score by contributor, and shrink by a one-way random-effects model.

    shrunk_i = mu + (1 - B_i) (mean_i - mu), where B_i = (c - 3) / (c - 1) times the share of
    sigma^2 / n_i in tau^2 + sigma^2 / n_i; sigma^2 and tau^2, within and between contributors,
    are taken by the analysis of variance. Of three contributors or fewer, whose spread says
    nothing of the next, B_i is that share alone. Morris: Parametric empirical Bayes inference,
    JASA 1983; his intervals allow for B_i being estimated.

    Parameters
    ----------
    scores : (n,) array
        Finite.
    holder : (n,) int array
        Whose each sample is, in [0, contributors).
    contributors : int
        c, >= 1.

    Raises
    ------
    ValueError
        If shapes or places do not fit.

    Examples
    --------
    >>> found = contributor_means([1.0, 0.8, 0.9, 0.1], [0, 0, 0, 1], 2)
    >>> found.means.round(2), bool(found.shrunk[1] > 0.1)
    (array([0.9, 0.1]), True)
    """
    x = vector("scores", scores)
    if not np.isfinite(x).all():
        i = int(np.flatnonzero(~np.isfinite(x))[0])
        raise ValueError(f"scores must be finite, got scores[{i}] = {x[i]}")
    who = np.asarray(holder)
    if who.size and who.dtype.kind not in "iu":
        raise ValueError(f"holder must be whole numbers, got {who.dtype}")
    if who.shape != x.shape:
        raise ValueError(f"holder must be {x.shape} as scores are, got {who.shape}")
    if x.size == 0 or who.min() < 0 or who.max() >= contributors:
        raise ValueError(
            f"holder must name contributors in [0, {contributors - 1}], one a sample,"
            f" got {who.tolist()[:5]}"
        )
    counts = np.bincount(who, minlength=contributors)
    present = counts > 0
    n = np.maximum(counts, 1)
    means = np.bincount(who, x, contributors) / n
    overall = float(x.mean())
    groups = int(present.sum())
    freedom = x.size - groups
    # With a sample each nothing tells what is theirs from what is chance: then all is chance.
    within = float(((x - (means[who] if freedom else overall)) ** 2).sum())
    within /= freedom or max(x.size - 1, 1)
    between = 0.0
    room = x.size - float((counts**2).sum()) / x.size
    if groups > 1 and room > 0 and freedom:
        spread = float((counts * (means - overall) ** 2).sum())
        between = max(0.0, (spread - (groups - 1) * within) / room)
    if x.size == 1:
        # Of one number alone nobody knows how far off it is.
        return ContributorMeans(
            counts.astype(np.int64),
            np.where(present, means, np.nan),
            np.full(contributors, overall),
            np.full(contributors, np.inf),
        )
    noise = within / n
    total = between + noise
    pulled = np.where(total > 0, noise / np.where(total > 0, total, 1.0), 0.0)
    if groups > 3:
        pulled *= (groups - 3) / (groups - 1)
    pulled = np.where(present, pulled, 1.0)
    share = 1.0 - pulled
    mu = float((share * means).sum() / share.sum()) if share.sum() > 0 else overall
    variance = noise * (1.0 - pulled * (groups - 1) / groups)
    if groups > 3:
        variance += 2.0 / (groups - 3) * (pulled * (means - mu)) ** 2
    # Who has no samples is one of all, of whom only the spread is known.
    variance = np.where(present, variance, between + within / x.size)
    return ContributorMeans(
        counts=counts.astype(np.int64),
        means=np.where(present, means, np.nan),
        shrunk=mu + np.where(present, share * (means - mu), 0.0),
        errors=np.sqrt(variance),
    )
