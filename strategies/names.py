"""What nodes are called: by their names where these are free, and never by another's."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strategies.enrolment import Told

# As `strategies.identity.by_public_key` shows a node's key, or its id.
_SHOWN = re.compile(r"key-[0-9a-f]{16}$|^node-\d{6,}$")


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is to be called something.

    Parameters
    ----------
    key : str
        As it is shown, "key-" and the start of its hash; empty where it has none.
    told : Told
        What the node says of itself.
    """

    key: str
    told: Told


def identities(
    new: Mapping[int, Node], known: Mapping[int, str]
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Give every node an identity of its own.

    A node with a key is called by both, `name@key-...`: its name is its own word, the key is
    not. Without a key it is its name, else `partition-` and the partition that the engine gave
    it, else `node-` and its id: the first of these that no other node claims or has.

    Parameters
    ----------
    new : mapping
        Node id to node.
    known : mapping
        Node id to identity, for those who have one: they keep it.

    Returns
    -------
    tuple
        Node id to identity, of the new ones; why some are not called as they say, sorted.

    Examples
    --------
    >>> from strategies.enrolment import Told
    >>> identities({7: Node("", Told("north")), 8: Node("", Told(partition=3))}, {})
    ({7: 'north', 8: 'partition-3'}, ())
    >>> identities({7: Node("", Told("north")), 8: Node("key-0123", Told("north"))}, {})[0]
    {7: 'north', 8: 'north@key-0123'}
    """
    given, reasons = {}, []
    left = dict(new)
    for node, one in new.items():
        if one.key:
            given[node] = f"{one.told.name}@{one.key}" if one.told.name else one.key
            del left[node]
    taken = {*known.values(), *given.values()}
    # Whoever has no name is called by its partition, which no name may take from it.
    reserved = Counter(_fallback(one) for one in left.values() if _fallback(one))
    reserved.update(f"node-{node}" for node in {*new, *known})
    for wish, kind in ((_name, "name"), (_fallback, "partition")):
        claims = Counter(wish(one) for one in left.values())
        for node, one in sorted(left.items()):
            claimed = wish(one)
            if not claimed:
                continue
            others = reserved[claimed] - (claimed == _fallback(one))
            if claims[claimed] > 1:
                why = f"is claimed by {claims[claimed]} nodes"
            elif claimed in taken or (kind == "name" and others > 0):
                why = "is another node's"
            elif kind == "name" and _SHOWN.search(claimed):
                why = "reads like a key or a node id"
            else:
                given[node] = claimed
                continue
            reasons.append((node, f"the {kind} {claimed!r} {why}"))
        left = {node: one for node, one in left.items() if node not in given}
        taken |= set(given.values())
    given |= {node: f"node-{node}" for node in left}
    notes = sorted({f"{why}: the node is {given[node]}" for node, why in reasons})
    return dict(sorted(given.items())), tuple(notes)


def _name(one: Node) -> str:
    return one.told.name


def _fallback(one: Node) -> str:
    return "" if one.told.partition is None else f"partition-{one.told.partition}"
