"""What a behaviour makes of a contributor's samples, held to what training needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import shown_kind
from anml_fl.datasets.prepare import Samples
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.behaviour import Behaviour
    from anml_fl.settings.attackers import Attackers


def changed_samples(
    acting: Behaviour,
    samples: Samples,
    name: str,
    rng: np.random.Generator,
    attacks: Attackers,
) -> Samples:
    """Let a behaviour change samples; into those that it is given it cannot write.

    They are the contributor's own: other rounds, strategies and runs of the process train on
    them, too.

    Parameters
    ----------
    acting : Behaviour
    samples : Samples
    name : str
        The behaviour's, for messages.
    rng : numpy.random.Generator
    attacks : Attackers

    Returns
    -------
    Samples
        Of the types, features and classes of those that were given.

    Raises
    ------
    ConfigError
        If the behaviour gives anything else.

    Examples
    --------
    >>> from anml_fl.behaviour import Behaviour
    >>> from anml_fl.settings.attackers import Attackers
    >>> rows = Samples(np.ones((2, 3), np.float32), np.array([0, 1]), 2)
    >>> odd = Behaviour(samples=lambda own, *_: Samples(own.features, own.labels, 1))
    >>> changed_samples(odd, rows, "odd", np.random.default_rng(0), Attackers())
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: behaviour 'odd' must give samples of 2 classes, got 1
    """
    if acting.samples is None:
        return samples
    shown = Samples(_locked(samples.features), _locked(samples.labels), samples.classes)
    found = acting.samples(shown, rng, attacks)
    if not isinstance(found, Samples):
        raise ConfigError(
            f"behaviour {name!r} must give anml_fl.datasets.prepare.Samples, got"
            f" {shown_kind(found)}"
        )
    if found.classes != samples.classes:
        raise ConfigError(
            f"behaviour {name!r} must give samples of {samples.classes} classes, got"
            f" {found.classes!r}"
        )
    arrays = []
    for what in ("features", "labels"):
        own, made = getattr(samples, what), getattr(found, what)
        if wrong := _wrong(made, own):
            raise ConfigError(f"behaviour {name!r}: {what} {wrong}")
        # What cannot be written to is no array that torch takes.
        same = made is getattr(shown, what)
        arrays.append(own if same else np.require(made, own.dtype, ("C", "W")))
    features, labels = arrays
    if len(features) != len(labels):
        raise ConfigError(
            f"behaviour {name!r} must give a label for each row, got {len(labels)} labels for"
            f" {len(features)} rows"
        )
    return Samples(features, labels, samples.classes)


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    shown = array.view()
    shown.setflags(write=False)
    return shown


def _wrong(made: object, own: NDArray[Any]) -> str | None:
    """Say why an array cannot stand in the place of a contributor's own, if it cannot."""
    if not isinstance(made, np.ndarray):
        return f"must be an array, got {shown_kind(made)}"
    if made.ndim != own.ndim or made.shape[1:] != own.shape[1:]:
        wanted = ", ".join(["n", *map(str, own.shape[1:])])
        return f"must have the shape ({wanted}), got {made.shape}"
    if not np.can_cast(made.dtype, own.dtype, "same_kind"):
        return f"must be {own.dtype}, got {made.dtype}"
    return None
