"""What `--track` and `--to` ask for: a tracker, and where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec

from anml_fl.catalogue import shown_kind
from anml_fl.database.url import may_hold_secret
from anml_fl.plugins import TRACKERS
from anml_fl.settings.section import ConfigError
from server.tracking.tracker import TrackerKind

# Before "@" in an address, with a scheme or without, or in its query: trackers have variables
# of their own for them.
_SECRET = re.compile(r":/.*[@?#]|^[^/]*:[^/]*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """One tracker.

    Parameters
    ----------
    name : str
        In the table of trackers.
    where : str
        Its address or folder; "" for its own default.
    """

    name: str
    where: str

    @property
    def text(self) -> str:
        """As `read_asked` takes it."""
        return f"{self.name}={self.where}" if self.where else self.name

    def kind(self) -> TrackerKind:
        """Load what it is.

        Raises
        ------
        ConfigError
            If what stands there is no tracker.
        UnknownNameError, UnusableError
            If there is none of that name, or it cannot be imported.
        """
        found = TRACKERS.load(self.name)
        if not isinstance(found, TrackerKind):
            raise ConfigError(
                f"tracker {self.name!r} must be a TrackerKind, got {shown_kind(found)}"
            )
        return found


def read_asked(text: str) -> Asked:
    """Read NAME or NAME=WHERE, and see that the tracker can be used here.

    Parameters
    ----------
    text : str
        As in `--track mlflow=https://tracking.example`.

    Raises
    ------
    ConfigError
        If an address holds a secret, which is never repeated, or a package is not installed.
    UnknownNameError, UnusableError
        As of `Asked.kind`.

    Examples
    --------
    >>> read_asked("jsonl=rounds.jsonl").where
    'rounds.jsonl'
    >>> read_asked("mlflow=https://me:mine@tracking.example")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: --track mlflow: the address holds a user or ...
    """
    name, _, where = text.partition("=")
    if may_hold_secret(name):
        raise ConfigError(
            "--track: what stands there looks like an address, which goes behind a tracker's"
            f" name, as in mlflow=ADDRESS; there are {', '.join(TRACKERS.names)}"
        )
    asked = Asked(name, where)
    kind = asked.kind()
    if _SECRET.search(where):
        raise ConfigError(
            f"--track {name}: the address holds a user or a secret, which lists of processes"
            " show to everybody: leave it out, and set the tracker's own environment variables"
        )
    if kind.package and find_spec(kind.package) is None:
        raise ConfigError(
            f"--track {name} needs {kind.package}, which is not installed: pip install"
            f" 'anml-fl[{kind.extra}]'"
        )
    return asked
