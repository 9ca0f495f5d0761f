"""`anml registry list`, `show` and `signals`: what is recorded, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure
from anml_fl.commands.help import Command
from anml_fl.commands.options import at_option, in_registry
from anml_fl.commands.output import plain, show_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from anml_fl.commands.options import Answer
    from anml_fl.registry.domain import Contributor, Issuer
    from anml_fl.registry.sql import SqlRegistry


def contributor_of(held: SqlRegistry, identity: str, at: datetime) -> Contributor:
    """Find a contributor by its identity.

    Raises
    ------
    Failure
        If nobody had that identity.
    """
    for one in held.contributors(at):
        if one.identity == identity:
            return one
    raise Failure(
        f"no contributor {identity!r} was known at {plain(at)}; `anml registry list` shows who"
    )


def issuer_row(issuer: Issuer, revoked: datetime | None = None) -> dict[str, Any]:
    """Turn an issuer into what JSON holds, with its key's id.

    Parameters
    ----------
    revoked : datetime, optional
        From when on its key is revoked.
    """
    from anml_fl.registry.attestation import key_id

    validity = f"revoked from {plain(revoked)} on" if revoked else "valid"
    key = key_id(issuer.public_key)
    return {"key_id": key, **plain(issuer), "validity": validity}


@click.command("list", cls=Command)
@click.argument(
    "what",
    type=click.Choice(
        ("contributors", "contributions", "issuers", "attestations", "revocations")
    ),
    default="contributors",
)
@at_option
@in_registry()
def list_(held: SqlRegistry, at: datetime, what: str) -> Answer:
    """List contributors, contributions, issuers, attestations or revocations."""
    read, columns = _LISTS[what]
    rows = read(held, at)
    return rows, lambda: show_table(rows, columns, f"no {what}")


@click.command(cls=Command)
@click.argument("contributor")
@at_option
@in_registry()
def show(held: SqlRegistry, at: datetime, contributor: str) -> Answer:
    """Show all that is known of CONTRIBUTOR, and the signals that follow from it."""
    found = {
        "contributor": plain(contributor_of(held, contributor, at)),
        "contributions": _contributions(held, contributor, at),
        "attestations": _attestations(held, contributor, at),
        "reputation": [
            {"at": plain(when), **plain(entry)}
            for when, entry in held.history(contributor, at)
        ],
        "signals": _signals(held, [contributor], at)[0],
    }
    return found, lambda: _show_tables(found, at)


def _show_tables(found: Mapping[str, Any], at: datetime) -> None:
    for rows, columns, empty, title in (
        ([found["contributor"]], ("identity", "name", "domain", "since"), "", "Contributor"),
        ([found["signals"]], ("v", "r", "T", "s"), "", f"Signals at {plain(at)}"),
        (
            found["contributions"],
            ("data_hash", "size", "collected", "flagged"),
            "no contribution: nothing of it ages (T = 1)",
            "Contributions, the last one current",
        ),
        (
            found["attestations"],
            _ATTESTATION,
            "no attestation: it vouches for itself",
            "Attestations",
        ),
        (
            found["reputation"],
            ("at", "run", "round", "reputation", "reason"),
            "no round observed: a newcomer's r",
            "Reputation",
        ),
    ):
        show_table(rows, columns, empty, title)


@click.command(cls=Command)
@click.argument("contributors", nargs=-1)
@at_option
@in_registry()
def signals(held: SqlRegistry, at: datetime, contributors: tuple[str, ...]) -> Answer:
    """Show v, r and T of CONTRIBUTORS, or of all, as a round at that time would see them.

    Who is not known has the cold-start values, as in a round.
    """
    asked = contributors or [one.identity for one in held.contributors(at)]
    rows = _signals(held, asked, at)
    columns = ("contributor", "v", "r", "T", "s", "known")
    empty = f"no contributors were known at {plain(at)}"
    return rows, lambda: show_table(rows, columns, empty)


def _signals(
    held: SqlRegistry, contributors: Sequence[str], at: datetime
) -> list[dict[str, Any]]:
    found = held.signals(contributors, at=at)
    columns = (found.v.tolist(), found.r.tolist(), found.T.tolist(), found.s.tolist())
    people = {one.identity for one in held.contributors(at)}
    return [
        {
            "contributor": name,
            "at": plain(at),
            **{"v": v, "r": r, "T": T, "s": s},
            "known": name in people,
        }
        for name, v, r, T, s in zip(contributors, *columns, strict=True)
    ]


def _contributions(held: SqlRegistry, contributor: str, at: datetime) -> list[dict[str, Any]]:
    from anml_fl.registry.domain import Withdrawn

    flagged = {
        one.target
        for one in held.revocations(at)
        if one.kind is Withdrawn.CONTRIBUTION and one.moment <= at
    }
    return [
        {**plain(one), "flagged": f"{contributor}/{one.data_hash}" in flagged}
        for one in held.contributions(contributor, at)
    ]


def _of_all(
    read: Callable[[SqlRegistry, str, datetime], list[dict[str, Any]]],
) -> Callable[[SqlRegistry, datetime], list[dict[str, Any]]]:
    return lambda held, at: [
        row for one in held.contributors(at) for row in read(held, one.identity, at)
    ]


def _issuers(held: SqlRegistry, at: datetime) -> list[dict[str, Any]]:
    from anml_fl.registry.attestation import key_id
    from anml_fl.registry.domain import Withdrawn

    moments: dict[str, datetime] = {}
    for one in held.revocations(at):
        if one.kind is Withdrawn.ISSUER_KEY:
            moments[one.target] = min(one.moment, moments.get(one.target, one.moment))
    return [issuer_row(one, moments.get(key_id(one.public_key))) for one in held.issuers(at)]


def _attestations(held: SqlRegistry, contributor: str, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "contributor": contributor,
            "target": f"{one.attestation.key_id}/{one.attestation.id}",
            **plain(one.attestation),
            "received": plain(one.received),
            "validity": one.lost or "valid",
        }
        for one in held.attestations(contributor, at)
    ]


_ATTESTATION = ("level", "issuer", "expires", "validity", "target")
_LISTS: dict[str, tuple[Callable[[SqlRegistry, datetime], list[dict[str, Any]]], Any]] = {
    "contributors": (
        lambda held, at: [plain(one) for one in held.contributors(at)],
        ("identity", "name", "domain", "since"),
    ),
    "contributions": (
        _of_all(_contributions),
        ("contributor", "size", "collected", "flagged", "data_hash"),
    ),
    "issuers": (_issuers, ("name", "levels", "since", "until", "validity", "key_id")),
    "attestations": (_of_all(_attestations), ("contributor", *_ATTESTATION)),
    "revocations": (
        lambda held, at: [plain(one) for one in held.revocations(at)],
        ("kind", "target", "moment", "reason"),
    ),
}
