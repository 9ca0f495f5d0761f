"""Waiting for nodes, as Flower's own strategies do, but not for ever."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from logging import INFO
from typing import TYPE_CHECKING

from flwr.common.logger import log

if TYPE_CHECKING:
    from flwr.serverapp import Grid

    from strategies.identity import Roster

# How often the grid is asked again, and how often it is said that it is waited for.
_POLL, _TELL = 0.2, 10.0


def gather(
    grid: Grid, roster: Roster, least: int, patience: float
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Wait until there are enough contributors.

    Parameters
    ----------
    grid : Grid
    roster : callable
        Grid to (node id to contributor).
    least : int
        How many contributors are enough.
    patience : float
        Seconds to wait for them.

    Returns
    -------
    tuple
        Node id to contributor, for those who are there, each on one node; and why others
        take no part, sorted.

    Raises
    ------
    RuntimeError
        If they do not come: it says how many are there.
    TypeError
        If the roster gives anything but node ids and names.
    """
    start = time.monotonic()
    reported, seen = start, -1
    while True:
        present, refused = one_node_each(roster(grid))
        now = time.monotonic()
        if len(present) >= least:
            return present, refused
        connected = len(list(grid.get_node_ids()))
        if (left := start + patience - now) <= 0:
            strangers = "" if connected == len(present) else f", on {connected} nodes"
            why = "".join(f"; {reason}" for reason in refused[:3])
            raise RuntimeError(
                f"{len(present)} of {least} contributors are connected{strangers}, and within"
                f" {patience:g} s no more came{why}: start more nodes, wait longer (patience),"
                " or need fewer (min_train_nodes, min_available_nodes)"
            )
        if connected != seen or now - reported >= _TELL:
            log(
                INFO,
                "Waiting for nodes to connect: %d of %d contributors are there, on %d nodes;"
                " %.0f s are left",
                len(present),
                least,
                connected,
                left,
            )
            seen, reported = connected, now
        time.sleep(min(_POLL, left))


def one_node_each(roster: object) -> tuple[dict[int, str], tuple[str, ...]]:
    """Take out whom two nodes stand for: which of the two is meant nobody can tell."""
    if not isinstance(roster, Mapping):
        raise TypeError(
            "roster must give a mapping of node id to contributor, got"
            f" {type(roster).__name__}"
        )
    names = roster.values()
    plain = all(type(node) is int for node in roster) and {*map(type, names)} <= {str}
    if plain and "" not in (known := {*names}) and len(known) == len(roster):
        return dict(roster), ()  # as nearly always, and quick for a hundred thousand
    nodes = defaultdict(list)
    for node, name in roster.items():
        # type(), since a bool is an int.
        if type(node) is not int or not isinstance(name, str) or not name:
            raise TypeError(
                "roster must map node ids to contributors' names, got"
                f" {str(node)[:40]!r}: {str(name)[:40]!r}"
            )
        nodes[name].append(node)
    refused = sorted(
        f"{name[:80]} is claimed by {len(own)} nodes"
        for name, own in nodes.items()
        if len(own) > 1
    )
    present = {own[0]: name for name, own in nodes.items() if len(own) == 1}
    return present, tuple(refused)
