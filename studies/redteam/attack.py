"""An attack: what a coalition of contributors knows, buys, trains on and sends, as numbers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from anml_fl.method.checks import number

KNOWLEDGE = ("own", "updates", "rule", "root")
"""Own data alone; all honest updates too; the rule and its memory too; its root set too."""
CREDENTIALS = ("none", "honest", "bought")
LABELS = ("none", "random", "shift", "target", "pairs")
DIRECTIONS = ("trained", "flip", "mean", "alie")
TIMING = ("always", "turncoat", "on_off")
HIDING = ("none", "half", "greedy")

_NAMES = {
    "knowledge": KNOWLEDGE,
    "credentials": CREDENTIALS,
    "labels": LABELS,
    "direction": DIRECTIONS,
    "timing": TIMING,
    "hiding": HIDING,
}
_RANGES = {
    "share": (0.0, 0.5),
    "claim": (1.0, 100.0),
    "poisoned": (0.0, 1.0),
    "alignment": (0.0, 1.0),
    "rehearsal": (0.0, 0.95),
    "scale": (0.0, 100.0),
    "blend": (0.0, 1.0),
    "jitter": (0.0, 10.0),
    "start": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What the attackers of a federation do; by default nothing.

    Parameters
    ----------
    share : float
        Of the contributors that attack together, in [0, .5].
    knowledge : str
        Of `KNOWLEDGE`.
    credentials : str
        Of `CREDENTIALS`: v and r of a bad contributor, of an honest one, or 1.
    claim : float
        The example count that each claims, in multiples of its own, in [1, 100].
    labels : str
        Of `LABELS`: which wrong class a poisoned sample is given: any; the next one; one for
        all; the one most alike.
    poisoned : float
        Share of the own labels that are changed, in [0, 1].
    alignment : float
        How far poisoned features are pulled to the mean of their wrong class, in [0, 1].
    rehearsal : float
        Share of the training rows that are rightly labelled ones of the root set, or of
        attackers who do not know it their own, in [0, .95]: what trusted rows see stays right.
    direction : str
        Of `DIRECTIONS`: the update trained on the poison; the own one with its sign changed;
        minus the honest mean (IPM: Xie, Koyejo, Gupta, UAI 2019); the honest mean less some
        standard deviations (ALIE: Baruch, Baruch, Goldberg, NeurIPS 2019).
    scale : float
        Multiplies the update; under "alie" the number of standard deviations. In [0, 100].
    blend : float
        Share of the poison in what is sent, the rest being the own honest update, in [0, 1].
    copies : bool
        Whether all send one update.
    jitter : float
        Length of the noise on each copy, in lengths of the update, in [0, 10].
    timing : str
        Of `TIMING`: in all rounds; from a round on; in every other round.
    start : float
        Share of the rounds in which a turncoat is honest, in [0, 1].
    hiding : str
        Of `HIDING`, for who knows the rule: in each round the most harmful blend of honest and
        poison that keeps half of an honest weight, or whatever its weight is.

    Raises
    ------
    ValueError
        Naming the number that lies outside its range.

    Examples
    --------
    >>> attack = Attack(labels="shift", credentials="bought")
    >>> Attack.from_json(attack.to_json()) == attack
    True
    """

    share: float = 0.3
    knowledge: str = "own"
    credentials: str = "none"
    claim: float = 1.0
    labels: str = "none"
    poisoned: float = 1.0
    alignment: float = 0.0
    rehearsal: float = 0.0
    direction: str = "trained"
    scale: float = 1.0
    blend: float = 1.0
    copies: bool = False
    jitter: float = 0.0
    timing: str = "always"
    start: float = 0.0
    hiding: str = "none"

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name, known in _NAMES.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )
        for name, (low, high) in _RANGES.items():
            number(name, getattr(self, name), low, high)
        if not isinstance(self.copies, bool):
            raise ValueError(f"copies must be true or false, got {self.copies!r}")
        if self.hiding != "none" and not self.knows_rule:
            raise ValueError(
                f"hiding {self.hiding!r} needs knowledge rule or root, got {self.knowledge!r}"
            )

    @property
    def knows_updates(self) -> bool:
        """Whether the honest updates of a round are seen."""
        return self.knowledge != "own"

    @property
    def knows_rule(self) -> bool:
        """Whether the rule can be asked for a verdict."""
        return self.knowledge in ("rule", "root")

    @property
    def knows_root(self) -> bool:
        """Whether the trusted rows are known."""
        return self.knowledge == "root"

    def attackers(self, contributors: int) -> int:
        """Count them: the share, rounded, one at least and less than half.

        Examples
        --------
        >>> [Attack(share=s).attackers(10) for s in (0.1, 0.3, 0.45)]
        [1, 3, 4]
        """
        return max(1, min(round(self.share * contributors), (contributors - 1) // 2))

    def acts(self, server_round: int, rounds: int) -> bool:
        """Whether the attackers attack in a round, from 1, of so many."""
        if self.timing == "on_off":
            return server_round % 2 == 1
        return self.timing == "always" or server_round > min(self.start * rounds, rounds - 1)

    def to_json(self) -> str:
        """Write one line of JSON, the same bytes for the same attack."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Attack:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is no such attack.
        """
        try:
            given: dict[str, Any] = json.loads(line)
            known = {field.name for field in fields(cls)}
            if strange := sorted(set(given) - known):
                raise ValueError(f"unknown {strange[0]!r}; known: {', '.join(sorted(known))}")
            return cls(**given)
        except (TypeError, ValueError) as error:
            raise ValueError(f"not an attack: {error}") from error
