"""Which results this code did not make, and why."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from studies import store
from studies.catalogue import STUDIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any


def stale_studies(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Find the studies whose results in a folder are not what this code would make.

    Parameters
    ----------
    folder : Path
        Of results.
    names : iterable of str, optional
        The studies asked about; every one by default.

    Returns
    -------
    dict of str to str
        Study to why: "never run", or which of "code", "data" and "versions" are others.

    Raises
    ------
    ValueError
        If a file that says how results were made cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> stale_studies(Path("no folder"), ["table-7"])
    {'table-7': 'never run'}
    """
    found = {}
    for name in STUDIES if names is None else names:
        file = folder / f"{name}.json"
        if not file.is_file() or not file.with_suffix(".parquet").is_file():
            found[name] = "never run"
        elif why := _differences(name, _read(file)):
            found[name] = ", ".join(why)
    return found


def _read(file: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise ValueError(f"{file} must hold an object, got {type(said).__name__}")
    return said


def _differences(name: str, said: Mapping[str, Any]) -> list[str]:
    why = [] if said.get("code") == store.code_hash(STUDIES[name]) else ["code"]
    if "data" in said:
        now = {}
        for dataset in said["data"]:
            # What cannot be had here is not known to be others.
            with suppress(OSError):
                now[dataset] = store.data_hash(dataset)
        why += [] if {**said["data"], **now} == said["data"] else ["data"]
    same = _releases(said.get("versions")) == _releases(store.versions())
    return why + ([] if same else ["versions"])


def _releases(versions: object) -> dict[str, str]:
    """Leave out which build of a version it is: torch's for the CPU or for CUDA."""
    if not isinstance(versions, dict):
        return {}
    return {name: str(version).partition("+")[0] for name, version in versions.items()}
