"""Whose signature a token bears, found out once.

A signature holds under a key or does not, whenever it is looked at: who is trusted, what has
expired or was revoked is asked anew each time. So whoever shows the same forgeries in every
round has them checked in the first one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from anml_fl.registry.jws import ALGORITHM

MOST = 2**16
"""Signatures that are remembered: some 10 MB, whatever is shown."""


class Signatures:
    """Check tokens' signatures, and remember what came of it.

    Parameters
    ----------
    most : int
        How many are remembered; the one that was not asked for longest is forgotten.

    Examples
    --------
    >>> signatures = Signatures()
    >>> signatures.hold("e30.e30.e30", bytes(32)), len(signatures)
    (False, 1)
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[bytes, bool] = OrderedDict()

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._known)

    def hold(self, token: str, public_key: bytes) -> bool:
        """Say whether a token is signed with a key.

        Parameters
        ----------
        token : str
            A compact JWS, of which the header was checked.
        public_key : bytes
            Ed25519.
        """
        # By digest: tokens are strangers' texts, of any length.
        asked = hashlib.sha256(hashlib.sha256(public_key).digest() + token.encode()).digest()
        if asked in self._known:
            self._known.move_to_end(asked)
            return self._known[asked]
        found = self._known[asked] = _holds(token, public_key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found


def _holds(token: str, public_key: bytes) -> bool:
    try:
        key = OKPKey.import_key(Ed25519PublicKey.from_public_bytes(public_key))
        jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return False
    return True
