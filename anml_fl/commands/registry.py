"""`anml registry`: who contributes what, who vouches for it, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.help import Group
from anml_fl.commands.options import answer, in_registry, json_option, time_option
from anml_fl.commands.output import plain
from anml_fl.commands.registry_reading import contributor_of, issuer_row, list_, show, signals

if TYPE_CHECKING:
    from datetime import datetime

    from anml_fl.commands.options import Answer
    from anml_fl.registry.domain import Contributor
    from anml_fl.registry.sql import SqlRegistry

# As in `anml_fl.registry.jws.LEVELS` and `anml_fl.method.provenance.DECAY_RATES`, which
# would take a second to import; a test compares.
LEVELS = ("independently-reproduced", "peer-reviewed", "institution-verified")
DOMAINS = ("theory", "established science", "fast-moving research", "news")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def registry() -> None:
    """Keep contributors, their data, and who vouches for them."""


@registry.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def key(file: Path, as_json: bool) -> None:
    """Make an Ed25519 key pair: FILE, which stays secret, and FILE.pub."""
    from anml_fl.registry.attestation import key_id
    from anml_fl.registry.keys import make_key

    with errors_reported():
        public = make_key(file).public_key().public_bytes_raw()
    made = {"private": str(file), "public": f"{file}.pub", "key_id": key_id(public)}
    answer(as_json, made, f"{file}: keep it secret\n{file}.pub: key id {made['key_id']}")


@registry.group()
def add() -> None:
    """Add a contributor, a contribution or an issuer; makes the database if need be."""


@add.command("contributor")
@click.option("--key", type=_FILE, required=True, help="Its node's public key.")
@click.option("--name", required=True, help="For people.")
@click.option("--domain", type=click.Choice(DOMAINS), required=True, help="How data age.")
@click.option("--id", "identity", help="Stable identity.  [default: as Flower's nodes have]")
@in_registry(make=True)
def add_contributor(
    held: SqlRegistry, at: datetime, key: Path, name: str, domain: str, identity: str | None
) -> Answer:
    """Add somebody who contributes.

    The key is the public key that `flwr supernode register` was given: OpenSSH's line, PEM
    or DER. The identity follows from it, so that a run finds the contributor by its node.
    """
    from anml_fl.registry import keys
    from anml_fl.registry.domain import Contributor

    public = keys.node_key(key)
    fact = Contributor(identity or keys.identity(public), name, domain, public, at)
    held.add_contributor(fact, at=at)
    return plain(fact), f"added contributor {fact.identity} ({name})"


def _check_contribution(
    data: Path | None, data_hash: str | None, collected: datetime, **_: object
) -> None:
    from anml_fl.registry.clock import now

    if (data is None) == (data_hash is None):
        raise click.UsageError("either --data FILE or --data-hash sha256:<64 hex> is needed")
    if collected > now():
        raise Failure(
            f"--collected must not lie in the future, got {plain(collected)}: age is counted"
            " from when the data were collected"
        )


@add.command("contribution")
@click.argument("contributor")
@click.option("--data", type=_FILE, help="The data, in one file, to be hashed.")
@click.option("--data-hash", help="Or their hash: sha256:<64 hex>.")
@click.option("--size", type=click.IntRange(1, 2**63 - 1), required=True, help="Samples.")
@time_option("--collected", begins=True, required=True, help="When: their age starts here.")
@in_registry(check=_check_contribution)
def add_contribution(
    held: SqlRegistry,
    at: datetime,
    contributor: str,
    data: Path | None,
    data_hash: str | None,
    size: int,
    collected: datetime,
) -> Answer:
    """Add what CONTRIBUTOR brings; the latest is its current contribution."""
    from anml_fl.registry.domain import Contribution

    identity = contributor_of(held, contributor, at).identity
    fact = Contribution(
        identity, str(data_hash if data is None else _hash(data)), size, collected
    )
    held.add_contribution(fact, at=at)
    return plain(fact), f"added {fact.data_hash} of {fact.contributor}"


@add.command("issuer")
@click.argument("name")
@click.option("--key", type=_FILE, required=True, help="Its public key, Ed25519.")
@click.option(
    "--level", "levels", type=click.Choice(LEVELS), multiple=True, required=True,
    help="What it may attest; repeat for several.",
)  # fmt: skip
@time_option("--since", begins=True, help="Trusted from here on.  [default: now]")
@time_option("--until", required=True, help="Trusted before this; of a day, its start in UTC.")
@in_registry(make=True)
def add_issuer(
    held: SqlRegistry,
    at: datetime,
    name: str,
    key: Path,
    levels: tuple[str, ...],
    since: datetime | None,
    until: datetime,
) -> Answer:
    """Add somebody who may vouch for contributions, NAME, by a key."""
    from anml_fl.registry import keys
    from anml_fl.registry.attestation import key_id
    from anml_fl.registry.domain import Issuer
    from anml_fl.registry.jws import LEVELS as MEMBERS

    public = keys.public_key(key).public_bytes_raw()
    # Tokens are dated in whole seconds: one that is signed at once is not too early.
    start = since or at.replace(microsecond=0)
    fact = Issuer(name, public, frozenset(MEMBERS[one] for one in levels), start, until)
    held.add_issuer(fact, at=at)
    return issuer_row(fact), f"added issuer {name}: key {key_id(public)}"


@registry.command()
@click.argument("contributor")
@click.option(
    "--token", type=click.File("rb"), help="Record this token; - reads it from standard input."
)
@click.option("--sign-with", type=_FILE, help="Or sign one, with this private key,")
@click.option("--issuer", help="by this issuer,")
@click.option("--level", type=click.Choice(LEVELS), help="for this level,")
@time_option("--expires", help="until then (of a day, its start in UTC),")
@click.option("--data-hash", help="about this contribution.  [default: the current one]")
@in_registry()
def attest(
    held: SqlRegistry, at: datetime, contributor: str, token: Any, **signing: Any
) -> Answer:
    """Record an attestation for CONTRIBUTOR, or sign and record one; print the token.

    A token that does not hold is refused with the reason, and nothing is recorded.
    """
    person = contributor_of(held, contributor, at)
    if token is None:
        text = _signed(held, at, person, **signing)
    elif any(signing.values()):
        raise click.UsageError("--token is signed already: give nothing beside it")
    else:
        text = _token(token.read(), getattr(token, "name", "standard input"))
    for reason in held.present(person.identity, [text], at=at):
        raise Failure(f"refused: {reason}")
    kept = (one.attestation for one in held.attestations(person.identity, held.now()))
    (fact,) = (one for one in kept if one.token == text)
    return plain(fact), text


def _signed(
    held: SqlRegistry,
    at: datetime,
    person: Contributor,
    sign_with: Path | None,
    issuer: str | None,
    level: str | None,
    expires: datetime | None,
    data_hash: str | None,
) -> str:
    import secrets

    from anml_fl.registry import keys
    from anml_fl.registry.attestation import issue
    from anml_fl.registry.jws import LEVELS as MEMBERS

    if not (sign_with and issuer and level and expires):
        raise click.UsageError(
            "either --token FILE, or --sign-with, --issuer, --level and --expires"
        )
    return issue(
        keys.private_key(sign_with),
        issuer=issuer,
        subject=person.public_key,
        level=MEMBERS[level],
        data_hash=data_hash or _current_hash(held, person.identity, at),
        issued=at,
        expires=expires,
        id=secrets.token_hex(8),
    )


@registry.command()
@click.argument("what", type=click.Choice(("issuer", "attestation")))
@click.argument("target")
@time_option("--moment", begins=True, help="From when on.  [default: now]")
@click.option("--reason", required=True)
@in_registry()
def revoke(
    held: SqlRegistry,
    at: datetime,
    what: str,
    target: str,
    moment: datetime | None,
    reason: str,
) -> Answer:
    """Take an issuer's key or one attestation back.

    TARGET is an issuer's key id, or an attestation's KEY_ID/ID, as `list` shows them; the
    start of the key id is enough. Of an issuer's key, what had been received up to the
    moment keeps its effect.
    """
    from anml_fl.registry.domain import Revocation, Withdrawn

    kind = Withdrawn.ISSUER_KEY if what == "issuer" else Withdrawn.ATTESTATION
    fact = Revocation(kind, _in_full(held, target, at), moment or at, reason)
    for one in held.revocations(at):
        if (one.kind, one.target) == (kind, fact.target) and one.moment <= fact.moment:
            raise Failure(
                f"{what} {fact.target} is revoked already, from {plain(one.moment)} on"
            )
    held.revoke(fact, at=at)
    return plain(fact), f"revoked {what} {fact.target} from {plain(fact.moment)} on"


@registry.command()
@click.argument("contributor")
@click.option("--data-hash", help="Which contribution.  [default: the current one]")
@click.option("--reason", required=True)
@in_registry()
def flag(
    held: SqlRegistry, at: datetime, contributor: str, data_hash: str | None, reason: str
) -> Answer:
    """Flag a contribution of CONTRIBUTOR as retracted or in doubt: its v falls to .075."""
    from anml_fl.registry.domain import Revocation, Withdrawn

    identity = contributor_of(held, contributor, at).identity
    named = data_hash or _current_hash(held, identity, at)
    fact = Revocation(Withdrawn.CONTRIBUTION, f"{identity}/{named}", at, reason)
    held.revoke(fact, at=at)
    return plain(fact), f"flagged {named} of {identity}"


for _command in (list_, show, signals):
    registry.add_command(_command)


def _current_hash(held: SqlRegistry, identity: str, at: datetime) -> str:
    if not (found := held.contributions(identity, at)):
        raise Failure(f"{identity} has no contribution: `anml registry add contribution`")
    return found[-1].data_hash


def _in_full(held: SqlRegistry, target: str, at: datetime) -> str:
    """Complete the key id that a target begins with, where its start names one key."""
    from anml_fl.registry.attestation import key_id

    start, slash, rest = target.partition("/")
    ids = [key_id(one.public_key) for one in held.issuers(at)]
    meant = [one for one in ids if start and one.startswith(start)]
    return f"{meant[0]}{slash}{rest}" if len(meant) == 1 else target


def _token(content: bytes, name: str) -> str:
    """Read a token; a mail or a terminal may have broken it over lines, which it has not."""
    from anml_fl.system.files import decoded

    return "".join(decoded(content, name).split())


def _hash(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
