"""One round's updates of contributors who train at once, each changed as it behaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from flwr.app import Error
from flwr.common.constant import ErrorCode

from anml_fl.behaviour import behaviour_in_round, is_honest
from clients.cohort_training import train_cohort
from clients.judged_vector import vector_of
from clients.redaction import told_instead
from clients.sight import attackers_of
from strategies.error_reply import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from clients.cohort_members import CohortMembers

T = TypeVar("T")


class CohortUpdates:
    """What comes of one round's training, for all who take part.

    Whoever fails does so alone, with the reason that its ClientApp would have replied.

    Parameters
    ----------
    members : CohortMembers
        Of the run, with the global model loaded.
    number : int
        The round, from 1.
    model : mapping
        Name to array: the global model.
    """

    def __init__(
        self, members: CohortMembers, number: int, model: Mapping[str, NDArray[Any]]
    ) -> None:
        self.members, self.model = members, model
        self.local = members.local_round(
            number, model, self._honest_updates, self._own_updates
        )
        attacks = members.config.attacks
        self._acting = {
            kind: behaviour_in_round(kind, number, attacks)
            for kind in {*members.behaviours.values()}
        }
        self._honest = {kind: is_honest(acting) for kind, acting in self._acting.items()}
        self._changes = {k for k in self._acting if self.local.acting(k).update is not None}
        self._place: dict[str, int] = {}
        self._arrays: dict[str, NDArray[Any]] = {}
        self._examples: NDArray[np.int64] = np.empty(0, np.int64)
        self._errors: dict[str, BaseException] = {}
        self._seen: NDArray[Any] | None = None

    @property
    def left_out(self) -> dict[str, str]:
        """Contributor to the reason for which it has no update."""
        return {name: _reason(error) for name, error in self._errors.items()}

    def attempt(self, contributor: str, act: Callable[[str], T]) -> T | None:
        """Let a contributor do something; where it fails, it is left out, and nobody else."""
        if contributor in self._errors:
            return None
        try:
            return act(contributor)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - any, as in a ClientApp
            self._errors[contributor] = told_instead(error, contributor)
            return None

    def train(self, contributors: Sequence[str]) -> None:
        """Train contributors on what they hold."""
        parts: dict[str, Samples] = {}
        kinds, members = self.members.behaviours, self.members
        for name in contributors:
            samples = members.kept_samples(name, self._acting[kinds[name]])
            if samples is None:
                samples = self.attempt(name, self._samples_of)
            if samples is not None:
                parts[name] = samples
        self._place = {name: place for place, name in enumerate(parts)}
        self._examples = np.array([one.labels.size for one in parts.values()], np.int64)
        if self._together(parts):
            return
        self._arrays = {
            name: np.empty((len(parts), *one.shape), one.dtype)
            for name, one in self.model.items()
        }
        for contributor in parts:
            self.attempt(contributor, self._train_alone)

    def _samples_of(self, contributor: str) -> Samples:
        acting = self._acting[self.members.behaviours[contributor]]
        return self.members.samples_of(self.local, contributor, acting)

    def _together(self, parts: Mapping[str, Samples]) -> bool:
        """Train as one cohort, if that can be done with all of them."""
        if not parts or not self._examples.all():
            return False
        settings = self.members.config.training.in_round(self.local.number)
        orders = self.local.orders_of(list(parts))
        try:
            found = train_cohort(
                self.members.model, list(parts.values()), settings, orders, self.members.held
            )
        except Exception:  # noqa: BLE001 - one of them: alone it is seen which
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            self._arrays = {
                name: found[name].astype(one.dtype, copy=False)
                for name, one in self.model.items()
            }
        return True

    def _train_alone(self, contributor: str) -> None:
        kind, place = self.members.behaviours[contributor], self._place[contributor]
        arrays, _ = self.local.trained(contributor, kind)
        self._put(place, arrays)

    def change(self) -> None:
        """Let behaviours change their updates; those of the honest first, which others see."""
        kinds = self.members.behaviours
        changing = [name for name in self._place if kinds[name] in self._changes]
        # Stable: in each of both halves by identity.
        for contributor in sorted(changing, key=lambda name: not self._honest[kinds[name]]):
            self.attempt(contributor, self._change)

    def _change(self, contributor: str) -> None:
        kind, place = self.members.behaviours[contributor], self._place[contributor]
        own = {name: column[place] for name, column in self._arrays.items()}
        self._put(place, self.local.sent(contributor, kind, own))

    def _put(self, place: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        for name, column in self._arrays.items():
            column[place] = arrays[name]

    def columns(
        self,
    ) -> tuple[tuple[str, ...], dict[str, NDArray[Any]], NDArray[np.int64]]:
        """Give who replies, their arrays and their example counts."""
        if not self._errors:
            return tuple(self._place), self._arrays, self._examples
        kept = {n: place for n, place in self._place.items() if n not in self._errors}
        rows = list(kept.values())
        arrays = {name: column[rows] for name, column in self._arrays.items()}
        return tuple(kept), arrays, self._examples[rows]

    def _honest_updates(self) -> NDArray[Any]:
        """Stack the updates that the run's honest contributors send: (m, d)."""
        if self._seen is None:
            kinds = self.members.behaviours
            honest = [name for name in kinds if self._honest[kinds[name]]]
            asked = {*self._place, *self._errors}
            # Who was not drawn for this round is seen all the same, as by an attacker alone.
            rest = CohortUpdates(self.members, self.local.number, self.model)
            rest.train([name for name in honest if name not in asked])
            rest.change()
            updates = self._updates(honest, rest)
            updates.setflags(write=False)
            self._seen = updates
        return self._seen

    def _own_updates(self, contributor: str) -> NDArray[Any]:
        """Train the attackers honestly, on what they hold: (f, d)."""
        members, local = self.members, self.local
        names = attackers_of(members.config, local.number) or [contributor]
        found = train_cohort(
            members.model,
            [local.held_by(name) for name in names],
            members.config.training.in_round(local.number),
            [local.order_of(name) for name in names],
            members.held,
        )
        rows = [found[one].reshape(len(names), -1) for one in local.judged]
        updates = np.concatenate(rows, axis=1)
        updates -= vector_of(self.model, local.judged)
        return updates

    def _updates(self, names: Sequence[str], rest: CohortUpdates) -> NDArray[Any]:
        """Take the updates of some, each from this cohort or from the rest."""
        errors = {**self._errors, **rest._errors}
        for name in names:
            if name in errors:
                raise errors[name]
        judged = self.local.judged
        before = np.concatenate([self.model[one].ravel() for one in judged])
        updates = np.empty((len(names), before.size), before.dtype)
        for source in (self, rest):
            rows = [i for i, name in enumerate(names) if name in source._place]
            if rows:
                places = [source._place[names[i]] for i in rows]
                columns = [
                    source._arrays[one][places].reshape(len(rows), -1) for one in judged
                ]
                updates[rows] = np.concatenate(columns, axis=1) - before
        return updates


def _reason(error: BaseException) -> str:
    """Word an error as the reply would have been that a ClientApp gives in its place."""
    said = f"{type(error).__name__}: {error}"
    return worded(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, said))
