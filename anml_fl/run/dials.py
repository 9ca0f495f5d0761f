"""The settings of a run that weights depend on, as `anml_fl.reasons` takes them."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from anml_fl.method.gate import Gate
from anml_fl.reasons.schemes import Dials
from anml_fl.run.files import CONFIG
from anml_fl.system.files import read_text
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from pathlib import Path

_SECTION = "aggregation"
# Neither infinity nor a whole number that no float holds.
_LARGEST = sys.float_info.max
# Letters of a value that a message quotes.
_SHOWN = 60


class _Range(NamedTuple):
    """Where a setting may lie."""

    least: float
    most: float
    open_below: bool = False

    def has(self, value: float) -> bool:
        above = value > self.least if self.open_below else value >= self.least
        return above and value <= self.most

    def __str__(self) -> str:
        if self.most == _LARGEST:
            return f"> {self.least:g}"
        return f"in {'(' if self.open_below else '['}{self.least:g}, {self.most:g}]"


_RANGES = {
    "tau_h": _Range(0, 1),
    "tau_c": _Range(-1, 1),
    "alpha": _Range(0, 1),
    "tau": _Range(0, _LARGEST, open_below=True),
    "fraction": _Range(0, 1, open_below=True),
}


def read_dials(folder: Path) -> Dials:
    """Read them from a run's folder, which may be one of a run that goes on.

    Parameters
    ----------
    folder : Path
        Holds config.toml.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or a setting is none; the message names file and setting.
    """
    path = folder / CONFIG
    return dials_of(read_text(path), path)


def dials_of(config: str, path: Path) -> Dials:
    r"""Take them from a run's settings, such as `Run.config`; what is missing is the default.

    Parameters
    ----------
    config : str
        Text of config.toml.
    path : Path
        Where it stands, for the message.

    Raises
    ------
    ValueError
        If it is not TOML, or a setting is no number, or none that it may be.

    Examples
    --------
    >>> from pathlib import Path
    >>> found = dials_of("[aggregation]\ntau_h = 0.5", Path("config.toml"))
    >>> found.gate.tau_h, found.gate.tau_c, found.fraction
    (0.5, 0.3, 0.7)
    >>> dials_of("[aggregation]\nfraction = 0.0", Path("config.toml"))
    Traceback (most recent call last):
    ValueError: config.toml: aggregation.fraction must be a number in (0, 1], got 0.0
    """
    try:
        section = tomllib.loads(config).get(_SECTION, {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not TOML ({error})") from error
    if not isinstance(section, dict):
        raise ValueError(
            f"{path}: {_SECTION} must be a table, got {visible(repr(section), _SHOWN)}"
        )
    usual = {**asdict(Gate()), "fraction": Dials().fraction}
    found = {}
    for name, value in (
        usual | {key: section[key] for key in usual if key in section}
    ).items():
        if type(value) not in (int, float) or not _RANGES[name].has(value):
            raise ValueError(
                f"{path}: {_SECTION}.{name} must be a number {_RANGES[name]}, got"
                f" {visible(repr(value), _SHOWN)}"
            )
        found[name] = float(value)
    fraction = found.pop("fraction")
    return Dials(Gate(**found), fraction)
