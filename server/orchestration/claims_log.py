"""What the nodes say of each round's model, where the server has no rows to test on."""

from __future__ import annotations

from dataclasses import dataclass
from logging import INFO, WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.run.claims import ClaimsRecord, append_claims, cut_claims
from strategies.claims import ask_claims

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from flwr.app import ArrayRecord, ConfigRecord
    from flwr.serverapp import Grid

    from strategies.identity import Roster
    from strategies.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsLog:
    """Asks after each round, and writes down what is said; it decides nothing.

    Parameters
    ----------
    strategy : Path
        The strategy's folder.
    grid : Grid
    roster : callable
        Grid to (node id to contributor).
    members : collection of str
        Who should take part, if that is known.
    transport : Transport
        How models are sent.
    config : ConfigRecord
        What nodes have agreed on.
    metric : str
        By which they score; empty for the error.
    timeout : float
        Seconds to wait for answers.
    """

    strategy: Path
    grid: Grid
    roster: Roster
    members: Collection[str]
    transport: Transport
    config: ConfigRecord
    metric: str
    timeout: float

    def take_up(self, rounds: int) -> None:
        """Go on after a round."""
        cut_claims(self.strategy, rounds)

    def ask(self, number: int, arrays: ArrayRecord) -> float:
        """Ask what a round's model is worth, and write it down.

        Returns
        -------
        float
            The median over contributors; nan if nobody says anything.
        """
        layout = self.transport.layout(arrays)
        sent, config = self.transport.sent(arrays, layout, self.config)
        present = self.roster(self.grid)
        claims = ask_claims(self.grid, present, sent, config, self.metric, self.timeout)
        absent = set(self.members) - set(present.values())
        record = ClaimsRecord(
            number,
            dict(claims.values),
            dict(claims.examples),
            {**claims.left_out, **dict.fromkeys(sorted(absent), "no node is connected")},
        )
        append_claims(self.strategy, record)
        for name, reason in record.left_out.items():
            log(WARNING, "round %d: %s claims nothing: %s", number, name, reason)
        log(INFO, "claimed by %d nodes: median %g", len(record.values), record.median)
        return record.median
