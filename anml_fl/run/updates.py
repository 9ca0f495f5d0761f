"""A round's valid updates, as they are recorded: what attribution values afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anml_fl.ledger.hashes import sha256_of
from anml_fl.run.files import updates_name
from anml_fl.system.files import make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_TENSORS = ("examples", "model", "updates")  # sorted
# Before the name of a buffer, such as running statistics.
_BUFFER = "anml.buffer/"


@dataclass(frozen=True, slots=True)
class Updates:
    """The valid updates of one round, by stable identity.

    Parameters
    ----------
    contributors : tuple of str
    model : (d,) float array
        The global model before the round: the arrays that are judged, in their own order.
    updates : (n, d) float array
        Each contributor's model minus that.
    examples : (n,) float64
        Example factors, > 0.
    buffers : mapping
        Name to array: the buffers of the round's new model, which belong to its parameters.
    """

    contributors: tuple[str, ...]
    model: NDArray[Any]
    updates: NDArray[Any]
    examples: NDArray[np.float64]
    buffers: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def updates_path(folder: Path, number: int) -> Path:
    """Name the file of a round.

    Examples
    --------
    >>> from pathlib import Path
    >>> updates_path(Path("run/anml"), 7).as_posix()
    'run/anml/updates/0007.safetensors'
    """
    return folder.parent / updates_name(folder.name, number)


def save_updates(
    folder: Path,
    number: int,
    contributors: Sequence[str],
    model: NDArray[Any],
    updates: NDArray[Any],
    examples: NDArray[np.float64],
    buffers: Mapping[str, NDArray[Any]] | None = None,
) -> str:
    """Write a round's updates: the whole file, or none of it.

    Parameters
    ----------
    folder : Path
        The strategy's.
    number : int
        The round, from 1.
    contributors : sequence of str
        Sorted: stable identities of the rows.
    model : (d,) float array
    updates : (n, d) float array
    examples : (n,) float64
    buffers : mapping, optional
        Name to array.

    Returns
    -------
    str
        The file's hash, for the ledger.
    """
    path = updates_path(folder, number)
    make_folder(path.parent)
    arrays = {"model": model, "updates": updates, "examples": examples}
    arrays |= {_BUFFER + name: array for name, array in (buffers or {}).items()}
    content = save(
        {name: np.asarray(array, order="C") for name, array in arrays.items()},
        metadata={"contributors": json.dumps(list(contributors))},
    )
    write_whole(path, content)
    return sha256_of(content)


def load_updates(folder: Path, number: int) -> Updates:
    """Read what `save_updates` wrote.

    Parameters
    ----------
    folder : Path
        The strategy's.
    number : int
        The round, from 1.

    Raises
    ------
    FileNotFoundError
        If the round's updates were not recorded.
    ValueError
        If the file is damaged; the message names it and what is wrong.
    """
    path = updates_path(folder, number)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: attribution needs the updates of every round, which a run"
            " records unless --no-record-updates is given"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            names = json.loads((file.metadata() or {})["contributors"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (
        SafetensorError,
        OSError,
        KeyError,
        ValueError,
        TypeError,  # a type that NumPy does not have
        AttributeError,
        RecursionError,
    ) as error:
        raise ValueError(f"{path} cannot be read: {error}; run the federation anew") from error
    found = [name for name in arrays if name.startswith(_BUFFER)]
    buffers = {name.removeprefix(_BUFFER): arrays.pop(name) for name in found}
    if wrong := _wrong(names, arrays):
        raise ValueError(f"{path}: {wrong}; run the federation anew")
    return Updates(
        tuple(names), arrays["model"], arrays["updates"], arrays["examples"], buffers
    )


def _wrong(names: Any, arrays: dict[str, NDArray[Any]]) -> str | None:
    """Say what keeps arrays from being a round's updates."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return f"contributors must be a list of texts, got {str(names)[:60]}"
    if names != sorted(set(names)):
        return "contributors must be sorted, each once"
    if sorted(arrays) != list(_TENSORS):
        return f"the arrays must be {', '.join(_TENSORS)}, got {', '.join(sorted(arrays))}"
    n, d = len(names), arrays["model"].size
    for name, shape in (("model", (d,)), ("updates", (n, d)), ("examples", (n,))):
        array = arrays[name]
        if array.shape != shape:
            return f"{name} must have shape {shape}, got {array.shape}"
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            return f"{name} must be finite floating numbers"
    if not (arrays["examples"] > 0).all():
        return "examples must be > 0"
    return None
