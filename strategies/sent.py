"""What went out for a round, until the replies are there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

from strategies.arrays import values_of
from strategies.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from strategies.instruction import Instruction
    from strategies.layout import Layout
    from strategies.rule import Arrays, Rule


@dataclass(frozen=True, slots=True)
class Sent:
    """A round's instructions and what they were made of.

    Parameters
    ----------
    arrays : ArrayRecord
        The global model.
    layout : Layout
    model : (d,) array
        Its parameters, as a vector.
    instructions : list of Instruction
        To whom it went.
    refused : tuple of str
        Why others were not asked.
    started : float
        When, by `time.perf_counter`.
    """

    arrays: ArrayRecord
    layout: Layout
    model: NDArray[Any]
    instructions: list[Instruction]
    refused: tuple[str, ...]
    started: float

    def context(self, number: int, rule: Rule, state: Mapping[str, NDArray[Any]]) -> Context:
        """Make what a rule may see of the round, beside its cohort."""
        return Context(
            round=number,
            model=self.model,
            settings=rule.settings,
            state=state,
            honest=rule.honest,
            root_update=None if rule.root is None else partial(_trained, rule.root, self),
        )


def _trained(root: Callable[[Arrays], Arrays], sent: Sent) -> NDArray[Any]:
    """The update (d,) that the server's own data lead to."""
    trained = root(values_of(sent.arrays))
    vector = np.empty_like(sent.model)
    record = ArrayRecord({name: Array(np.asarray(a)) for name, a in trained.items()})
    sent.layout.flatten(record, vector)
    update: NDArray[Any] = vector - sent.model
    return update
