"""The registry of a simulated federation: everybody's v, r and T by a scenario (5.1.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anml_fl.behaviour import behaviour_in_round, is_honest
from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.datasets.gold import graded_answers
from anml_fl.federation.attacker_credentials import with_credentials
from anml_fl.federation.data import data_of
from anml_fl.method.gold import gold_reputation
from anml_fl.method.reputation import ReputationRule
from anml_fl.plugins import SCENARIOS
from anml_fl.registry.drawn_standings import DrawnStandings
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
    from collections.abc import Mapping

    import numpy as np

    from anml_fl.settings.run import RunConfig


def simulated_registry(config: RunConfig, behaviours: Mapping[str, str]) -> InMemoryRegistry:
    """Fill a registry by a scenario, each contributor from a stream of its own.

    It is drawn when it is first asked about: of a hundred thousand contributors a run may
    meet some thousands.

    Parameters
    ----------
    config : RunConfig
        Its scenario, the age and decay of contributions, how reputation moves.
    behaviours : mapping
        Contributor to behaviour.

    Returns
    -------
    InMemoryRegistry
        On a clock whose present is year 0.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> registry = simulated_registry(RunConfig(), {"a": "compromised_issuer"})
    >>> bool(registry.standings["a"].r >= 0.65)
    True
    """
    federation, seed = config.federation, config.seed
    chosen = config.registry
    graded: Mapping[str, float] = {}
    if chosen.gold:
        right, answers = graded_answers(data_of(config), chosen.gold, seed)
        found = gold_reputation(right, answers).tolist()
        graded = dict(zip(behaviours, found, strict=True))

    def drawn(contributor: str) -> Standing:
        name = behaviours[contributor]
        rng = stream(seed, "credentials", contributor)
        good = is_honest(behaviour_in_round(name, 1, config.attacks))
        v, r = credentials_drawn(federation.scenario, good, rng)
        age = stream(seed, "age", contributor).uniform(0.0, federation.max_age)
        standing = Standing(
            v,
            r,
            -age,
            federation.decay_rate,
            public_key=public_key_of(seed, contributor),
            data_hash=data_hash_of(seed, contributor),
        )
        changed = with_credentials(name, config.attacks).standing
        if changed is not None:
            standing = changed(standing, rng)
        if contributor in graded:
            standing = replace(standing, r=graded[contributor])
        return standing

    return InMemoryRegistry(
        DrawnStandings(behaviours, drawn),
        issuers=[simulated_issuer(seed, name)[1] for name in (UNIVERSITY, COMPROMISED)],
        rule=ReputationRule(chosen.forgetting, chosen.exploration, chosen.r_min),
        epoch=PRESENT,
    )


def credentials_drawn(
    scenario: str, honest: bool, rng: np.random.Generator
) -> tuple[float, float]:
    """Draw what a scenario says of one contributor: (v, r), each in [0, 1].

    Raises
    ------
    UnusableError
        If the scenario's name stands for what gives no such two numbers.

    Examples
    --------
    >>> import numpy as np
    >>> credentials_drawn("unknown", True, np.random.default_rng(0))
    (0.25, 0.4)
    """
    draw = SCENARIOS.load(scenario)
    if not callable(draw):
        raise UnusableError(
            f"scenario {scenario!r} must be a function from (honest, generator) to (v, r), got"
            f" {shown_kind(draw)}"
        )
    drawn = draw(honest, rng)
    pair = isinstance(drawn, tuple) and len(drawn) == 2
    if not pair or not all(isinstance(x, float | int) and 0 <= x <= 1 for x in drawn):
        got = f"({drawn[0]!r}, {drawn[1]!r})" if pair else shown_kind(drawn)
        raise UnusableError(
            f"scenario {scenario!r} must give (v, r), two numbers in [0, 1], got {got}"
        )
    v, r = drawn
    return v, r
