"""How the owner's secret is shown to a SuperLink: by Flower's command line, and by ourselves.

Flower's open edition has no accounts, but its `flwr` sends the token of a log-in with every
order, and reads it from a file.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from flwr.cli.constant import (
    ACCESS_TOKEN_STORE_KEY,
    AUTHN_TYPE_STORE_KEY,
    REFRESH_TOKEN_STORE_KEY,
)
from flwr.common.constant import AuthnType

if TYPE_CHECKING:
    import httpx
    from flwr.supercore.protobuf.client import ProtobufCall, ProtobufRequestContext

# `flwr` wants a second token, which renews the first; a guard never asks for it.
_NEVER_SENT = "none"


def credentials(address: str, secret: str | None) -> bytes:
    """Write `credentials.yaml`, which `flwr` reads in the folder that FLWR_HOME names.

    Parameters
    ----------
    address : str
        SuperLink's, as the connection names it.
    secret : str, optional
        The owner's.

    Examples
    --------
    >>> print(credentials("h:8000", "secret").decode())
    {
    "flower.account-auth.h:8000.authn-type": "b2lkYw==",
    "flower.account-auth.h:8000.oidc-access-token": "c2VjcmV0",
    "flower.account-auth.h:8000.oidc-refresh-token": "bm9uZQ=="
    }
    """
    if secret is None:
        return b"{}"
    kept = {
        AUTHN_TYPE_STORE_KEY: AuthnType.OIDC,
        ACCESS_TOKEN_STORE_KEY: secret,
        REFRESH_TOKEN_STORE_KEY: _NEVER_SENT,
    }
    values = {
        key % address: base64.b64encode(value.encode()).decode() for key, value in kept.items()
    }
    return json.dumps(values, indent=0).encode()  # JSON is YAML


class ShownSecret:
    """Shows the owner's secret with each request, as `flwr` does."""

    def __init__(self, secret: str) -> None:
        self._shown = f"Bearer {secret}"

    def intercept(
        self, context: ProtobufRequestContext, call_next: ProtobufCall
    ) -> httpx.Response:
        """Show it, and go on."""
        context.request.headers["Authorization"] = self._shown
        return call_next(context)
