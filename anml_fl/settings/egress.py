"""What may leave a node: its owner's policy, as `egress.toml` there holds it."""

from __future__ import annotations

import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING

import tomli_w
from pydantic import Field, ValidationError

from anml_fl.settings.section import ConfigError, Section
from anml_fl.system.files import TextError, read_text
from anml_fl.system.near import known_ones

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails


class EgressPolicy(Section):
    """What may leave a node; nothing that is not named here does.

    Parameters
    ----------
    arrays : bool
        A trained model, of the global model's arrays and no others.
    statistics : bool
        Counts and sums over the node's rows.
    metrics : tuple of str
        Single numbers, by name.
    credentials : bool
        What the node shows of itself to the registry: text, of which nobody here knows what it
        says.
    least_count : int
        No count in the statistics lies below it, but 0, and no rest of a total.
    largest_norm : float, optional
        Of an update, the trained model less the global one.
    largest_bytes : int, optional
        Of a reply.

    Examples
    --------
    >>> EgressPolicy(largest_norm=10.0).told
    'a trained model (an update of norm 10 at most); counts and sums over 5 rows or more; ...'
    """

    arrays: bool = True
    statistics: bool = True
    metrics: tuple[str, ...] = ("num-examples", "value")
    credentials: bool = False
    least_count: int = Field(5, ge=1)
    largest_norm: float | None = Field(None, gt=0)
    largest_bytes: int | None = Field(None, ge=1)

    @property
    def text(self) -> str:
        """The policy as a file, the same for the same policy."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @property
    def digest(self) -> str:
        """SHA-256 of its text: that of a file with the same rules, however it is laid out."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def told(self) -> str:
        """What may leave, in a sentence for whoever starts the node."""
        norm = self.largest_norm
        bound = "" if norm is None else f" (an update of norm {norm:g} at most)"
        parts = [f"a trained model{bound}"] if self.arrays else []
        if self.statistics:
            parts.append(f"counts and sums over {self.least_count} rows or more")
        if self.metrics:
            parts.append(f"the numbers {', '.join(self.metrics)}")
        if self.credentials:
            parts.append("credentials")
        size = "" if self.largest_bytes is None else f"; {self.largest_bytes} bytes at most"
        return ("; ".join(parts) or "nothing") + size


def read_policy(path: Path) -> EgressPolicy:
    """Read a policy.

    Raises
    ------
    ConfigError
        Naming the file, and each unknown key or bad value in it.
    OSError
        If it cannot be read.
    """
    try:
        return EgressPolicy.model_validate(tomllib.loads(read_text(path)))
    except (tomllib.TOMLDecodeError, TextError, RecursionError) as error:
        raise ConfigError(f"{path.name}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines = [_explained(problem) for problem in error.errors(include_url=False)]
    raise ConfigError("\n".join(f"{path.name}: {line}" for line in lines))


def _explained(problem: ErrorDetails) -> str:
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"unknown key {name!r}; {known_ones(name, EgressPolicy.model_fields)}"
    return f"{name}: {problem['msg']}, got {problem['input']!r}"
