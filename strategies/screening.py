"""Screening replies: which ones count, for whom, and why the others do not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, RecordDict

from strategies import protocol
from strategies.arrays import BadArrayError
from strategies.error_reply import LONGEST_REASON
from strategies.incoming import Incoming
from strategies.instruction import BadReplyError, attribute
from strategies.layout import Layout
from strategies.metrics import reported, reported_examples
from strategies.packing import unpacked_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from strategies.instruction import Instruction
    from strategies.metrics import Reported
    from strategies.updates import Updates

# Nobody has more to show for one data set, and each costs a signature's check.
_MOST_TOKENS = 16
_LONGEST_TOKEN = 8192
# Of those a run names three at most that contributors have too: task, data set, model.
_MOST_MODULES, _LONGEST_MODULE = 8, 100
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Screened:
    """Replies of one round, sorted out; nothing depends on the order of arrival.

    Parameters
    ----------
    contributors : tuple of str
        Whose updates are valid, by stable identity.
    updates : Updates or (n, d) array
        Their parameters, the global model subtracted; finite.
    buffers : tuple of mapping
        Their buffers by name, in the same order.
    examples : (n,) float64
        Their own claims of example counts.
    left_out : mapping
        Contributor to the reason, for all others who were asked.
    refused : tuple of str
        Reasons of replies that could be credited to nobody, sorted.
    credentials : mapping
        Contributor to the tokens in its valid reply, at most 16; nothing in them is checked.
    codes : mapping
        Contributor to the hash of the code that it says it runs, if it says so.
    policies : mapping
        Contributor to the hash of what it says it lets leave its node, if it says so.
    own : mapping
        Contributor to the modules of its own that it says it runs, each to the hash of its
        files.
    echoed : bool
        Whether any reply had its round's secret.
    metrics : mapping
        Contributor to the metrics in its valid reply, where these can be used.
    """

    contributors: tuple[str, ...]
    updates: Updates | NDArray[Any]
    buffers: tuple[Mapping[str, NDArray[Any]], ...]
    examples: NDArray[np.float64]
    left_out: Mapping[str, str]
    refused: tuple[str, ...]
    credentials: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, str]
    policies: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]
    echoed: bool
    metrics: Mapping[str, Reported]

    @property
    def everyone(self) -> list[str]:
        """Who was asked, by stable identity."""
        return sorted({*self.contributors, *self.left_out})

    def without(self, reasons: Mapping[str, str]) -> Screened:
        """Leave more contributors out, for the reasons given."""
        if not (left := {n: why for n, why in reasons.items() if n in self.contributors}):
            return self
        kept = [i for i, name in enumerate(self.contributors) if name not in left]
        return replace(
            self,
            contributors=tuple(self.contributors[i] for i in kept),
            updates=self.updates[kept],
            buffers=tuple(self.buffers[i] for i in kept),
            examples=self.examples[kept],
            left_out={**self.left_out, **left},
            credentials={n: own for n, own in self.credentials.items() if n not in left},
            metrics={n: own for n, own in self.metrics.items() if n not in left},
        )


def screen(
    instructions: Iterable[Instruction],
    replies: Iterable[Message],
    layout: Layout,
    model: NDArray[Any],
    before: Mapping[str, NDArray[Any]],
    code: str | None = None,
    *,
    packed: bool = False,
    weighted_by_key: str = protocol.EXAMPLES,
) -> Screened:
    """Sort replies out: valid updates, and a reason for everything else.

    Parameters
    ----------
    instructions : iterable of Instruction
        Of this round.
    replies : iterable of Message
        In any order, from anyone; never believed, never raised on. An iterator that nobody
        else holds lets each reply go once its update is there.
    layout : Layout
        Of the global model.
    model : (d,) array
        The global model as a vector.
    before : mapping
        Its buffers, by name. What is not finite in them stays as it is; what is finite there
        must be so in a reply.
    code : str, optional
        Hash of the code that a contributor must say it runs. An honest mistake shows in it,
        a lie does not. Errors of that code quote no data, and are told in their words.
    packed : bool
        Whether arrays travel as one.
    weighted_by_key : str
        The metric that is an example count.
    """
    credited, left_out, refused = attribute(instructions, replies, worded=code is not None)
    echoed = bool(credited)
    metrics: dict[str, Reported] = {}
    contributors: list[str] = []
    buffers: list[dict[str, NDArray[Any]]] = []
    examples: list[float] = []
    credentials: dict[str, tuple[str, ...]] = {}
    codes: dict[str, str] = {}
    policies: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {}
    incoming = Incoming(layout, model, before, len(credited))
    for contributor in sorted(credited):
        # What is not viewed of it is let go: all replies and all updates are twice as much.
        reply = credited.pop(contributor)
        try:
            if policy := _hash(reply.content, protocol.EGRESS):
                policies[contributor] = policy
            if said := _hash(reply.content, protocol.CODE):
                codes[contributor] = said
            if modules := _modules(reply.content):
                own[contributor] = modules
            if wrong := code_reason(said, code):
                raise BadReplyError(wrong)
            count = reported_examples(reply.content, weighted_by_key)
            said_of_it = _metrics(reply.content, weighted_by_key)
            values = _values(reply.content, layout, packed)
            credential = reply.content.get(protocol.CREDENTIALS)
            shown = (
                tokens_in(credential.get(protocol.TOKENS))
                if isinstance(credential, ConfigRecord)
                else ()
            )
            found = incoming.take(values)
        except BadReplyError as error:
            left_out[contributor] = str(error)[:LONGEST_REASON]
        except Exception as error:  # noqa: BLE001 - hostile bytes must not end the round
            left_out[contributor] = f"unreadable reply ({type(error).__name__})"
        else:
            contributors.append(contributor)
            buffers.append(found)
            examples.append(count)
            if said_of_it is not None:
                metrics[contributor] = said_of_it
            if shown:
                credentials[contributor] = shown
    updates, unusable = incoming.updates()
    screened = Screened(
        tuple(contributors),
        updates,
        tuple(buffers),
        np.array(examples, dtype=np.float64),
        left_out,
        refused,
        credentials,
        codes,
        policies,
        own,
        echoed,
        metrics,
    )
    return screened.without({contributors[place]: why for place, why in unusable.items()})


def _hash(content: RecordDict, name: str) -> str | None:
    record = content.get(name)
    said = record.get(protocol.HASH) if isinstance(record, ConfigRecord) else None
    return said if isinstance(said, str) and _SHA256.fullmatch(said) else None


def _modules(content: RecordDict) -> dict[str, str]:
    """Take what a contributor says of modules of its own."""
    record = content.get(protocol.OWN)
    return hashes_in(record) if isinstance(record, ConfigRecord) else {}


def hashes_in(told: Mapping[str, object]) -> dict[str, str]:
    """Take names and their hashes; what is no hash is nothing.

    Examples
    --------
    >>> hashes_in({"task": "a" * 64, "model": "b"}) == {"task": "a" * 64}
    True
    """
    return {
        name[:_LONGEST_MODULE]: said
        for name, said in list(told.items())[:_MOST_MODULES]
        if isinstance(said, str) and _SHA256.fullmatch(said)
    }


def code_reason(said: str | None, code: str | None) -> str | None:
    """Say why a contributor is left out for the code that it says it runs; None if it is not.

    Examples
    --------
    >>> code_reason("a" * 64, "a" * 64), code_reason(None, None)
    (None, None)
    >>> code_reason(None, "a" * 64)[:27]
    'runs code that it does not '
    """
    if code is None or said == code:
        return None
    theirs = f"code {said[:12]}" if said else "code that it does not name"
    return f"runs {theirs}, the server {code[:12]}: install the server's version of anml-fl"


def _metrics(content: RecordDict, weighted_by_key: str) -> Reported | None:
    """Take the metrics, if they can be used: no update is refused for what is said of it."""
    try:
        return reported(content, weighted_by_key)
    except (BadReplyError, OverflowError):
        return None


def tokens_in(found: object) -> tuple[str, ...]:
    """Take the credentials that were shown; what is no token costs the reply nothing.

    Examples
    --------
    >>> tokens_in(["a", 7, "b"]), tokens_in("a"), len(tokens_in(["a"] * 99))
    (('a', 'b'), (), 16)
    """
    if not isinstance(found, list):
        return ()
    # One that is cut off no longer holds: its refusal is recorded.
    texts = (token for token in found[:_MOST_TOKENS] if isinstance(token, str))
    return tuple(token[:_LONGEST_TOKEN] for token in texts)


def _values(content: RecordDict, layout: Layout, packed: bool) -> Mapping[str, NDArray[Any]]:
    """View a reply's arrays by name."""
    # Not `array_records`: it is a circle, which keeps a reply until Python looks for those.
    records = {n: one for n, one in content.items() if isinstance(one, ArrayRecord)}
    # Under any name, as Flower's strategies have it: one is the model.
    if len(records) != 1:
        raise BadReplyError(
            "exactly one array record is needed, got"
            f" {[str(name)[:40] for name in list(records)[:3]]}"
        )
    (arrays,) = records.values()
    try:
        return unpacked_values(arrays, layout) if packed else layout.values(arrays)
    except BadArrayError as error:
        raise BadReplyError(str(error)) from error
