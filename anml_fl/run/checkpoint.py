"""A strategy's checkpoint: one file after each round, from which the next one goes on.

It is written before the round is settled. What a crash cuts off after it, settlement,
observation and the round's line, is done again from the record in it, in the same words.

No generator's state is in it, since none lives from one round to the next: each stream of
random numbers is opened anew from the seed, its purpose and the round.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anml_fl.ledger.hashes import model_hash
from anml_fl.method.records import RoundRecord
from anml_fl.run.files import CHECKPOINT, PREVIOUS
from anml_fl.system.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_VERSION = 1
# Before the name of an array that is the rule's, and no part of the model.
_STATE = "anml.rule-state/"
_BEST = "anml.best-model/"


class CheckpointError(ValueError):
    """A checkpoint that cannot be gone on from; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Written:
    """How much of a file belongs to the rounds before: what comes after is cut off.

    Parameters
    ----------
    length : int
        Bytes.
    sha256 : str
        Of these bytes.
    """

    length: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Written:
        """Measure a file as it is; one that is not there is empty."""
        content = path.read_bytes() if path.exists() else b""
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that the rounds to come need of those before.

    Parameters
    ----------
    run : str
        As `settlement.run_id` names it.
    record : RoundRecord
        Of the round, with its `seconds`; not settled yet, or settled.
    arrays : mapping
        The new model, name to array.
    rounds, timings : Written
        The strategy's files before the round.
    ledger : str
        Hash of the ledger's last entry before the round; "" for a strategy that pays nobody.
    shown : tuple
        Attestations that a registry in memory accepted: contributor, microseconds since
        1970, token.
    seed : int
        Of the run: all streams of random numbers begin with it.
    code : str
        Hash of the code.
    updates : str, optional
        Hash of the file of the round's updates; None without one.
    state : mapping
        Name to array: what the strategy's rule keeps from round to round.
    best : mapping
        Name to array: the best model so far, where that is kept and an earlier round's.
    """

    run: str
    record: RoundRecord
    arrays: Mapping[str, NDArray[Any]]
    rounds: Written
    timings: Written
    ledger: str
    shown: tuple[tuple[str, int, str], ...]
    seed: int
    code: str
    updates: str | None = None
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    best: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def cut(path: Path, written: Written) -> None:
    """Cut off what was written to a file after the checkpoint.

    Raises
    ------
    CheckpointError
        If what was there before it is not.
    """
    content = path.read_bytes() if path.exists() else b""
    kept = content[: written.length]
    if hashlib.sha256(kept).hexdigest() != written.sha256:
        raise CheckpointError(
            f"{path} does not begin with the {written.length} bytes that the checkpoint knows"
        )
    # It may not be there: cut off between the checkpoint of round 1 and its line.
    if not path.exists() or len(content) > written.length:
        write_whole(path, kept)


def save_checkpoint(folder: Path, checkpoint: Checkpoint, line: str | None = None) -> None:
    """Write a checkpoint, whole or not at all; the one before stays beside it.

    Parameters
    ----------
    folder : Path
        The strategy's.
    checkpoint : Checkpoint
    line : str, optional
        What `to_json` gives of its record, where it was written already.

    Raises
    ------
    CheckpointError
        If it cannot be written: the one before is as it was.
    """
    fields = {
        "version": _VERSION,
        "run": checkpoint.run,
        "record": checkpoint.record.to_json() if line is None else line,
        "seconds": checkpoint.record.seconds,
        "model": model_hash(checkpoint.arrays),
        "rounds": [checkpoint.rounds.length, checkpoint.rounds.sha256],
        "timings": [checkpoint.timings.length, checkpoint.timings.sha256],
        "ledger": checkpoint.ledger,
        "shown": checkpoint.shown,
        "seed": checkpoint.seed,
        "code": checkpoint.code,
        "updates": checkpoint.updates,
    }
    if checkpoint.best:
        fields["best"] = model_hash(checkpoint.best)
    if checkpoint.state:
        fields["state"] = model_hash(checkpoint.state)
    text = json.dumps(fields, sort_keys=True)
    metadata = {"anml": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    state = {_STATE + name: array for name, array in checkpoint.state.items()}
    best = {_BEST + name: array for name, array in checkpoint.best.items()}
    arrays = {
        name: array if array.flags.c_contiguous else array.copy(order="C")
        for name, array in {**checkpoint.arrays, **state, **best}.items()
    }
    path = folder / CHECKPOINT
    try:
        if path.exists():
            (folder / PREVIOUS).unlink(missing_ok=True)
            # A second name for it: at no moment is there none.
            (folder / PREVIOUS).hardlink_to(path)
        write_whole(path, save(arrays, metadata=metadata))
    except OSError as error:
        why = error.strerror or str(error)
        raise CheckpointError(
            f"round {checkpoint.record.round} could not be kept: {path}: {why}. The rounds"
            " before it are safe; once this is mended, `anml resume` goes on"
        ) from error


def load_checkpoint(path: Path, run: str) -> Checkpoint:
    """Read and check what `save_checkpoint` wrote.

    Parameters
    ----------
    path : Path
        The file.
    run : str
        The run that it must be of.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is damaged, of another run, or newer than this code.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        fields = json.loads(metadata["anml"])
        if hashlib.sha256(metadata["anml"].encode()).hexdigest() != metadata["sha256"]:
            raise CheckpointError(f"{path} is damaged: its text has another hash")
        if fields["version"] != _VERSION:
            raise CheckpointError(
                f"{path} has version {fields['version']}, this code reads {_VERSION}: go on"
                " with the version of anml-fl that began the run"
            )
        if fields["run"] != run:
            raise CheckpointError(f"{path} belongs to the run {fields['run']!r}, not {run!r}")
        state, best = _part(stored, _STATE), _part(stored, _BEST)
        if model_hash(stored) != fields["model"]:
            raise CheckpointError(f"{path} is damaged: the model in it has another hash")
        if (model_hash(best) if best else None) != fields.get("best"):
            raise CheckpointError(f"{path} is damaged: the best model in it has another hash")
        if (model_hash(state) if state else None) != fields.get("state"):
            raise CheckpointError(f"{path} is damaged: the rule's memory has another hash")
        return Checkpoint(
            run,
            _timed(fields["record"], fields["seconds"]),
            stored,
            Written(*fields["rounds"]),
            Written(*fields["timings"]),
            fields["ledger"],
            tuple((who, at, token) for who, at, token in fields["shown"]),
            fields["seed"],
            fields["code"],
            fields.get("updates"),  # not in those of a run that was begun before ADR 17
            state,
            best,
        )
    except CheckpointError:
        raise
    except (
        SafetensorError,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        RecursionError,
    ) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _part(stored: dict[str, NDArray[Any]], mark: str) -> dict[str, NDArray[Any]]:
    """Take the arrays out whose names begin with a mark."""
    names = [name for name in stored if name.startswith(mark)]
    return {name.removeprefix(mark): stored.pop(name) for name in names}


def _timed(line: str, seconds: float) -> RoundRecord:
    record = RoundRecord.from_json(line)
    return replace(record, seconds=seconds)
