"""A run's manifest: which code and which versions made it, on both sides."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from anml_fl.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.config import RunConfig

MANIFEST = "manifest.json"
_PACKAGES = ("anml-fl", "flwr", "numpy", "torch")


def write_manifest(
    out: Path, config: RunConfig, code: str, contributors: Mapping[str, str]
) -> None:
    """Write the manifest, if it says anything new.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    code : str
        Hash of the server's code.
    contributors : mapping
        Contributor to the hash of the code that it says it runs.
    """
    path = out / MANIFEST
    told = {
        "engine": config.engine,
        "code": {"server": code, "contributors": dict(sorted(contributors.items()))},
        "versions": _versions(),
    }
    text = (json.dumps(told, indent=2) + "\n").encode()
    if not path.exists() or path.read_bytes() != text:
        write_whole(path, text)


@cache  # asked every round, and each answer parses a package's metadata
def _versions() -> Mapping[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}
