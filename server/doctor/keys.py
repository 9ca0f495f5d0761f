"""Keys: the nodes', each its own and of a kind that Flower takes, and the ledger's."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_private_key,
)

from anml_fl.registry.keys import node_key, private_key, public_key
from anml_fl.system.private_files import ExposedError
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = "node keys"
# Those that SuperLink registers.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MAKE = "ssh-keygen -t ecdsa -b 384 -N '' -f {}"


def check_node_keys(folders: Iterable[Path]) -> list[Finding]:
    """Check each node's key, and that no two nodes have the same.

    A node that made its key itself has its public half here, and nothing else.

    Parameters
    ----------
    folders : iterable of Path
        A node's each.
    """
    found: list[Finding] = []
    holders: dict[bytes, list[str]] = defaultdict(list)
    for folder in folders:
        public = folder / "node.pub"
        try:
            content = node_key(public)
            if wrong := _wrong(content, folder / "node.key"):
                raise ValueError(wrong)
        except (OSError, ValueError) as error:
            found.append(
                problem(
                    _NAME,
                    f"{folder.name}: {error}",
                    f"ask the node for its public key, as {public}; or make a pair:"
                    f" {_MAKE.format(quote(f'{folder}/node.key'))}, and name the .pub"
                    " node.pub",
                )
            )
        else:
            holders[content].append(folder.name)
    for names in holders.values():
        if len(names) > 1:
            found.append(
                problem(
                    _NAME,
                    f"{', '.join(names)} have the same key: they would count as one",
                    "let each make a key of its own, and register it",
                )
            )
    return found or [ok(_NAME, f"{len(holders)} nodes, each with a key of its own")]


def check_ledger_key(path: Path) -> Finding:
    """Check the key that signs the ledger."""
    name, public = "ledger key", path.with_name(path.name + ".pub")
    if not path.exists():
        return warning(
            name,
            f"there is no {path}: the first run would make one",
            "if ledgers were signed here before, bring the old key back from the backup",
        )
    try:
        own = private_key(path).public_key()
        if public_key(public).public_bytes_raw() != own.public_bytes_raw():
            raise ValueError(f"{public} is not the public half of {path}")
    except ExposedError as error:
        return problem(name, error.exposure.what, error.exposure.remedy)
    except (OSError, ValueError) as error:
        return problem(
            name,
            str(error),
            "bring both files back from the backup; a new key cannot go on with old ledgers",
        )
    return ok(name, f"{path} is an Ed25519 key, and {public.name} its public half")


def _wrong(content: bytes, private: Path) -> str | None:
    """Say why SuperLink would refuse a node's key, or the node could not use it."""
    public = load_pem_public_key(content)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return f"the key is no EC key (P-256, P-384, P-521), but {type(public).__name__}"
    if public.curve.name not in _CURVES:
        return f"its curve, {public.curve.name}, is none of {', '.join(_CURVES)}"
    if not private.exists():
        return None
    try:
        key = load_ssh_private_key(private.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return f"{private} is no private key in OpenSSH's format, not encrypted ({error})"
    own = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return None if own == content else f"node.pub is not the public half of {private.name}"
