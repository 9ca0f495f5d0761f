"""A token is accepted for exactly what its issuer signed, and refused with the reason."""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.method.provenance import Verification
from anml_fl.registry.attestation import AttestationError, check, issue, key_id
from anml_fl.registry.domain import Issuer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SUBJECT = b"-----BEGIN PUBLIC KEY-----"
DATA = "sha256:" + 64 * "a"
DAY = timedelta(days=1)
ISSUER = Issuer(
    "university", PUBLIC, frozenset({Verification.PEER_REVIEWED}), NOW - 9 * DAY, NOW + 9 * DAY
)
HEADER = {
    "alg": "Ed25519",
    "typ": "anml-attestation+jws",
    "kid": hashlib.sha256(PUBLIC).hexdigest(),
}
CLAIMS = {
    "iss": "university",
    "sub": base64.urlsafe_b64encode(SUBJECT).decode().rstrip("="),
    "level": "peer-reviewed",
    "data": DATA,
    "iat": int((NOW - DAY).timestamp()),
    "exp": int((NOW + DAY).timestamp()),
    "jti": "one",
}


def part(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def sign(header=HEADER, claims=CLAIMS, key=KEY):
    """Sign by hand, as another library would: also what `issue` would not."""
    content = f"{part(header)}.{part(claims)}"
    return f"{content}.{part(key.sign(content.encode()))}"


def head(header):
    return part(header) + ".."


def claiming(**changed):
    return sign(claims=CLAIMS | changed)


def accept(token, issuers=(ISSUER,), subject=SUBJECT, data_hashes=(DATA,), at=NOW):
    return check(token, issuers=issuers, subject=subject, data_hashes=data_hashes, at=at)


def refusal(token, **context):
    with pytest.raises(AttestationError) as caught:
        accept(token, **context)
    reason = str(caught.value)
    assert reason.isprintable()
    assert reason.isascii()
    assert len(reason) <= 120
    return reason


def test_a_token_of_ours_is_read_by_hand_and_one_by_hand_is_read_by_us():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # joserfc warns of algorithms that it deprecates
        token = issue(
            KEY,
            issuer="university",
            subject=SUBJECT,
            level=Verification.PEER_REVIEWED,
            data_hash=DATA,
            issued=NOW - DAY,
            expires=NOW + DAY,
            id="one",
        )
    header, payload, signature = (
        base64.urlsafe_b64decode(part + "==") for part in token.split(".")
    )
    assert json.loads(header) == HEADER
    assert json.loads(payload) == CLAIMS
    KEY.public_key().verify(signature, token.rpartition(".")[0].encode())

    by_hand = sign()
    found = accept(by_hand)
    assert found == replace(accept(token), token=by_hand)
    assert (found.id, found.issuer, found.key_id) == ("one", "university", key_id(PUBLIC))
    assert (found.subject, found.data_hash, found.level) == (
        SUBJECT,
        DATA,
        Verification.PEER_REVIEWED,
    )
    assert (found.issued, found.expires) == (NOW - DAY, NOW + DAY)


def test_a_token_of_rfc_8037s_key_has_the_signature_that_ed25519_gives_it():
    # The key of RFC 8037, appendix A.1; Ed25519 is deterministic.
    seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(seed + "="))
    public = key.public_key().public_bytes_raw()
    assert part(public) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    header = HEADER | {"kid": hashlib.sha256(public).hexdigest()}
    token = issue(
        key,
        issuer="university",
        subject=SUBJECT,
        level=Verification.PEER_REVIEWED,
        data_hash=DATA,
        issued=NOW - DAY,
        expires=NOW + DAY,
        id="one",
    )
    compact = [json.dumps(one, separators=(",", ":")).encode() for one in (header, CLAIMS)]
    assert token == sign(*compact, key=key)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "3 parts"),
        ("a.b", "3 parts"),
        ("a.b.c.d", "3 parts"),
        (4097 * "a", "4097 characters"),
        ("é..", "no base64url without padding"),
        ("\ud800..", "no base64url without padding"),
        ("e30=.e30.", "no base64url without padding"),
        ("e31.e30.", "no base64url without padding"),  # the unused bits are 01
        ("e3 0.e30.", "no base64url without padding"),
        ("e30\n.e30.", "no base64url without padding"),
        (json.dumps({"payload": "", "protected": "", "signature": ""}), "3 parts"),
        (head([]), "no JSON object"),
        (head(b"{"), "no JSON object"),
        (head(b"[" * 3000), "no JSON object"),
        (head(b'{"a":' * 600), "no JSON object"),
        (head(json.dumps(HEADER).encode("utf-16")), "no JSON object"),
        (head(b"\xef\xbb\xbf" + json.dumps(HEADER).encode()), "no JSON object"),
        (head(b'{"alg":"none","alg":"Ed25519"}'), "each key once"),
        (head({}), "alg is missing"),
        (head(HEADER | {"alg": 9 * "["}), "alg '[[[[[[[[['"),
        (head(HEADER | {"alg": ["Ed25519"]}), "alg list"),
        (head({"alg": "Ed25519"}), "typ is missing"),
        (head({"alg": "Ed25519", "typ": "JWT"}), "typ 'JWT'"),
        (head({"alg": "Ed25519", "typ": HEADER["typ"]}), "kid must be a text"),
        (head(HEADER | {"kid": 1}), "kid must be a text, got 1"),
        (head(HEADER | {"kid": HEADER["kid"].upper()}), "no issuer's key"),
    ],
)
def test_anything_but_the_one_form_is_refused(token, says):
    assert says in refusal(token)


@pytest.mark.parametrize(
    "algorithm",
    [
        "none", "None", "NONE", "nOnE", "none ", "", "EdDSA", "ed25519", "ED25519", "Ed448",
        "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES256K", "Ed25519 ", None, 0,
    ],
)  # fmt: skip
def test_no_other_algorithm_is_accepted_even_under_a_good_signature(algorithm):
    header = HEADER | {"alg": algorithm}
    assert refusal(sign(header)).startswith("alg ")
    assert refusal(f"{part(header)}.{part(CLAIMS)}.").startswith("alg ")


@pytest.mark.parametrize(
    "extra",
    [
        {"b64": True}, {"b64": False, "crit": ["b64"]}, {"crit": ["exp"]}, {"crit": []},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": part(PUBLIC)}}, {"x5c": []},
        {"jku": "https://example.org/keys"}, {"x5u": "https://example.org"}, {"cty": "JWT"},
        {"zip": "DEF"}, {"": ""}, {"\ud800": 1}, {"x" * 500: 1},
    ],
)  # fmt: skip
def test_a_header_says_nothing_further_even_under_a_good_signature(extra):
    assert refusal(sign(HEADER | extra)).startswith("header ")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"iat": True}, "iat must be whole seconds since 1970, got bool"),
        ({"iat": float(CLAIMS["iat"])}, "got float"),
        ({"exp": "1"}, "got '1'"),
        ({"exp": -1}, "got -1"),
        ({"exp": 253402300800}, "got 253402300800"),
        ({"exp": 10**400}, "got int"),
        ({"exp": None}, "exp must be"),
        ({"iss": 1}, "iss must be a text, got 1"),
        ({"sub": []}, "sub must be a text, got list"),
        ({"sub": CLAIMS["sub"] + "="}, "no base64url without padding"),
        ({"sub": "x"}, "no base64url without padding"),
        ({"level": "self-attested"}, "'self-attested' cannot be attested"),
        ({"level": "flagged-or-retracted"}, "cannot be attested"),
        ({"level": "PEER_REVIEWED"}, "cannot be attested"),
        ({"level": 0.9}, "level must be a text, got float"),
        ({"data": 64 * "a"}, "no 'sha256:<64 hex>'"),
        ({"data": DATA.upper()}, "no 'sha256:<64 hex>'"),
        ({"data": DATA + "\n"}, "no 'sha256:<64 hex>'"),
        ({"jti": ""}, "jti '' is no id"),
        ({"jti": 129 * "a"}, "is no id"),
        ({"jti": "a/b"}, "is no id"),
        ({"jti": "a\n"}, "is no id"),
        ({"nbf": 0}, "claim 'nbf' is not accepted"),
    ],
)
def test_a_claim_of_another_form_is_refused_even_under_a_good_signature(changed, says):
    assert says in refusal(claiming(**changed))


@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_may_be_missing(name):
    rest = {key: value for key, value in CLAIMS.items() if key != name}
    assert refusal(sign(claims=rest)) == f"the claim {name} is missing"


def test_claims_are_one_json_object_with_each_key_once():
    text = json.dumps(CLAIMS)
    twice = f'{text[:-1]}, "level": "peer-reviewed"}}'.encode()
    for claims in (twice, b"[]", b"", b"null", text.encode("utf-16"), b"[" * 2000, b"\xff"):
        assert "no JSON object" in refusal(sign(claims=claims))
    assert "no JSON object" in refusal(sign(claims=b'{"iat": ' + b"9" * 2500))


STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
# The order of checks: each line breaks one thing more, and what was broken first is named.
DOWN_THE_LIST = [
    ({"exp": CLAIMS["iat"]}, {"at": NOW - DAY - timedelta(seconds=9)}, "not after it"),
    ({}, {"at": NOW}, "expired"),
    ({"iat": CLAIMS["iat"] + 2 * 86400, "exp": 0}, {}, "after it was received"),
    ({"data": "sha256:" + 64 * "b"}, {}, "no contribution of this"),
    ({"sub": "YQ"}, {}, "sub 'YQ' is another contributor's key"),
    ({}, {"issuers": (replace(ISSUER, until=NOW - 2 * DAY),)}, "when the key was not valid"),
    ({"level": "independently-reproduced"}, {}, "is not trusted for 'independently-repro"),
    ({"iss": "academy"}, {}, "iss 'academy' is not who holds this key"),
]


def test_checks_come_in_a_fixed_order():
    changed, context = {}, {}
    for more, further, says in DOWN_THE_LIST:
        changed, context = changed | more, context | further
        assert says in refusal(claiming(**changed), **context)
    forged = sign(claims=CLAIMS | changed, key=STRANGER)
    assert "signature" in refusal(forged, **context)
    header = HEADER | {"kid": "b" * 64}
    assert "no issuer's key" in refusal(sign(header, CLAIMS | changed, STRANGER), **context)
    header |= {"alg": "none"}
    assert "alg" in refusal(sign(header, CLAIMS | changed, STRANGER), **context)


def test_nothing_of_the_payload_shows_before_the_signature_holds():
    for claims in (CLAIMS | {"iss": "academy"}, {}, b"\xff", b""):
        forged = sign(claims=claims, key=STRANGER)
        assert refusal(forged) == "the signature is not by the key that kid names"


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33)])
def test_an_issuer_with_a_key_that_is_none_refuses_its_tokens(public):
    header = HEADER | {"kid": key_id(public)}
    broken = replace(ISSUER, public_key=public)
    assert "is no key to trust" in refusal(sign(header), issuers=(broken,))


def test_a_key_is_valid_from_since_on_and_before_until_at_both_instants():
    issued = NOW - DAY
    second = timedelta(seconds=1)

    def held(since, until):
        return (replace(ISSUER, since=since, until=until),)

    assert accept(sign(), issuers=held(issued, NOW + second))
    assert "issued" in refusal(sign(), issuers=held(issued + second, NOW + DAY))
    assert "issued" in refusal(sign(), issuers=held(NOW - 9 * DAY, issued))
    assert "received 2026-01-01" in refusal(sign(), issuers=held(issued, NOW))
    before = claiming(iat=CLAIMS["iat"] + 86400 + 30)  # by an issuer's clock that runs ahead
    assert "received" in refusal(before, issuers=held(NOW + 30 * second, NOW + DAY))


def test_any_record_of_a_key_that_fits_is_enough_but_no_mixture_of_two():
    reproduced = frozenset({Verification.INDEPENDENTLY_REPRODUCED})
    other = replace(ISSUER, levels=reproduced, since=NOW - DAY - DAY)
    assert accept(sign(), issuers=(other, ISSUER))
    late = replace(ISSUER, since=NOW)
    assert "not valid" in refusal(sign(), issuers=(other, late))
    academy = replace(ISSUER, name="academy")
    assert "not trusted" in refusal(sign(), issuers=(academy, other))


def test_expiry_and_leeway_to_the_second():
    second = timedelta(seconds=1)
    micro = timedelta(microseconds=1)
    assert accept(sign(), at=NOW + DAY - micro)
    assert refusal(sign(), at=NOW + DAY) == "expired 2026-01-02T00:00:00Z"
    assert accept(sign(), at=NOW - DAY - 60 * second)
    assert "after it was received" in refusal(sign(), at=NOW - DAY - 60 * second - micro)
    # As years since 1970: 56 of them end at 18:00 on the last day of 2025.
    assert accept(sign(), at=56.0)
    assert "expired" in refusal(sign(), at=56.01)


def test_a_lifetime_is_longer_than_nothing():
    # Received early by the leeway, so that it is not expired.
    early = NOW - DAY - timedelta(seconds=30)
    for exp in (CLAIMS["iat"], CLAIMS["iat"] - 1):
        token = claiming(exp=exp)
        assert "not after it was issued" in refusal(token, at=early)


def test_a_reason_is_short_and_printable_whatever_the_value():
    for text in ("\n" * 900, "\x1b[31m" * 99, "\ud800" * 99, "💥" * 200, "'\"" * 99):
        for name in ("iss", "sub", "level", "data", "jti"):
            refusal(claiming(**{name: text}))
        refusal(sign(HEADER | {"typ": text}))
        refusal(sign(HEADER | {"kid": text}))
        refusal(claiming(**{text: 1}))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"level": Verification.SELF_ATTESTED}, "must be one of independently-reproduced"),
        ({"data_hash": "md5:1"}, "data 'md5:1'"),
        ({"id": ""}, "jti"),
        ({"expires": NOW - DAY}, "after issued"),
        ({"issued": datetime(2026, 1, 1)}, "time zone"),
        ({"subject": bytes(3000)}, "at most 4096"),
    ],
)
def test_issue_signs_nothing_that_check_would_never_accept(changed, says):
    given = {
        "issuer": "university", "subject": SUBJECT, "level": Verification.PEER_REVIEWED,
        "data_hash": DATA, "issued": NOW - DAY, "expires": NOW + DAY, "id": "one",
    }  # fmt: skip
    with pytest.raises(ValueError, match=says):
        issue(KEY, **(given | changed))
