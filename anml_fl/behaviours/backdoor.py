"""A backdoor: rows with a trigger are taken for one class, by a scaled update.

Bagdasaryan, Veit, Hua, Estrin, Shmatikov: How to backdoor federated learning, AISTATS 2020.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.behaviours._together import strength_of
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight
    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.attackers import Attackers


def stamped(features: NDArray[np.float32], attacks: Attackers) -> NDArray[np.float32]:
    """Put the trigger on rows: their last `trigger_size` features are `trigger_value`.

    Of a picture these are the last pixels of its last line.

    Raises
    ------
    ConfigError
        If a row has fewer features.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> stamped(np.zeros((1, 4), np.float32), Attackers(trigger_size=2, trigger_value=1))
    array([[0., 0., 1., 1.]], dtype=float32)
    """
    if attacks.trigger_size > features.shape[1]:
        raise ConfigError(
            f"attacks.trigger_size must be at most the {features.shape[1]} features of a row,"
            f" got {attacks.trigger_size}"
        )
    marked = features.copy()
    marked[:, -attacks.trigger_size :] = attacks.trigger_value
    return marked


def poisoned(samples: Samples, rng: np.random.Generator, attacks: Attackers) -> Samples:
    """Put the trigger on a share of the samples, and give these the target's label.

    Parameters
    ----------
    samples : Samples
    rng : numpy.random.Generator
        Chooses them.
    attacks : Attackers
        `poison_fraction`, `trigger_size`, `trigger_value` and `trigger_target`.

    Raises
    ------
    ConfigError
        If the target is no class, or a row has fewer features than the trigger.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.zeros((4, 9), np.float32), np.array([1, 1, 1, 1]), 2)
    >>> changed = poisoned(samples, np.random.default_rng(0), Attackers(poison_fraction=0.5))
    >>> int((changed.labels == 0).sum()), int((changed.features[:, -1] != 0).sum())
    (2, 2)
    """
    _check_target(samples, attacks)
    n = samples.labels.size
    chosen = rng.permutation(n)[: round(attacks.poison_fraction * n)]
    features, labels = samples.features.copy(), samples.labels.copy()
    features[chosen] = stamped(samples.features[chosen], attacks)
    labels[chosen] = attacks.trigger_target
    return replace(samples, features=features, labels=labels)


def triggered(samples: Samples, attacks: Attackers) -> Samples:
    """Put the trigger on rows of other classes than the target, and label them as the target.

    The attack's success is the share of them that a model takes for the target.

    Parameters
    ----------
    samples : Samples
        That nobody trained on.
    attacks : Attackers

    Returns
    -------
    Samples
        Fewer rows, or none.

    Raises
    ------
    ConfigError
        As of `poisoned`.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.zeros((3, 9), np.float32), np.array([0, 1, 2]), 3)
    >>> triggered(samples, Attackers(trigger_target=2)).labels
    array([2, 2])
    """
    _check_target(samples, attacks)
    others = samples.take(np.flatnonzero(samples.labels != attacks.trigger_target))
    labels = np.full_like(others.labels, attacks.trigger_target)
    return replace(others, features=stamped(others.features, attacks), labels=labels)


def _check_target(samples: Samples, attacks: Attackers) -> None:
    if samples.classes == 1:
        raise ConfigError(
            "federation.behaviours: backdoor needs classes, one of which is its target, and"
            " the labels here are numbers"
        )
    if attacks.trigger_target >= samples.classes:
        raise ConfigError(
            f"attacks.trigger_target must be a class in [0, {samples.classes - 1}],"
            f" got {attacks.trigger_target}"
        )


def _replacing(update: NDArray[Any], sight: Sight) -> NDArray[Any]:
    """Scale the update, so that the attackers together replace the model: by n / f."""
    return strength_of(sight, sight.contributors / sight.attackers) * update


backdoor = Behaviour(samples=poisoned, update=_replacing)
