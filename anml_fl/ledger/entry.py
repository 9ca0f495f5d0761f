"""Write entries: from a round's record to a signed line of canonical JSON (RFC 8785)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import rfc8785

from anml_fl.ledger.grammar import MOST_CONTRIBUTORS, UNSAID
from anml_fl.ledger.hashes import sha256_of
from anml_fl.ledger.people import people_text, spelled_out
from anml_fl.method.attribution import checked_pool, payouts
from anml_fl.method.checks import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.ledger.holding import Holding
    from anml_fl.method.records import RoundRecord

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """What a run came to, by hashes: the last entry stands for it.

    Parameters
    ----------
    files : mapping
        Path in the run's folder, with `/`, to hash: of each strategy's rounds and model.
    summary : str
        Hash of the summary, from `summary_hash`.
    instants : mapping
        Strategy that pays nobody to the instants at which its rounds asked a registry that
        is not simulated: made anew, they ask it as of then.
    """

    files: Mapping[str, str]
    summary: str
    instants: Mapping[str, Sequence[float]] = field(default_factory=dict)


def open_fields(
    run: str,
    strategy: str,
    pool: int,
    public_key: bytes,
    settings: str | None = None,
    contributors: int = 0,
    holding: Holding | None = None,
) -> Fields:
    """Say what the first entry says, without its place in the chain.

    Parameters
    ----------
    run : str
        Which run.
    strategy : str
        Name in the catalogue.
    pool : int
        Micro-units to share in each round, in [0, 2**53 - 1].
    public_key : bytes
        Ed25519, 32 bytes: of the key that signs.
    settings : str, optional
        Hash of the run's settings; None for a ledger that binds no files.
    contributors : int
        How many the federation has; it is said of many alone, whose rounds have long lines.
    holding : Holding, optional
        When a round is held; None where every round is paid at once.

    Raises
    ------
    ValueError
        If the pool or the number of contributors is out of range.

    Examples
    --------
    >>> open_fields("default", "anml", 1000, bytes(32))["kind"]
    'open'
    """
    counted = count("contributors", contributors)
    if counted > MOST_CONTRIBUTORS:
        raise ValueError(
            f"contributors must be at most {MOST_CONTRIBUTORS}, got {contributors!r}"
        )
    return {
        "kind": "open",
        "run": _text(run),
        "strategy": _text(strategy),
        "pool": checked_pool(pool),
        "public_key": public_key.hex(),
        **({} if settings is None else {"settings": settings}),
        **({} if counted <= UNSAID else {"contributors": counted}),
        **({} if holding is None else {"holding": holding.fields()}),
    }


def round_fields(run: str, record: RoundRecord, model: str, pool: int) -> Fields:
    """Say what a round's entry says, without its place in the chain and `binding_fields`.

    Parameters
    ----------
    run : str
        Which run.
    model : str
        Hash of the new model, from `model_hash`.
    pool : int
        Micro-units to share, in [0, 2**53 - 1].

    Returns
    -------
    dict
        `pool` in it is what was shared: 0 if no weight is positive.

    Raises
    ------
    ValueError
        If a weight is negative or infinite, or the pool is out of range.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord, RoundRecord
    >>> one = ContributorRecord("a", 1.0, 0.8, 0.8, 1.0, 0.64, 1.0, True)
    >>> fields = round_fields("default", RoundRecord(1, "anml", None, 0, 0, (one,)), "", 9)
    >>> fields["contributors"][0]["payout"]
    9
    """
    paid = payouts([one.weight for one in record.contributors], pool).tolist()
    return {
        **_of_all(run, record, model, paid),
        "contributors": [
            {
                "contributor": _text(one.contributor),
                "q": _number(one.q),
                "v": _number(one.v),
                "r": _number(one.r),
                "T": _number(one.T),
                "weight": _number(one.weight),
                "selected": one.selected,
                "reason": _text(one.reason),
                "payout": payout,
                # Of a node that says by which policy it lets replies leave.
                **({} if one.egress is None else {"egress": one.egress}),
            }
            for one, payout in zip(record.contributors, paid, strict=True)
        ],
    }


def round_parts(
    run: str,
    record: RoundRecord,
    model: str,
    pool: int,
    held: Mapping[str, Any] | None = None,
) -> tuple[Fields, bytes]:
    """Say what `round_fields` says, the contributors as text: for `sign`.

    Parameters
    ----------
    run, record, model, pool
        As of `round_fields`.
    held : mapping, optional
        Why nothing is paid yet, from `Holding.judge`.

    Returns
    -------
    tuple
        All but the contributors; and these as canonical JSON.

    Raises
    ------
    ValueError
        As of `round_fields`; and if a signal is infinite.
    """
    shared = pool if held is None else 0
    paid = payouts([one.weight for one in record.contributors], shared).tolist()
    fields = _of_all(run, record, model, paid)
    if held is not None:
        fields["held"] = plain_names(held)
    return fields, people_text(record.contributors, paid)


def plain_names(held: Mapping[str, Any]) -> Fields:
    """Spell names out in what a round is held for, as entries do.

    Examples
    --------
    >>> plain_names({"harmful": [{"contributor": "a", "worth": -0.5}], "pool": 9})
    {'harmful': [{'contributor': 'a', 'worth': -0.5}], 'pool': 9}
    """
    people = [{**one, "contributor": _text(one["contributor"])} for one in held["harmful"]]
    return {**held, "harmful": people}


def _of_all(run: str, record: RoundRecord, model: str, paid: list[int]) -> Fields:
    return {
        "kind": "round",
        "run": _text(run),
        "round": record.round,
        "strategy": _text(record.strategy),
        "branch": _text(record.branch),
        "at": record.at,
        "model": model,
        "pool": sum(paid),
        "contributors": [],
    }


def binding_fields(line: str, updates: str | None) -> Fields:
    """Say which files a round's entry stands for.

    Parameters
    ----------
    line : str
        The round's record, as `RoundRecord.to_json` writes it.
    updates : str, optional
        Hash of the round's updates file; None if none is kept.

    Examples
    --------
    >>> from anml_fl.method.records import RoundRecord
    >>> record = RoundRecord(1, "anml", None, 0.5, 0.5, ())
    >>> binding_fields(record.to_json(), None)["record"][:20]
    'sha256:9e9743ebb485e'
    """
    return {"record": sha256_of(line.encode()), "updates": updates}


def close_fields(
    rounds: int, totals: Mapping[str, int], results: Results | None = None
) -> Fields:
    """Say what the last entry says, without its place in the chain.

    Parameters
    ----------
    totals : mapping
        Contributor to the payouts of all rounds.
    results : Results, optional
        What the run came to; None for a ledger that binds no files.

    Examples
    --------
    >>> close_fields(2, {"a": 18})
    {'kind': 'close', 'rounds': 2, 'totals': {'a': 18}}
    """
    fields: Fields = {"kind": "close", "rounds": rounds, "totals": dict(totals)}
    if results is not None:
        fields |= {"files": dict(results.files), "instants": dict(results.instants)}
        fields["summary"] = results.summary
    return fields


def sign(
    fields: Fields, number: int, previous: bytes, key: Ed25519PrivateKey, people: bytes = b""
) -> bytes:
    """Give an entry its place in the chain and its signature.

    Parameters
    ----------
    fields : dict
        From one of the functions above.
    number : int
        Its place, from 0.
    previous : bytes
        SHA-256 of the line before, 64 hexadecimal digits.
    people : bytes
        The contributors of a round, from `round_parts`; none of them is in the fields then.

    Returns
    -------
    bytes
        The line, without a newline. Ed25519 signs without chance: the same arguments
        give the same bytes.

    Raises
    ------
    ValueError
        If a number is not finite or a whole number beyond 2**53 - 1.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> sign(close_fields(0, {}), 1, b"0" * 64, key)[:40]
    b'{"kind":"close","number":1,"previous":"0'
    """
    placed = {**fields, "number": number, "previous": previous.decode(), "signature": ""}
    # Quotes inside a text are escaped: these stand nowhere but where they are meant.
    empty, full = b',"contributors":[]', b',"contributors":[%b]' % people
    before, unsigned, after = rfc8785.dumps(placed).partition(b',"signature":""')
    # What is signed has no signature. Names are sorted: contributors stand before it.
    before = before.replace(empty, full, 1)
    signature = key.sign(before + after)
    return b"".join([before, unsigned[:-1], signature.hex().encode(), b'"', after])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _text(value: str | None) -> str | None:
    return value and spelled_out(value)
