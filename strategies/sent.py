"""What went out for a round, until the replies are there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flwr.app import ArrayRecord

from strategies.context import Context
from strategies.root_set import own_update, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from strategies.instruction import Instruction
    from strategies.layout import Layout
    from strategies.rule import Rule
    from strategies.sampling import Drawn


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
    buffers : mapping
        Its buffers, by name.
    instructions : list of Instruction
        To whom it went.
    drawn : Drawn
        Who was asked.
    started : float
        When, by `time.perf_counter`.
    """

    arrays: ArrayRecord
    layout: Layout
    model: NDArray[Any]
    buffers: Mapping[str, NDArray[Any]]
    instructions: list[Instruction]
    drawn: Drawn
    started: float

    def context(
        self, number: int, rule: Rule, state: Mapping[str, NDArray[Any]], seed: int
    ) -> Context:
        """Make what a rule may see of the round, beside its cohort."""
        return Context(
            round=number,
            model=self.model,
            settings=rule.settings,
            state=state,
            honest=rule.honest,
            root_update=None
            if rule.root is None
            else partial(own_update, rule.root, self.arrays, self.layout, self.model),
            root=root_of(rule.root, self.arrays, self.layout, self.model),
            shapes=self.layout.judged,
            seed=seed,
        )
