"""What a rule costs: processor time beyond FedAvg's on the same federations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studies.arena.federation import CPU
from studies.arena.results import UNDEFENDED

if TYPE_CHECKING:
    from studies.arena.results import Results


def cost(results: Results, rule: str, rounds: int) -> float:
    """Median difference from FedAvg of the processor time of runs, a round.

    Parameters
    ----------
    results : Results
    rule : str
    rounds : int
        Of each run.

    Returns
    -------
    float
        Seconds a round, below 0 where noise is larger; nan where nothing can be compared.
    """
    differences = [
        seconds - undefended[seed]
        for place in results.places
        for undefended in (results.by_seed(UNDEFENDED, place, CPU),)
        for seed, seconds in results.by_seed(rule, place, CPU).items()
        if seed in undefended
    ]
    return float(np.median(differences)) / rounds if differences else math.nan


def seconds_of_a_run(results: Results, rule: str) -> float:
    """Median processor time of a whole run; nan where nothing was measured."""
    found = [
        value
        for place in results.places
        for value in results.by_seed(rule, place, CPU).values()
    ]
    return float(np.median(found)) if found else math.nan
