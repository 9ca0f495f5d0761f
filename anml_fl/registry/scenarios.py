"""Simulated credentials: how well v and r tell good contributors from bad.

ANML, section 5.1.3. Where the paper lists a share of contributors with a range and
leaves the rest open, the rest is: high-quality v, r ~ U(.3, .5); low-quality
v ~ U(.10, .25), r ~ U(.15, .35); adversarial honest r ~ U(.4, .6).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviours import FORGERS, NEWCOMER, VOUCHED_FOR, is_honest, part_in_round
from anml_fl.datasets.gold import graded_answers
from anml_fl.datasets.prepare import deal_of
from anml_fl.method.gold import gold_reputation
from anml_fl.method.provenance import Reputation, Verification
from anml_fl.method.reputation import ReputationRule
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.simulated import (
    COMPROMISED,
    PRESENT,
    UNIVERSITY,
    data_hash_of,
    public_key_of,
    simulated_issuer,
)
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anml_fl.config import RunConfig

Range = tuple[float, float]
Credentials = tuple[float, float]

_MIDDLING: Range = (0.30, 0.50)
_LOW_V: Range = (0.10, 0.25)
_LOW_R: Range = (0.15, 0.35)


def high(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) that predict quality strongly.

    Parameters
    ----------
    honest : bool
        Whether the contributor's data are good.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of float
        (v, r), each in [0, 1].

    Examples
    --------
    >>> v, r = high(False, np.random.default_rng(0))
    >>> 0.10 <= v <= 0.25 and 0.15 <= r <= 0.35
    True
    """
    if honest:
        return (
            _either(rng, 0.8, (0.75, 0.90), _MIDDLING),
            _either(rng, 0.6, (0.70, 0.90), _MIDDLING),
        )
    return rng.uniform(*_LOW_V), rng.uniform(*_LOW_R)


def moderate(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) with some noise: the paper's primary scenario. As `high`."""
    if honest:
        return (
            _either(rng, 0.7, (0.70, 0.85), _MIDDLING),
            _either(rng, 0.5, (0.65, 0.85), _MIDDLING),
        )
    return (
        _either(rng, 0.20, (0.40, 0.55), _LOW_V),
        _either(rng, 0.25, (0.40, 0.55), _LOW_R),
    )


def low(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) that overlap between good and bad. As `high`."""
    if honest:
        return (
            _either(rng, 0.6, (0.65, 0.80), _MIDDLING),
            _either(rng, 0.4, (0.55, 0.80), _MIDDLING),
        )
    return (
        _either(rng, 0.40, (0.45, 0.60), _LOW_V),
        _either(rng, 0.35, (0.45, 0.60), _LOW_R),
    )


def adversarial(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) where 40 % of the bad look better than the good. As `high`."""
    if honest:
        return _either(rng, 0.55, (0.50, 0.70), _MIDDLING), rng.uniform(0.4, 0.6)
    if rng.random() < 0.4:
        return rng.uniform(0.65, 0.85), rng.uniform(0.60, 0.80)
    return rng.uniform(*_LOW_V), rng.uniform(*_LOW_R)


def unknown(honest: bool, rng: np.random.Generator) -> Credentials:
    """Give everybody the cold-start defaults: nothing is known of anybody. As `high`."""
    return Verification.SELF_ATTESTED.middle, Reputation.NEW.middle


def forged(rng: np.random.Generator) -> Credentials:
    """Draw the (v, r) of a successful forgery (section 5.12).

    Returns
    -------
    tuple of float
        v in [.70, .90], r in [.65, .85].

    Examples
    --------
    >>> v, r = forged(np.random.default_rng(0))
    >>> v >= 0.70 and r >= 0.65
    True
    """
    return rng.uniform(0.70, 0.90), rng.uniform(0.65, 0.85)


SCENARIOS: Mapping[str, Callable[[bool, np.random.Generator], Credentials]] = {
    "high": high,
    "moderate": moderate,
    "low": low,
    "adversarial": adversarial,
    "unknown": unknown,
}


def simulated_registry(config: RunConfig, roles: Mapping[str, str]) -> InMemoryRegistry:
    """Fill a registry by a scenario, each contributor from a stream of its own.

    Parameters
    ----------
    config : RunConfig
        Its scenario, the age and decay of contributions, how reputation moves.
    roles : mapping
        Contributor to behaviour.

    Returns
    -------
    InMemoryRegistry
        On a clock whose present is year 0.

    Examples
    --------
    >>> from anml_fl.config import RunConfig
    >>> registry = simulated_registry(RunConfig(), {"a": "compromised_issuer"})
    >>> bool(registry.standings["a"].r >= 0.65)
    True
    """
    federation, seed = config.federation, config.seed
    standings = {}
    for contributor, role in roles.items():
        rng = stream(seed, "credentials", contributor)
        v, r = SCENARIOS[federation.scenario](
            is_honest(part_in_round(role, 1, config.attacks)), rng
        )
        age = stream(seed, "age", contributor).uniform(0.0, federation.max_age)
        standing = Standing(
            v,
            r,
            -age,
            federation.decay_rate,
            public_key=public_key_of(seed, contributor),
            data_hash=data_hash_of(seed, contributor),
        )
        if role in FORGERS or role == VOUCHED_FOR:
            # What more they claim, their tokens must show.
            standing = replace(standing, v=Verification.SELF_ATTESTED.middle)
        if role == VOUCHED_FOR:
            standing = replace(standing, r=forged(rng)[1])
        if role == NEWCOMER:
            standing = replace(standing, r=Reputation.NEW.middle, record=(0.0, 0.0, 0))
        standings[contributor] = standing
    chosen = config.registry
    if chosen.gold:
        right, graded = graded_answers(deal_of(config), chosen.gold, seed)
        for contributor, r in zip(roles, gold_reputation(right, graded), strict=True):
            standings[contributor] = replace(standings[contributor], r=float(r))
    return InMemoryRegistry(
        standings,
        issuers=[simulated_issuer(seed, name)[1] for name in (UNIVERSITY, COMPROMISED)],
        rule=ReputationRule(chosen.forgetting, chosen.exploration, chosen.r_min),
        epoch=PRESENT,
    )


def _either(rng: np.random.Generator, share: float, one: Range, other: Range) -> float:
    return rng.uniform(*(one if rng.random() < share else other))
