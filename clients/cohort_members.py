"""A run's contributors, as all its rounds find them: what no round changes is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flwr.app import ConfigRecord

from anml_fl.federation.attacker_credentials import with_credentials
from anml_fl.federation.contributors import behaviours_of
from anml_fl.models.parts import Parts
from anml_fl.models.places import Places
from anml_fl.models.state import arrays_of
from clients.cohort_training import Held
from clients.judged_vector import vector_of
from clients.local_round import LocalRound
from strategies import protocol
from strategies.screening import tokens_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


class CohortMembers:
    """Contributors who are trained together, round by round.

    Parameters
    ----------
    config : RunConfig
    task : Task
        As contributors have it.

    Attributes
    ----------
    behaviours : mapping
        Contributor to behaviour, in the order of the partitions.
    model : torch.nn.Module
        Loaded anew in each round: training leaves it as it is.
    places : Places
        Where its arrays lie.
    held : Held
        Their samples on the device.
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        self.config, self.task = config, task
        self.behaviours: Mapping[str, str] = behaviours_of(config)
        self.model: nn.Module = task.initial_model().train()
        self.places = Places(self.model)
        self.held = Held()
        self._judged = tuple(Parts.of(self.model).judged)
        self._first = vector_of(arrays_of(self.model), self._judged).copy()
        self._places = {name: place for place, name in enumerate(task.data.names)}
        self._samples: dict[tuple[str, str], Samples] = {}
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._showing = {
            kind
            for kind in {*self.behaviours.values()}
            if with_credentials(kind, config.attacks).credentials is not None
        }

    def local_round(
        self,
        number: int,
        model: Mapping[str, NDArray[Any]],
        honest_updates: Callable[[], NDArray[Any]],
        own_updates: Callable[[str], NDArray[Any]],
    ) -> LocalRound:
        """Give the round as one contributor has it, beside whom the others train too."""
        return _OneOfMany(
            self.config,
            self.task,
            number,
            model,
            self._places,
            self._judged,
            self._first,
            honest_updates,
            own_updates,
            {},
        )

    def samples_of(self, local: LocalRound, contributor: str, acting: str) -> Samples:
        """Make the samples that a contributor trains on, and keep them.

        Parameters
        ----------
        local : LocalRound
        contributor : str
        acting : str
            The behaviour that it has in the round.
        """
        found = local.samples_of(contributor, self.behaviours[contributor])
        self._samples[contributor, acting] = found
        return found

    def kept_samples(self, contributor: str, acting: str) -> Samples | None:
        """Find those that were made in an earlier round."""
        return self._samples.get((contributor, acting))

    def showing(self, contributors: Sequence[str]) -> list[str]:
        """Say which contributors show credentials."""
        return [name for name in contributors if self.behaviours[name] in self._showing]

    def shown_by(self, contributor: str) -> tuple[str, ...]:
        """Make what a contributor shows for itself, once."""
        if contributor not in self._tokens:
            self._tokens[contributor] = self._made(contributor)
        return self._tokens[contributor]

    def _made(self, contributor: str) -> tuple[str, ...]:
        kind = self.behaviours[contributor]
        if (make := with_credentials(kind, self.config.attacks).credentials) is None:
            return ()
        tokens = make(self.config.seed, contributor, self.task.data.names)
        # What no message could carry fails as it would in one.
        ConfigRecord({protocol.TOKENS: tokens})
        # As the server finds them in one: what is no list is none.
        return tokens_in(tokens)


@dataclass(frozen=True, slots=True)
class _OneOfMany(LocalRound):
    """A round as one of those has it who train together: what they share is there already."""

    places: Mapping[str, int] = field(repr=False)
    names_judged: tuple[str, ...]
    first: NDArray[Any] = field(repr=False)
    honest: Callable[[], NDArray[Any]]
    own: Callable[[str], NDArray[Any]]
    shared: dict[str, NDArray[Any]] = field(repr=False)

    def held_by(self, contributor: str) -> Samples:
        return self.task.data.parts[self.places[contributor]]

    @property
    def judged(self) -> tuple[str, ...]:
        return self.names_judged

    def _honest_updates(self) -> NDArray[Any]:
        return self.honest()

    def own_updates(self, contributor: str) -> NDArray[Any]:
        return self.once("own", lambda: self.own(contributor))

    def moved(self) -> NDArray[Any]:
        moved: NDArray[Any] = vector_of(self.model, self.names_judged) - self.first
        return moved

    def known(self) -> dict[str, NDArray[Any]]:
        return self.shared
