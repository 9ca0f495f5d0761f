"""A grid that is run in seconds, and lines of results that were made up."""

from __future__ import annotations

import pytest

from studies.arena.grid import Deal, Grid
from studies.arena.setup import NOBODY
from studies.arena.table import Line

TINY = Grid(
    name="tiny",
    rules=("fedavg", "krum"),
    attacks=("label_flip", "gradient_aligned"),
    deals=(Deal("digits", "dirichlet:1", 6),),
    fractions=(0.34,),
    seeds=(0,),
    rounds=2,
    local_epochs=1,
)


@pytest.fixture(scope="session")
def tiny():
    return TINY


@pytest.fixture
def lines():
    """Make lines of one deal from {(rule, attack, attackers): errors by seed}."""

    def made(errors, partition="iid", metric="error"):
        return [
            Line("digits", partition, rule, attack, metric, 20, attackers, seed, value)
            for (rule, attack, attackers), values in errors.items()
            for seed, value in enumerate(values)
        ]

    return made


@pytest.fixture
def made_up(lines):
    """Three rules under two attacks, of which a is better under x, b under y."""
    return lines(
        {
            ("a", NOBODY, 0): (0.10, 0.12),
            ("b", NOBODY, 0): (0.20, 0.20),
            ("fedavg", NOBODY, 0): (0.05, 0.07),
            ("a", "x", 4): (0.30, 0.30),
            ("b", "x", 4): (0.40, 0.20),
            ("fedavg", "x", 4): (0.60, 0.60),
            ("a", "y", 4): (0.50, 0.40),
            ("b", "y", 4): (0.25, 0.25),
            ("fedavg", "y", 4): (0.90, 0.70),
        }
    )
