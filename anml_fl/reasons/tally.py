"""Adding up one contributor's reasons, round by round."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.decided import REFUSED, Alternative, Decided, mean, together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.reasons.reason import Reason

NO_REPLY = "no valid reply"
"""Why somebody was refused of whom no reason is recorded."""

# Parts that sum to what they divide, as far as sums of fractions do.
_SAME = 1e-9
# A part that is less of an equal share does not tell anybody apart.
_LEAST = 0.005


@dataclass(slots=True)
class Tally:
    """Sums over the rounds that asked one contributor."""

    _statuses: Counter[str] = field(default_factory=Counter)
    _refused: Counter[str] = field(default_factory=Counter)
    _counted: list[int] = field(default_factory=list)
    _weights: list[float | None] = field(default_factory=list)
    _equals: list[float] = field(default_factory=list)
    _parts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _divided: bool = True
    _decided: defaultdict[str, list[Decided]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _under: defaultdict[str, list[tuple[float, float | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, reason: Reason, *, made: bool, others: Iterable[str]) -> None:
        """Add a round.

        Parameters
        ----------
        reason : Reason
        made : bool
            Whether the round made a new model.
        others : iterable of str
            Strategies of which it is known what the round's weights were under them.
        """
        self._statuses[reason.status] += 1
        if reason.status == "refused":
            self._refused[reason.told or NO_REPLY] += 1
        elif reason.status == "counted":
            self._counted.append(reason.round)
        if not made:
            return
        if reason.equal is None:
            # Had its reply been valid, there would have been one more.
            equal = 1 / (reason.replies + 1)
            parts, under = {REFUSED: -equal}, dict.fromkeys(others, 0.0)
            self._decided[REFUSED].append(Decided(rounds=1, part=-equal))
        else:
            equal, parts, under = reason.equal, dict(reason.parts), dict(reason.under)
            if reason.decided_by is not None:
                self._decided[reason.decided_by].append(Decided.of(reason))
        self._weights.append(reason.weight)
        self._equals.append(equal)
        self._divide(parts, reason.weight, equal)
        for name, weight in under.items():
            self._under[name].append((weight, reason.weight))

    def _divide(self, parts: dict[str, float], weight: float | None, equal: float) -> None:
        whole = weight is not None and abs(sum(parts.values()) - (weight - equal)) <= _SAME
        self._divided = self._divided and whole
        for name, part in parts.items():
            self._parts[name] += part

    def result(self) -> dict[str, Any]:
        """Give what `OverRounds` says beside whose it is."""
        made = len(self._equals)
        weight, equal = mean(self._weights), mean(self._equals)
        decided = {
            name: together(rounds)
            for name, rounds in sorted(self._decided.items(), key=lambda item: -len(item[1]))
        }
        divided = self._divided and made > 0
        return {
            "rounds": self._statuses.total(),
            "new_models": made,
            "counted": self._statuses["counted"],
            "left_out": self._statuses["left out"],
            "refused": dict(self._refused.most_common()),
            "first": min(self._counted, default=None),
            "last": max(self._counted, default=None),
            "weight": weight,
            "equal": equal,
            "latest": self._weights[-1] if made else None,
            "latest_equal": self._equals[-1] if made else None,
            "decided_by": self._decisive(decided, weight, equal),
            "decided": decided,
            "parts": {name: part / made for name, part in self._parts.items()}
            if divided
            else {},
            "under": {
                name: Alternative(
                    rounds=len(pairs),
                    weight=sum(other for other, _ in pairs) / len(pairs),
                    own=mean([own for _, own in pairs]),
                )
                for name, pairs in self._under.items()
            },
        }

    def _decisive(
        self, decided: dict[str, Decided], weight: float | None, equal: float | None
    ) -> str | None:
        """Name whose parts took a mean share farthest the way that it lies."""
        if weight is None or equal is None or not self._divided:
            return next(iter(decided), None)
        way = 1.0 if weight >= equal else -1.0
        pulls = {name: way * one.part * one.rounds for name, one in decided.items()}
        most = max(pulls, key=lambda name: pulls[name], default=None)
        least = _LEAST * sum(self._equals)
        return most if most is not None and pulls[most] > least else None
