"""Early stopping: which round's model is the best, and when no better one is waited for.

From the scores by round alone, so that whoever reads a run's records comes to the same. A
score may be what the server found, or the median of what nodes claim. A round in which nothing
was aggregated leaves the model as it was: it is passed over, and has no score here, but None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anml_fl.run.criterion import Criterion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.settings.run import RunConfig


def compared(record: RoundRecord, score: float) -> float | None:
    """Give a round's score; None if it selected nobody, so that its model is no new one."""
    return score if any(one.selected for one in record.contributors) else None


def best_round(scores: Sequence[float | None], metric: str) -> int:
    """Find the round with the best score, of equals the first.

    Parameters
    ----------
    scores : sequence of float or None
        Of round 1, 2, ..., from `compared`; nan where the model was not tested.
    metric : str
        As in `Criterion`.

    Returns
    -------
    int
        From 1; 0 if no round has a score.

    Examples
    --------
    >>> best_round([0.3, 0.1, 0.2, 0.1], ""), best_round([0.3, 0.1], "accuracy")
    (2, 1)
    >>> best_round([None, 0.3, None], "")
    2
    """
    best, place = math.nan, 0
    for number, score in enumerate(scores, start=1):
        if score is not None and Criterion(metric).improves(score, best):
            best, place = score, number
    return place


@dataclass(frozen=True, slots=True)
class Stopping:
    """When a strategy's training ends, and which round's model is kept.

    Parameters
    ----------
    rounds : int
        At most.
    patience : int
        New models in a row, none of them better, after which it ends; 0: all rounds, and the
        last model.
    metric : str
        As in `Criterion`.
    claimed : bool
        Whether the scores are the contributors' nodes' own.
    """

    rounds: int
    patience: int = 0
    metric: str = ""
    claimed: bool = False

    @classmethod
    def of(cls, config: RunConfig) -> Stopping:
        """Read it from a run's settings."""
        chosen = config.evaluation
        return cls(
            config.training.rounds,
            chosen.patience,
            chosen.metric,
            bool(chosen.patience) and chosen.best_by == "claims",
        )

    @classmethod
    def found(cls, settings: Mapping[str, Any]) -> Stopping:
        """Read it from what `config.toml` says, which may be older or anybody's.

        Raises
        ------
        ValueError
            If it says nothing of the kind.
        """
        try:
            chosen = settings.get("evaluation", {})
            rounds, patience = settings["training"]["rounds"], chosen.get("patience", 0)
            metric, by = chosen.get("metric", ""), chosen.get("best_by", "server")
            if type(rounds) is not int or type(patience) is not int:
                raise ValueError("rounds and patience must be whole numbers")
            Criterion(metric).better  # noqa: B018 - looks the metric up
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                "it does not say how long the training is, and by what a model is the best"
            ) from error
        return cls(rounds, patience, metric, bool(patience) and by == "claims")

    def best(self, scores: Sequence[float | None]) -> int | None:
        """Find the round whose model is kept; None where that is the last one anyhow."""
        return (best_round(scores, self.metric) or None) if self.patience else None

    def kept(self, scores: Sequence[float | None]) -> int:
        """Find the round whose model is kept, after some rounds."""
        return self.best(scores) or len(scores)

    def last(self, scores: Sequence[float | None]) -> int | None:
        """Find the round with which training ends; None if it goes on after these.

        Examples
        --------
        >>> stopping = Stopping(rounds=9, patience=2)
        >>> [stopping.last([0.3, 0.1, 0.2, 0.1, 0.0][:n]) for n in (3, 4, 5)]
        [None, 4, 4]
        >>> stopping.last([0.1, None, None, 0.2]), stopping.last([0.1, None, 0.2, 0.2])
        (None, 4)
        """
        if not self.patience:  # as mostly, and asked after every round
            last = max(self.rounds, 1)
            return last if len(scores) >= last else None
        criterion, best, worse = Criterion(self.metric), math.nan, 0
        for number, score in enumerate(scores, start=1):
            if score is not None:
                better = criterion.improves(score, best)
                best, worse = (score, 0) if better else (best, worse + 1)
            if number >= self.rounds or 0 < self.patience <= worse:
                return number
        return None

    def over(self, scores: Sequence[float | None]) -> bool:
        """Tell whether training ends with the last of these rounds, and not before."""
        return bool(scores) and self.last(scores) == len(scores)
