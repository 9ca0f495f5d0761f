"""What a registry holds: plain facts, each with the instant at which it was recorded.

Nothing here is ever changed: a fact is added, and what holds at an instant follows from
the facts recorded by then. So a past round can be recomputed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from anml_fl.method.provenance import Verification


@dataclass(frozen=True, slots=True)
class Contributor:
    """Somebody who contributes.

    Parameters
    ----------
    identity : str
        Stable identity: in a deployment "key-" and the start of its key's SHA-256.
    name : str
        For people.
    domain : str
        A domain of Table 4, a key of `DECAY_RATES`: how fast its data age.
    public_key : bytes
        The key that its node registered: what attestations name as their subject.
    since : datetime
        When it joined.
    """

    identity: str
    name: str
    domain: str
    public_key: bytes
    since: datetime


@dataclass(frozen=True, slots=True)
class Contribution:
    """A data set that a contributor brings; the latest one recorded is its current one.

    Parameters
    ----------
    contributor : str
        Identity.
    data_hash : str
        "sha256:" and 64 lower-case hexadecimal digits.
    size : int
        Samples, >= 1.
    collected : datetime
        When the data were collected: their age starts here.
    """

    contributor: str
    data_hash: str
    size: int
    collected: datetime


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody who may vouch for contributions, by key.

    Parameters
    ----------
    name : str
        As it signs itself; several keys may share a name.
    public_key : bytes
        Ed25519, 32 bytes.
    levels : frozenset of Verification
        What this key may attest.
    since, until : datetime
        The key is good for what was issued and received from `since` on and before
        `until`.
    """

    name: str
    public_key: bytes
    levels: frozenset[Verification]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Attestation:
    """An issuer's word for a contribution, checked.

    Parameters
    ----------
    id : str
        Unique with its issuer's key.
    issuer : str
        The issuer's name.
    key_id : str
        Which of its keys signed: the key's SHA-256, 64 hexadecimal digits.
    subject : bytes
        The contributor's public key.
    data_hash : str
        The contribution vouched for.
    issued, expires : datetime
        By the issuer's own word.
    token : str
        The compact JWS that says all this.
    """

    id: str
    issuer: str
    key_id: str
    subject: bytes
    level: Verification
    data_hash: str
    issued: datetime
    expires: datetime
    token: str


class Withdrawn(Enum):
    """What a revocation takes back."""

    ISSUER_KEY = "issuer-key"
    """Everything that this key signed after the moment; `target` is the key's id."""
    ATTESTATION = "attestation"
    """One attestation; `target` is "KEY_ID/ID"."""
    CONTRIBUTION = "contribution"
    """A flagged or retracted contribution (v .05-.10); `target` is "CONTRIBUTOR/DATA_HASH"."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Something that lost its effect.

    Parameters
    ----------
    target : str
        As `Withdrawn` says.
    moment : datetime
        From when on: for an issuer's key, what the registry had received up to the
        moment keeps its effect. A date of issue alone would be the thief's own word.
    """

    kind: Withdrawn
    target: str
    moment: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReputationEntry:
    """A contributor's reputation after one round.

    Parameters
    ----------
    run : str
        Which run.
    round : int
        From 1.
    reputation : float
        r in [0, 1] from now on.
    good, bad : float
        Evidence, discounted; see `anml_fl.method.reputation`.
    contributions : int
        Valid updates so far.
    reason : str
        What was observed.
    """

    contributor: str
    run: str
    round: int
    reputation: float
    good: float
    bad: float
    contributions: int
    reason: str
