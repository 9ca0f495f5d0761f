"""Why one contributor got its weights over the rounds of a run, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.method.json_text import json_text
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.decided import Alternative, Decided
    from anml_fl.reasons.schemes import Dials


@dataclass(frozen=True, slots=True, kw_only=True)
class OverRounds:
    """What one contributor got over a run's rounds, and what of it is whose.

    Means are over the rounds that asked it and made a new model: there are `new_models`.

    Parameters
    ----------
    contributor, strategy : str
    rounds : int
        That asked it, > 0.
    new_models : int
        Of them those that made a new model.
    counted : int
        That used its update.
    left_out : int
        In which the rule left its update out of the new model.
    refused : mapping
        Why there was no valid reply, as recorded, to rounds, the most first.
    first, last : int, optional
        Round that used its update; None if none did.
    weight : float, optional
        Mean share of the step, in [0, 1]; None under a coordinate-wise rule.
    equal : float, optional
        Mean of what its share would have been had all valid replies counted the same, its own
        among them.
    latest, latest_equal : float, optional
        The same of the last round that asked it and made a new model.
    decided_by : str, optional
        As in `Reason`, or "refused": whose parts took it farthest from equal shares, in the
        rounds in which that decided. None where nothing told it apart.
    decided : mapping
        What decided to the rounds in which it did, the most first.
    parts : mapping
        Factor to its mean part of weight - equal: they sum to that. Empty where that is not
        known of each round.
    under : mapping
        Strategy to what the mean weight would have been under it.

    Examples
    --------
    >>> OverRounds(contributor="a", strategy="anml", rounds=2, new_models=0).to_json()[:31]
    '{"contributor":"a","counted":0,'
    """

    contributor: str
    strategy: str
    rounds: int
    new_models: int
    counted: int = 0
    left_out: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    weight: float | None = None
    equal: float | None = None
    latest: float | None = None
    latest_equal: float | None = None
    decided_by: str | None = None
    decided: Mapping[str, Decided] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    under: Mapping[str, Alternative] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Give what JSON has of it."""
        return asdict(self)

    def to_json(self) -> str:
        """Write it as one line of JSON: sorted names."""
        return json_text(self.fields())


def over_rounds(records: Iterable[RoundRecord], dials: Dials) -> dict[str, OverRounds]:
    """Tell of each contributor why it got its weights, over all rounds that asked it.

    Parameters
    ----------
    records : iterable of RoundRecord
        Of one strategy, in their order; they are gone through once.
    dials : Dials
        The run's settings that weights depend on.

    Returns
    -------
    dict
        By contributor, in the order in which they were first asked.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> from anml_fl.reasons.schemes import Dials
    >>> def a_round(number, shares):
    ...     people = [
    ...         ContributorRecord(who, q, 0.8, 0.4, 1.0, 0.32, share, True, examples=100.0)
    ...         for who, q, share in zip("abc", (1.0, 0.6, 0.4), shares)
    ...     ]
    ...     return RoundRecord(number, "anml", "krum", float("nan"), 0.32, tuple(people))
    >>> rounds = [a_round(number, (0.5, 0.3, 0.2)) for number in (1, 2)]
    >>> found = over_rounds(rounds, Dials(fraction=1.0))["c"]
    >>> found.weight, found.decided_by, round(found.parts["q"], 3), found.last
    (0.2, 'q', -0.133, 2)
    """
    tallies: dict[str, Tally] = {}
    strategy = ""
    for record in records:
        strategy = record.strategy
        reasons = RoundReasons(record, dials).all()
        made = any(one.status == "counted" for one in reasons)
        # What is known of others' alternatives holds for whoever was refused: none of them
        # would have counted it.
        known = next((one.under for one in reasons if one.under), {})
        for one in reasons:
            tallies.setdefault(one.contributor, Tally()).add(one, made=made, others=known)
    return {
        name: OverRounds(contributor=name, strategy=strategy, **tally.result())
        for name, tally in tallies.items()
    }
