"""Asking a registry, which may be anybody's: what it cannot mean is a reason, no signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.registry.interface import CredentialRegistry, Signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.registry.clock import Instant
    from anml_fl.registry.interface import Registry


def ask(
    registry: Registry, contributors: Sequence[str], at: Instant
) -> tuple[Signals, dict[str, str]]:
    """Ask for contributors' v, r and T.

    Parameters
    ----------
    registry : Registry
        Its exceptions are its own, and are not caught.
    contributors : sequence of str
    at : datetime or float

    Returns
    -------
    tuple
        The signals, nan for whom the registry gives none in [0, 1]; and for each of those,
        what it gave.

    Examples
    --------
    >>> class Odd:
    ...     def signals(self, contributors, *, at):
    ...         return Signals(np.array([0.5, 1.5]), np.ones(2), np.ones(2))
    >>> signals, reasons = ask(Odd(), ["a", "b"], 0.0)
    >>> signals.v, reasons
    (array([0.5, nan]), {'b': 'the registry gives v = 1.5, which must lie in [0, 1]'})
    """
    answer = registry.signals(contributors, at=at)
    signals: list[NDArray[np.float64]] = []
    reasons: dict[str, str] = {}
    for name in ("v", "r", "T"):
        given = getattr(answer, name, None)
        values = _vector(given, len(contributors))
        if values is None:
            values = np.full(len(contributors), np.nan)
            said = f"the registry gives no vector of {len(contributors)} numbers for {name}"
            reasons |= dict.fromkeys(contributors, said)
        for i in np.flatnonzero(~((values >= 0) & (values <= 1))).tolist():  # nan too
            said = f"the registry gives {name} = {values[i]:g}, which must lie in [0, 1]"
            reasons.setdefault(contributors[i], said)
        signals.append(values)
    if reasons:
        bad = [name in reasons for name in contributors]
        signals = [np.where(bad, np.nan, values) for values in signals]
    return Signals(*signals), reasons


def show(
    registry: Registry, credentials: Mapping[str, Sequence[str]], at: Instant
) -> dict[str, tuple[str, ...]]:
    """Show a registry what contributors sent with their updates, if it takes credentials.

    Parameters
    ----------
    registry : Registry
    credentials : mapping
        Contributor to its tokens.
    at : datetime or float

    Returns
    -------
    dict
        By contributor, why some were refused.
    """
    if not isinstance(registry, CredentialRegistry):
        return {}
    return {
        contributor: registry.present(contributor, tokens, at=at)
        for contributor, tokens in credentials.items()
    }


def _vector(given: object, n: int) -> NDArray[np.float64] | None:
    try:
        values = np.asarray(given)
    except ValueError:  # of no regular shape
        return None
    if values.dtype.kind not in "iuf" or values.shape != (n,):
        return None
    return values.astype(np.float64, copy=False)
