"""Ed25519 public keys for which only one holder can sign.

RFC 8032 verifies under any 32 bytes that decode to a point. Under one of small order a
signature can be made without a private key, for all messages or for most of them; libraries
take such keys without a word.
"""

from __future__ import annotations

from functools import lru_cache

# RFC 8032, section 5.1: -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo p; its points
# form a group of order 8 L.
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)  # of -1

# x = X/Z, y = Y/Z, xy = T/Z.
_Point = tuple[int, int, int, int]
_ZERO: _Point = (0, 1, 1, 0)


@lru_cache(maxsize=1024)  # some milliseconds each, and a few issuers sign everything
def flaw(public_key: bytes) -> str | None:
    """Say why an Ed25519 public key must not be trusted, whoever holds it.

    Parameters
    ----------
    public_key : bytes
        As in RFC 8032.

    Returns
    -------
    str or None
        None for a point of the large prime order, in its one spelling: every key that was
        made as it should be.

    References
    ----------
    Bernstein, Duif, Lange, Schwabe, Yang: High-speed high-security signatures, 2012; RFC
    8032, section 5.1.

    Examples
    --------
    >>> flaw(bytes(32))
    'a point of small order, for which anyone can sign'
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> flaw(Ed25519PrivateKey.generate().public_key().public_bytes_raw()) is None
    True
    """
    if len(public_key) != 32:
        return f"{len(public_key)} bytes, where an Ed25519 key has 32"
    point = _decoded(public_key)
    if point is None:
        return "no point of the curve in its one spelling"
    if _is_zero(_times(8, point)):
        return "a point of small order, for which anyone can sign"
    if not _is_zero(_times(_L, point)):
        return "a point beside the group of prime order, which no private key leads to"
    return None


def _decoded(public_key: bytes) -> _Point | None:
    sign, y = divmod(int.from_bytes(public_key, "little"), 2**255)
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x + u) % _P == 0:
        x = x * _ROOT % _P
    # Some points have two spellings: a key that is refused must not come under another.
    if (v * x * x - u) % _P or y >= _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _times(scalar: int, point: _Point) -> _Point:
    total = _ZERO
    for bit in f"{scalar:b}":
        total = _sum(total, total)
        if bit == "1":
            total = _sum(total, point)
    return total


def _sum(one: _Point, other: _Point) -> _Point:
    """Add two points (Hisil, Wong, Carter, Dawson 2008): complete on this curve."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * _D * one[3] * other[3] % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _is_zero(point: _Point) -> bool:
    return point[0] == 0 and point[1] == point[2]
