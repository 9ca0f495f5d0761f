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
        Of the model that was kept, in [0, 1]; of values 1 - R2, which may exceed 1.
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
    test_score : float, optional
        Of the model that was kept, by the run's metric.
    best_round : int, optional
        The round whose model was kept, where that was to be the best one.
    claimed : float, optional
        The median of what nodes claim of that model, where the server cannot test.
    doubted : int, optional
        Valid replies that evidence left out, under a rule that weighs it.
    """

    test_error: FiniteFloat | None = None
    attacker_weight: FiniteFloat | None = None
    branches: dict[str, int] = field(default_factory=dict)
    excluded: int = 0
    rounds: int = 0
    seconds: FiniteFloat | None = None
    test_score: FiniteFloat | None = None
    best_round: int | None = None
    claimed: FiniteFloat | None = None
    doubted: int | None = None

    def fields(self) -> dict[str, Any]:
        """Give what the file has: what few strategies have only where it is there.

        Examples
        --------
        >>> "test_score" in StrategySummary().fields()
        False
        """
        found = asdict(self)
        for name in ("test_score", "best_round", "claimed", "doubted"):
            if found[name] is None:
                del found[name]
        return found


@dataclass(frozen=True, slots=True)
class OwnData:
    """What a contributor that gathered data of its own holds.

    Parameters
    ----------
    samples : int
        For training.
    errors : dict of str to float
        Strategy to the final model's error on the contributor's own test samples, in [0, 1].
    scores : dict of str to float
        Likewise, by the run's metric.
    """

    samples: int
    errors: dict[str, FiniteFloat] = field(default_factory=dict)
    scores: dict[str, FiniteFloat] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Give what the file has: scores only where there are some."""
        found = asdict(self)
        if not self.scores:
            del found["scores"]
        return found


@dataclass(frozen=True, slots=True)
class ClassErrors:
    """How final models err among the rows of one class.

    Parameters
    ----------
    rows : int
        Of the class, among those that the server tests on.
    errors : dict of str to float
        Strategy to the share of them that its model takes for other classes, in [0, 1].
    """

    rows: int
    errors: dict[str, FiniteFloat] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """The file `summary.json`; `contributors` maps to behaviours, `holdings` to own data.

    `class_errors` maps classes to how models err in them.

    Parameters
    ----------
    format : int
        Of the run's folder; no file of format 1 names it.
    metric : str
        What models were scored by; empty for the error alone.
    classes : list of int
        Rows of each class among those that the server tests on, of a table of one's own.
    tested_on : str
        On what models were tested, of a task of one's own.

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
    metric: str = ""
    classes: list[int] = field(default_factory=list)
    tested_on: str = ""
    class_errors: dict[str, ClassErrors] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Give what the file has, in its order; what few runs have only where it is there."""
        found = asdict(self)
        found["strategies"] = {name: of.fields() for name, of in self.strategies.items()}
        found["holdings"] = {name: of.fields() for name, of in self.holdings.items()}
        order = ("name", "dataset", "seed", "engine", "seconds", "contributors", "strategies")
        seldom = ("holdings", "metric", "classes", "tested_on", "class_errors")
        more = [name for name in seldom if found[name]]
        return {name: found[name] for name in (*order, *more)}
