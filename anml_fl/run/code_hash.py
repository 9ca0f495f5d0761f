"""Which code runs: one hash over every file that server and clients may import."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("anml_fl", "clients", "server", "strategies")
"""What server and contributors both have, in whatever way it was installed."""

AT_HOME = (
    "anml_fl/commands/",
    "anml_fl/run/figures/",
    "server/commands/",
    "server/doctor/",
    "server/page/",
    "server/tracking/",
)
"""Of it what stays at home: commands, and what shows what runs write; no app imports them."""


@cache
def code_hash() -> str:
    """Hash the code of this installation: its files' names and bytes, when first asked.

    Returns
    -------
    str
        64 hexadecimal digits, the same for a checkout, a wheel and Flower's bundle of one
        state of the code.

    Raises
    ------
    RuntimeError
        If one of the packages is not there.

    Examples
    --------
    >>> len(code_hash()), code_hash() == code_hash()
    (64, True)
    """
    digest = sha256()
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(f"the package {package} is not installed: reinstall anml-fl")
        root = Path(spec.submodule_search_locations[0])
        for file in sorted(root.rglob("*.py")):
            name = f"{package}/{file.relative_to(root).as_posix()}"
            if name.startswith(AT_HOME):
                continue
            content = file.read_bytes()
            # Its length stands before it, so that no two listings run into each other.
            digest.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return digest.hexdigest()
