"""Keys for which anyone can sign: found by the test's own arithmetic, and refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl.registry.ed25519 import flaw

# ── The curve, in affine coordinates and by exhaustion: not as the code under test has it ──

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P)
    return x % P, y % P


def times(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def roots(y):
    """Both x of a y, for p = 5 modulo 8; none if there is no point."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    for factor in (1, pow(2, (P - 1) // 4, P)):
        x = pow(square, (P + 3) // 8, P) * factor % P
        if x * x % P == square:
            return sorted({x, -x % P})
    return []


def torsion():
    """The eight points of small order: the multiples of one of order 8."""
    y = 2
    while True:
        for x in roots(y)[:1]:
            point = times(L, (x, y))
            if times(4, point) != (0, 1):
                return [times(k, point) for k in range(8)]
        y += 1


TORSION = torsion()


def encoded(y, sign):
    return (y + (sign << 255)).to_bytes(32, "little")


def spellings(point):
    """All 32 bytes that decode to a point, if y may be unreduced and 0 have a sign."""
    x, y = point
    signs = (0, 1) if x == 0 else (x & 1,)
    return [encoded(v, sign) for v in (y, y + P) if v < 2**255 for sign in signs]


SMALL = [key for point in TORSION for key in spellings(point)]


def honest(n):
    return Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)


def point_of(key):
    number = int.from_bytes(key, "little")
    sign, y = number >> 255, number % 2**255
    return next((x, y) for x in roots(y) if x & 1 == sign)


def test_there_are_eight_points_of_small_order_and_fourteen_spellings(small_keys):
    assert len(set(TORSION)) == 8
    assert all(times(8, point) == (0, 1) for point in TORSION)
    assert len(set(SMALL)) == 14
    # Published by others: libsodium's blocklist, with either sign.
    assert set(SMALL) == set(small_keys)


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_every_spelling_of_a_small_order_point_is_refused(key):
    assert flaw(key)


@pytest.mark.parametrize("torsion_point", TORSION[1:], ids=str)
def test_a_point_beside_the_prime_order_group_is_refused(torsion_point):
    own = point_of(honest(3).public_key().public_bytes_raw())
    x, y = add(own, torsion_point)
    assert flaw(encoded(y, x & 1)) == (
        "a point beside the group of prime order, which no private key leads to"
    )


@pytest.mark.parametrize("y", [2, 5, 2**255 - 20 - 6])
def test_what_is_no_point_is_refused(y):
    while roots(y % P):
        y += 1
    assert flaw(encoded(y % P, 0)) == "no point of the curve in its one spelling"


def test_unreduced_spellings_of_other_points_are_refused():
    unreduced = [y for y in range(19) if roots(y) and y > 1]
    assert unreduced
    for y in unreduced:
        assert flaw(encoded(y + P, 0)) == "no point of the curve in its one spelling"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_another_length_is_refused(size):
    assert flaw(bytes(size)) == f"{size} bytes, where an Ed25519 key has 32"


def test_keys_that_were_made_as_they_should_be_are_good():
    # RFC 8032, section 7.1, and some of ours.
    rfc = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ]
    made = [honest(n).public_key().public_bytes_raw() for n in range(20)]
    for key in [*map(bytes.fromhex, rfc), *made]:
        assert flaw(key) is None
        assert times(L, point_of(key)) == (0, 1)
