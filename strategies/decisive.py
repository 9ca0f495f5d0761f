"""What beside a rule's settings changes what a run decides: two runs that differ are two."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from strategies.root_set import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flwr.app import ArrayRecord

    from strategies.metrics import Metrics
    from strategies.participation import Participation
    from strategies.rule import Rule
    from strategies.sampling import Sampling
    from strategies.transport import Transport


def decisive(
    rule: Rule,
    participation: Participation,
    transport: Transport,
    sampling: Sampling,
    metrics: Metrics,
    arrays: ArrayRecord,
) -> dict[str, str]:
    """Name each option that decides, and what it is but the seed.

    Parameters
    ----------
    rule : Rule
    participation : Participation
    transport : Transport
    sampling : Sampling
    metrics : Metrics
    arrays : ArrayRecord
        The model, of which `judged` names arrays.

    Raises
    ------
    ValueError
        If the model cannot be averaged, or `judged` does not fit it.
    """
    kind, layout = rule.decide, transport.layout(arrays)
    root = {"root": rule.root.about} if isinstance(rule.root, Rows) else {}
    return {
        "rule": f"{kind.__module__}.{getattr(kind, '__qualname__', type(kind).__name__)}",
        "judged": _hash(name for name in layout.names if name not in layout.buffers),
        "members": _hash(sorted(participation.members)),
        "min_train_nodes": str(participation.min_train_nodes),
        "fraction_train": f"{float(sampling.fraction_train)!r}",
        "weighted_by_key": metrics.weighted_by_key,
        **root,
    }


def _hash(names: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(names).encode()).hexdigest()
