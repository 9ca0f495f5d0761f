"""Contributors test each round's model: who is asked, and what is taken of the answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from logging import INFO
from typing import TYPE_CHECKING

from flwr.app import MessageType
from flwr.common.logger import log

from strategies.claims import Claims, app_claims
from strategies.instruction import instruct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flwr.app import ArrayRecord, ConfigRecord, Message
    from flwr.serverapp import Grid

    from strategies.instruction import Instruction
    from strategies.participation import Participation
    from strategies.sampling import Sampling
    from strategies.transport import Transport


@dataclass(slots=True)
class Evaluation:
    """The evaluations of one run.

    Parameters
    ----------
    participation : Participation
    sampling : Sampling
    transport : Transport
    """

    participation: Participation
    sampling: Sampling
    transport: Transport
    _asked: list[Instruction] = field(default_factory=list)
    # Of whom nothing is to be had: many a ClientApp has no function for it, and a question
    # costs a deployment seconds.
    _unable: set[str] = field(default_factory=set)

    def ask(
        self, number: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Write the messages that ask what a round's model is worth; nobody is waited for."""
        self._asked = []
        if not self.sampling.fraction_evaluate:
            return []
        present = {
            node: name
            for node, name in self.participation.present(grid).items()
            if name not in self._unable
        }
        if drawn := self.sampling.to_evaluate(present, number):
            sent, told = self.transport.sent(arrays, self.transport.layout(arrays), config)
            self._asked = instruct(
                drawn,
                MessageType.EVALUATE,
                number,
                told,
                sent,
                ttl=self.transport.ttl,
                names=self.transport.names,
            )
        return [one.message for one in self._asked]

    def hear(self, replies: Iterable[Message], weighted_by_key: str) -> Claims:
        """Take the answers; where nobody has one, those who were asked are not asked again."""
        asked, self._asked = self._asked, []
        claims = app_claims(asked, replies, weighted_by_key)
        if asked:
            log(
                INFO,
                "aggregate_evaluate: %d of %d contributors say what the model is worth",
                len(claims.reports),
                len(asked),
            )
        if claims.left_out and not claims.reports:
            self._unable |= set(claims.left_out)
            reasons = Counter(claims.left_out.values())
            reason = min(reasons, key=lambda one: (-reasons[one], one))
            log(INFO, "\t└──> they are not asked again: %s", reason)
        return claims
