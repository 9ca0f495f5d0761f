"""Check a run's folder: by its ledger, and attribution by what it was worked out from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.run.attribution import load_attribution
from anml_fl.run.difference import DifferenceError, content_of, strict_json
from anml_fl.run.files import ATTRIBUTION, SUMMARY
from anml_fl.run.ledger_audit import audit
from anml_fl.run.rank_correlation import rank_correlation
from anml_fl.run.settled_shares import settled_by_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.run.ledger_audit import Audit
    from anml_fl.run.parsing import Parse


def audit_run(
    run: Path,
    key: Ed25519PublicKey | None = None,
    *,
    unfinished: bool = False,
    parse: Parse | None = None,
) -> Audit:
    """Check a run's folder against its ledger, `attribution.json` too if it is there.

    Parameters
    ----------
    run : Path
        The run's folder.
    key : Ed25519PublicKey, optional
        As in `anml_fl.run.ledger_audit.audit`.
    unfinished : bool
        Accept a run that still goes on.
    parse : callable, optional
        As in `anml_fl.run.ledger_audit.audit`.

    Raises
    ------
    OSError, ValueError
        As `anml_fl.run.ledger_audit.audit`.
    """
    found = audit(run, key, unfinished=unfinished, parse=parse)
    if not found.ok or not (run / ATTRIBUTION).exists():
        return found
    try:
        _check_attribution(run, found)
    except DifferenceError as error:
        return replace(found, difference=str(error))
    return found


def _check_attribution(run: Path, found: Audit) -> None:
    """Compare what follows from ledger, summary and the values themselves.

    The values do not: they take the data set, and minutes. `anml attribution` has them anew.
    """
    try:
        contributors = strict_json(content_of(run, SUMMARY))["contributors"]
        said = load_attribution(run, contributors)
    except (ValueError, KeyError) as error:
        raise DifferenceError(f"{ATTRIBUTION}: {error}") from error
    if said is None:
        return
    if said.to_json().encode() != content_of(run, ATTRIBUTION):
        raise DifferenceError(f"{ATTRIBUTION} is not written as `anml attribution` writes it")
    chain = found.verdict.chain
    fitting = settled_by_ledger(said, found.payouts)
    strategy = chain.opened and strict_json(chain.opened.strategy)
    expected = [
        ("strategy", said.strategy, strategy),
        ("rounds", said.rounds, chain.rounds),
        ("settled_by", said.settled_by, "ledger"),
    ]
    for one, paid in zip(said.contributors, fitting.contributors, strict=True):
        expected.append((f"{one.contributor}: settled", one.settled, paid.settled))
    people = said.contributors
    exact = None
    if people and people[0].exact_shapley is not None:
        exact = np.array([one.exact_shapley for one in people], dtype=float)
    for way, ranked in zip(said.estimators, fitting.estimators, strict=True):
        values = np.array([getattr(one, way.name) for one in people], dtype=float)
        expected.append((f"{way.name}: with_settled", way.with_settled, ranked.with_settled))
        rank = rank_correlation(values, exact)
        expected.append((f"{way.name}: with_exact", way.with_exact, rank))
    for name, value, should in expected:
        if value != should:
            raise DifferenceError(
                f"{ATTRIBUTION}: {name} is {value!r}, but {should!r} follows from the ledger"
                " and the values beside it; `anml attribution` writes it anew"
            )
