"""A run's manifest: which code and which versions made it, on both sides."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from anml_fl.run.files import MANIFEST
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.settings.run import RunConfig

_PACKAGES = ("anml-fl", "flwr", "numpy", "torch")


def write_manifest(
    out: Path, config: RunConfig, code: str, contributors: Mapping[str, str], run: str = ""
) -> None:
    """Write the manifest, if it says anything new; who replied before stays in it.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    code : str
        Hash of the server's code.
    contributors : mapping
        Contributor to the hash of the code that it says it runs.
    run : str
        What the registry calls the run, where that does not follow from the settings.
    """
    path = out / MANIFEST
    replied = {**_replied(path), **contributors}
    fields = {
        "engine": config.engine,
        "code": {"server": code, "contributors": dict(sorted(replied.items()))},
        "versions": _versions(),
        **({"run": run} if run else {}),
    }
    text = (json.dumps(fields, indent=2) + "\n").encode()
    if not path.exists() or path.read_bytes() != text:
        write_whole(path, text)


def kept_run(out: Path) -> str:
    """Read what the registry calls a run that was begun; "" if its manifest does not say."""
    try:
        return str(json.loads(read_text(out / MANIFEST))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _replied(path: Path) -> dict[str, str]:
    """Read who replied before with which code; nobody, if the file cannot be read."""
    try:
        return dict(json.loads(read_text(path))["code"]["contributors"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@cache  # asked every round, and each answer parses a package's metadata
def _versions() -> Mapping[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}
