"""What nodes say of each round's model on rows of their own: `claims.jsonl` of a strategy.

Nobody can check it: it is shown, and never used for weights. A line is written before its
round's checkpoint, so that what a crash left of a round that is not kept is cut off.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from anml_fl.run.files import CLAIMS
from anml_fl.system.files import append_line, read_text, write_whole
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClaimsRecord:
    """What was said of one round's model.

    Parameters
    ----------
    round : int
        From 1.
    values : dict of str to float
        Contributor to the score that it claims.
    examples : dict of str to int
        Contributor to the number of rows that it says it was tested on.
    left_out : dict of str to str
        Contributor to the reason, for all others who were asked.
    metric : str
        Which metric `values` are, where nodes name their own; "" where the run's settings do.
    metrics : dict of str to dict of str to float
        Contributor to all metrics that it names.

    Examples
    --------
    >>> ClaimsRecord(1, {"a": 0.5, "b": 0.25}, {}, {}).to_json()[:31]
    '{"examples":{},"left_out":{},"m'
    """

    round: int
    values: dict[str, FiniteFloat]
    examples: dict[str, int]
    left_out: dict[str, str]
    metric: str = ""
    metrics: dict[str, dict[str, FiniteFloat]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Of the values, each contributor's counting once; nan without any."""
        return median(self.values.values()) if self.values else math.nan

    def to_json(self) -> str:
        """Write one line of JSON, the same bytes for the same claims; nan is null."""
        middle = self.median
        fields: dict[str, Any] = {
            "round": self.round,
            "median": middle if math.isfinite(middle) else None,
            "values": self.values,
            "examples": self.examples,
            "left_out": self.left_out,
        }
        if self.metric:
            fields |= {"metric": self.metric, "metrics": self.metrics}
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


_RECORD = TypeAdapter(ClaimsRecord)


def append_claims(strategy: Path, record: ClaimsRecord) -> None:
    """Add a round's claims to a strategy's folder, for good."""
    append_line(strategy / CLAIMS, record.to_json())


def load_claims(strategy: Path) -> tuple[ClaimsRecord, ...]:
    """Read a strategy's claims; none where nobody was asked.

    Raises
    ------
    ValueError
        If a line is none; the message names file and line.
    """
    path = strategy / CLAIMS
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line:
            continue
        try:
            fields = json.loads(line)
            fields.pop("median", None)
            found.append(_RECORD.validate_python(fields))
        except ValidationError as error:
            raise ValueError(f"{path} line {number}: {explained(error)}") from error
        except (ValueError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path} line {number}: no claims: {error}") from error
    return tuple(found)


def cut_claims(strategy: Path, rounds: int, *, of_each: bool = True) -> None:
    """Cut off what was claimed of rounds after one, which are done again.

    Parameters
    ----------
    strategy : Path
        Its folder.
    rounds : int
        The last round that is kept.
    of_each : bool
        Whether each round has its claims; an app's nodes may say nothing of some.

    Raises
    ------
    ValueError
        If what is there is damaged, or claims of a round before are missing.
    """
    path = strategy / CLAIMS
    if not path.exists():
        return
    # What is behind the last newline was not written to its end.
    *lines, _ = path.read_bytes().split(b"\n")
    # One a round, so that there are no more than rounds, and behind a later one none to keep.
    kept = lines[:rounds]
    if not of_each:
        kept = list(takewhile(lambda line: not _later(line, rounds), kept))
    text = b"".join(line + b"\n" for line in kept)
    if text != path.read_bytes():
        write_whole(path, text)
    numbers = [one.round for one in load_claims(strategy)]
    if of_each and numbers != list(range(1, rounds + 1)):
        raise ValueError(
            f"{path} has no claims of each round up to {rounds}, where the run goes on: bring"
            f" {strategy} back from a backup; or remove it, and the strategy begins at round 1"
        )


def _later(line: bytes, rounds: int) -> bool:
    try:
        return int(json.loads(line)["round"]) > rounds
    except (ValueError, TypeError, KeyError, RecursionError):
        return False  # reading it says what is wrong
