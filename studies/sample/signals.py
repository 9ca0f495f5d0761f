"""v and r of every sample by scenario, and T by its age (sections 5.1.3, 5.5, 5.10, 5.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.provenance import exploration_bonus, temporal_decay
from anml_fl.plugins import SCENARIOS
from anml_fl.registry.forged_signals import forged
from anml_fl.seeding import stream
from studies.sample.drawing import GROUPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.sample.drawing import Drawn
    from studies.sample.recipe import Recipe

# Section 5.12: so many attackers have credentials to show.
_FAKED = 0.6
# v and r of section 5.10, in the order of `GROUPS`; attackers as the low-quality of 5.1.3.
_SPECTRUM_V = ((0.10, 0.25), (0.40, 0.60), (0.60, 0.75), (0.80, 0.95))
_SPECTRUM_R = ((0.15, 0.35), (0.30, 0.50), (0.50, 0.70), (0.80, 0.95))


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about each sample from outside.

    Parameters
    ----------
    v, r, T : (n,) float64
        In [0, 1].
    """

    v: NDArray[np.float64]
    r: NDArray[np.float64]
    T: NDArray[np.float64]

    @property
    def s(self) -> NDArray[np.float64]:
        """External signal s = v r, (n,) in [0, 1]."""
        return self.v * self.r


def signals(dataset: str, drawn: Drawn, recipe: Recipe, seed: int, trial: int) -> Signals:
    """Draw v and r as the recipe's scenario has them, and T from the ages.

    Parameters
    ----------
    dataset : str
    drawn : Drawn
        The trial's data.
    recipe : Recipe
    seed : int
    trial : int

    Raises
    ------
    ValueError
        If the scenario is `spectrum` and the data have no groups.

    Examples
    --------
    >>> from studies.sample.drawing import draw
    >>> from studies.sample.recipe import Recipe
    >>> recipe = Recipe(scenario="correlated", rho=1.0)
    >>> drawn = draw("wine", recipe, seed=0, trial=0)
    >>> found = signals("wine", drawn, recipe, seed=0, trial=0)
    >>> bool(((found.s == 1) == ~drawn.bad).all())
    True
    """
    rng = stream(seed, "sample study", dataset, trial, "signals", recipe.scenario)
    v, r = _credentials(drawn, recipe, rng)
    newcomers = {
        "none": np.zeros(v.size, dtype=bool),
        "novices": drawn.group == GROUPS.index("novices"),
        "newcomers": np.isin(
            drawn.group, [GROUPS.index("novices"), GROUPS.index("attackers")]
        ),
    }[recipe.bonus]
    r[newcomers] = [exploration_bonus(one, contributions=0) for one in r[newcomers]]
    return Signals(v, r, temporal_decay(drawn.age, recipe.decay_rate))


def _credentials(
    drawn: Drawn, recipe: Recipe, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if recipe.scenario == "correlated":
        truth = (~drawn.bad).astype(np.float64)
        noise = rng.random(truth.size)
        truthful = rng.random(truth.size) < recipe.rho
        return np.where(truthful, truth, noise), np.ones(truth.size)
    if recipe.scenario == "spectrum":
        if not recipe.groups:
            raise ValueError("scenario 'spectrum' needs groups = true, got false")
        ranges = np.array(_SPECTRUM_V)[drawn.group], np.array(_SPECTRUM_R)[drawn.group]
        v, r = (rng.uniform(low_high[:, 0], low_high[:, 1]) for low_high in ranges)
        return v, r
    honest = ~drawn.attacker
    if recipe.scenario in ("naive", "faked"):
        moderate, nothing = SCENARIOS.load("moderate"), SCENARIOS.load("high")
        pairs = [moderate(True, rng) if good else nothing(False, rng) for good in honest]
        if recipe.scenario == "faked":
            # Drawn apart, so that the others are who they are without any forgery.
            fakes = rng.random(honest.size) < _FAKED
            pairs = [
                forged(rng) if fake and not good else pair
                for pair, good, fake in zip(pairs, honest, fakes, strict=True)
            ]
    else:
        draw = SCENARIOS.load(recipe.scenario)
        pairs = [draw(bool(good), rng) for good in honest]
    v, r = np.array(pairs).T.copy()
    return v, r
