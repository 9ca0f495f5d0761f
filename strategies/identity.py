"""Who runs a node: the stable identity behind Flower's node ids."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from logging import WARNING
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from flwr.common.logger import log

from strategies.enrolment import Told, enrol
from strategies.names import Node, identities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flwr.serverapp import Grid

    Roster = Callable[[Grid], Mapping[int, str]]

# How often the grid is asked again who is connected.
_POLL = 0.2


def by_public_key(grid: Grid) -> dict[int, str]:
    """Identify nodes by the public key that they registered with the SuperLink.

    Returns
    -------
    dict
        Node id to "key-" and the start of the key's SHA-256; "node-" and the node id
        where node authentication is off.
    """
    return {
        node.node_id: _shown(node.public_key) if node.public_key else f"node-{node.node_id}"
        for node in grid.get_nodes()
    }


def _shown(public_key: bytes) -> str:
    return "key-" + hashlib.sha256(public_key).hexdigest()[:16]


def _real_key(public_key: bytes | None) -> str:
    """Show a key as SuperNodes send it; "" for anything else."""
    if public_key is None or not public_key.startswith(b"-----BEGIN PUBLIC KEY-----"):
        return ""
    return _shown(public_key)


class ByKey:
    """Identify a deployment's nodes by the key that they authenticate with.

    A key that the registry does not know takes no part, though SuperLink let it in: whoever
    may register a key there is not yet one of the contributors.

    Parameters
    ----------
    members : mapping
        Public key, as Flower reports it, to contributor.
    least : int
        A round begins once so many are connected,
    patience : float
        or after so many seconds, with whoever is.
    """

    def __init__(
        self, members: Mapping[bytes, str], *, least: int = 1, patience: float = 60.0
    ) -> None:
        self._members = dict(members)
        self._least = least
        self._patience = patience
        self.refused: tuple[str, ...] = ()

    def __call__(self, grid: Grid) -> dict[int, str]:
        """Return node id to contributor, for those who are connected now."""
        deadline = time.monotonic() + self._patience
        while len(present := self._look(grid)) < self._least and time.monotonic() < deadline:
            time.sleep(_POLL)
        return present

    def _look(self, grid: Grid) -> dict[int, str]:
        claims, refused = defaultdict(list), []
        for node in grid.get_nodes():
            if (contributor := self._members.get(node.public_key)) is None:
                refused.append(f"{_shown(node.public_key)} is no key of the registry")
            else:
                claims[contributor].append(node.node_id)
        for contributor, nodes in claims.items():
            if len(nodes) > 1:
                refused.append(f"{contributor} is claimed by {len(nodes)} nodes")
        self.refused = tuple(sorted(refused))
        return {nodes[0]: name for name, nodes in claims.items() if len(nodes) == 1}


class ByName:
    """Identify nodes by what they are called, without taking their word for who they are.

    Each node is asked once, which the mod `clients.echo.echo_nonce` answers with `name` and
    `partition-id` of its node config. How they are called then: `strategies.names.identities`.
    A node that does not answer is called by its key or its id. The random bytes that Flower's
    simulation has in a key's place, other ones in each run, are none.

    Parameters
    ----------
    timeout : float
        Seconds to wait for answers: the first of a simulation comes when its processes have
        started, a minute and more on a busy machine.
    """

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout
        self._told: dict[int, Told] = {}
        self._known: dict[int, str] = {}
        self._notes: tuple[str, ...] = ()

    def __call__(self, grid: Grid) -> dict[int, str]:
        """Return node id to contributor, after asking the nodes not yet known."""
        keys = {node.node_id: node.public_key for node in grid.get_nodes()}
        self._known = {node: name for node, name in self._known.items() if node in keys}
        if new := sorted(set(keys) - set(self._known)):
            if strangers := [node for node in new if node not in self._told]:
                told, _ = enrol(grid, strangers, self._timeout)
                self._told |= {node: told.get(node, Told()) for node in strangers}
            nodes = {node: Node(_real_key(keys[node]), self._told[node]) for node in new}
            named, notes = identities(nodes, self._known)
            self._known |= named
            self._notes += notes
            for note in notes:
                log(WARNING, "%s", note)
        return dict(self._known)

    def take_notes(self) -> tuple[str, ...]:
        """Say, once, why nodes that came since are not called as they say."""
        notes, self._notes = self._notes, ()
        return notes


@runtime_checkable
class KnowsPartitions(Protocol):
    """A grid that dealt its nodes' partitions out itself, and need not ask for them."""

    @property
    def partitions(self) -> Mapping[int, int]:
        """Node id to partition."""
        ...


class ByPartition:
    """Identify a simulation's nodes by the partition that the engine gave them.

    Node ids and keys are random in every simulation run, so each node is asked once for
    its partition, unless the grid itself knows them. That is as good as the simulation itself:
    a deployment must use `by_public_key`. A partition that two nodes claim is nobody's.

    Parameters
    ----------
    contributors : sequence of str
        Who holds each partition.
    timeout : float
        Seconds to wait for answers.

    Attributes
    ----------
    reasons : tuple of str
        Why nodes that were asked last take no part.
    """

    def __init__(self, contributors: Sequence[str], timeout: float = 60.0) -> None:
        self._contributors = tuple(contributors)
        self._timeout = timeout
        self._known: dict[int, str] = {}
        self._refused: set[int] = set()
        self.reasons: tuple[str, ...] = ()

    def __call__(self, grid: Grid) -> dict[int, str]:
        """Return node id to contributor, after asking the nodes not yet known."""
        nodes = set(grid.get_node_ids())
        # A contributor may come back on another node, once the first is gone.
        self._known = {node: name for node, name in self._known.items() if node in nodes}
        if strangers := nodes - set(self._known) - self._refused:
            self._known |= self._enrol(grid, sorted(strangers))
        return dict(self._known)

    def _enrol(self, grid: Grid, nodes: list[int]) -> dict[int, str]:
        reasons: Mapping[int, str] = {}
        if isinstance(grid, KnowsPartitions):
            told = {node: Told(partition=grid.partitions[node]) for node in nodes}
        else:
            told, reasons = enrol(grid, nodes, self._timeout)
        left_out = dict(reasons)
        claims = defaultdict(list)
        for node, one in told.items():
            if one.partition is not None and one.partition < len(self._contributors):
                claims[self._contributors[one.partition]].append(node)
            else:
                self._refused.add(node)
                left_out[node] = f"claims partition {one.claimed}"
        taken = set(self._known.values())
        enrolled = {}
        for contributor, claimants in sorted(claims.items()):
            if len(claimants) == 1 and contributor not in taken:
                enrolled[claimants[0]] = contributor
            else:
                for node in claimants:
                    left_out[node] = f"{contributor} is claimed more than once"
        for node, reason in sorted(left_out.items()):
            log(WARNING, "node-%d takes no part: %s", node, reason)
        self.reasons = tuple(sorted(set(left_out.values())))
        return enrolled
