"""What `summary.json` says: whoever writes it and whoever reads it has it from here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import FiniteFloat

from anml_fl.run.files import FORMAT


@dataclass(frozen=True, slots=True)
class StrategySummary:
    """One strategy's entry in `summary.json`.

    Parameters
    ----------
    test_error : float, optional
        At the end of the run, in [0, 1].
    attacker_weight : float, optional
        Share of weight that went to attackers, in [0, 1]; None without weights.
    branches : dict of str to int
        Rounds in which each branch was taken.
    excluded : int
        Replies left out.
    rounds : int
        Rounds run.
    seconds : float, optional
        Wall-clock time of the strategy.
    """

    test_error: FiniteFloat | None = None
    attacker_weight: FiniteFloat | None = None
    branches: dict[str, int] = field(default_factory=dict)
    excluded: int = 0
    rounds: int = 0
    seconds: FiniteFloat | None = None


@dataclass(frozen=True, slots=True)
class OwnData:
    """What a contributor that gathered data of its own holds.

    Parameters
    ----------
    samples : int
        For training.
    errors : dict of str to float
        Strategy to the final model's error on the contributor's own test samples, in [0, 1].
    """

    samples: int
    errors: dict[str, FiniteFloat] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """The file `summary.json`; `contributors` maps to behaviours, `holdings` to own data.

    Parameters
    ----------
    format : int
        Of the run's folder; no file of format 1 names it.

    Examples
    --------
    >>> one = StrategySummary(test_error=0.1)
    >>> list(Summary("demo", "inline", "wine", 0, {"a": "honest"}, {"anml": one}).fields())
    ['name', 'dataset', 'seed', 'engine', 'seconds', 'contributors', 'strategies']
    """

    name: str
    engine: str
    dataset: str
    seed: int
    contributors: dict[str, str]
    strategies: dict[str, StrategySummary]
    seconds: FiniteFloat | None = None
    holdings: dict[str, OwnData] = field(default_factory=dict)
    format: int = FORMAT

    def fields(self) -> dict[str, Any]:
        """Give what the file has, in its order; own data only where somebody has some."""
        found = asdict(self)
        order = ("name", "dataset", "seed", "engine", "seconds", "contributors", "strategies")
        own = ("holdings",) if self.holdings else ()
        return {name: found[name] for name in (*order, *own)}
