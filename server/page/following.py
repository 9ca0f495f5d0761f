"""One run, followed through its files: settings, rounds, ledger, and how it ended."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import is_honest
from anml_fl.run.files import CLAIMS, CONFIG, ERROR, MODEL, REPORT, SUMMARY
from anml_fl.run.participants import UNKNOWN
from anml_fl.run.schema import OwnData
from server.page.ledger_file import LedgerFile
from server.page.liveness import Liveness
from server.page.opening import content, there
from server.page.rounds_file import RoundsFile
from server.page.run_settings import read_settings
from server.page.told_rounds import ToldRounds
from server.report.wording import simulates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from server.page.opening import Identity
    from server.page.run_settings import RunSettings
    from server.report.sure_reasons import SureReasons

_LONGEST_SUMMARY = 1 << 27
_LONGEST_ERROR = 1 << 16


@dataclass(frozen=True, slots=True)
class Ending:
    """What `summary.json` says, as far as a page of the running run shows it too.

    Parameters
    ----------
    behaviours : mapping
        By contributor; "unknown" where nobody knows.
    strategies : mapping
        Name to its entry.
    holdings : mapping
        By contributor, what it holds and how models err on its own test rows.
    """

    behaviours: Mapping[str, str]
    strategies: Mapping[str, Mapping[str, Any]]
    holdings: Mapping[str, OwnData] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether the run simulated how contributors behave, and says of whom how."""
        return simulates(self.behaviours.values())

    @property
    def attackers(self) -> tuple[str, ...]:
        """Who is known not to behave honestly."""
        bad = {k for k in {*self.behaviours.values()} if k != UNKNOWN and not is_honest(k)}
        return tuple(name for name, kind in self.behaviours.items() if kind in bad)


@dataclass(slots=True)
class Following:
    """A run's folder, as far as it was read.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    settings : RunSettings or None
        None before the run has begun, and where they cannot be read.
    ending : Ending or None
        None before the run's end.
    fault : str
        Why its settings or its end cannot be read.
    error : str
        Why it failed; "" if it did not.
    reported : bool
        Whether there is a report.
    kept : frozenset of str
        Strategies that have their final model.
    rounds : dict
        Strategy to its rounds.
    told : ToldRounds
        Why their contributors counted as they did.
    unreadable : dict
        File to why it cannot be read.
    liveness : Liveness
        Whether its process goes on.
    """

    folder: Path
    settings: RunSettings | None = None
    ending: Ending | None = None
    fault: str = ""
    error: str = ""
    reported: bool = False
    kept: frozenset[str] = frozenset()
    rounds: dict[str, RoundsFile] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    told: ToldRounds = field(default_factory=ToldRounds)
    ledger: LedgerFile = field(init=False)
    liveness: Liveness = field(init=False)
    _seen: dict[str, Identity | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        self.ledger = LedgerFile(self.folder)
        self.liveness = Liveness(self.folder)

    def catch_up(self) -> bool:
        """Read what is new, and tell whether anything is. Whatever the folder holds."""
        changed = self._is_new(CONFIG)
        if changed:
            self._read_settings()
        if self._is_new(SUMMARY):
            changed, self.ending = True, self._read_ending()
        if self._is_new(ERROR):
            changed, self.error = True, self._read_error()
        if self._is_new(REPORT):
            changed, self.reported = True, self._seen[REPORT] is not None
        for name, rounds in self.rounds.items():
            changed |= self._follow(rounds)
            changed |= self._is_new(name, CLAIMS)
            if name not in self.kept and there(self.folder, name, MODEL):
                changed, self.kept = True, self.kept | {name}
        changed |= self._follow(self.ledger)
        if self.ending is None and not self.error:
            changed |= self.liveness.look(self._last())
        return self._compare() or changed

    def _last(self) -> Identity | None:
        """Give the state of the file that changed last."""
        seen = [self._seen.get(CONFIG), *(one.seen for one in self.rounds.values())]
        return max(filter(None, seen), key=lambda one: one.changed, default=None)

    def words(self, strategy: str, number: int, line: bytes) -> SureReasons | None:
        """Tell why a round's contributors counted as they did; None of a line that is none.

        Parameters
        ----------
        strategy : str
        number : int
            Of the round.
        line : bytes
            As `RoundsFile.line` gives it.
        """
        dials = self.settings.dials if self.settings else None
        return self.told.of(self.rounds[strategy], number, line, dials)

    @property
    def begun(self) -> bool:
        """Whether there are settings, readable or not."""
        return self._seen.get(CONFIG) is not None

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies, in the run's order."""
        return tuple(self.rounds)

    def _is_new(self, *names: str) -> bool:
        now, name = there(self.folder, *names), "/".join(names)
        if name in self._seen and self._seen[name] == now:
            return False
        first, self._seen[name] = name not in self._seen, now
        return not first or now is not None

    def _follow(self, file: RoundsFile | LedgerFile) -> bool:
        name = "/".join(file.names)
        try:
            changed = file.catch_up()
        except OSError as error:
            why = f"{name} cannot be read: {error.strerror or error}"
            changed = self.unreadable.get(name) != why
            self.unreadable[name] = why
            return changed
        return self.unreadable.pop(name, "") != "" or changed

    def _compare(self) -> bool:
        """Hold the rounds of the strategy that pays against its ledger."""
        before = self.ledger.difference
        lead = self.rounds.get(self.ledger.strategy)
        if lead is not None:
            with suppress(OSError):  # cut off at this moment: it is read anew the next time
                self.ledger.compare(lead)
        return self.ledger.difference != before

    def _read_settings(self) -> None:
        self.fault = ""
        try:
            self.settings = read_settings(self.folder)
        except FileNotFoundError:
            self.settings = None
        except (OSError, ValueError) as error:
            self.settings, self.fault = None, f"{CONFIG} cannot be read: {error}"
        names = self.settings.strategies if self.settings else ()
        self.rounds = {name: RoundsFile(self.folder, name) for name in names}
        self.kept, self.unreadable, self.told = frozenset(), {}, ToldRounds()

    def _read_ending(self) -> Ending | None:
        try:
            found = json.loads(content(self.folder, SUMMARY, most=_LONGEST_SUMMARY))
            people = {str(name): str(kind) for name, kind in found["contributors"].items()}
            strategies = {str(name): dict(of) for name, of in found["strategies"].items()}
            holdings = {
                str(name): OwnData(int(one["samples"]), one["errors"], one.get("scores", {}))
                for name, one in found.get("holdings", {}).items()
            }
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            self.fault = f"{SUMMARY} cannot be read ({e})"
            return None
        return Ending(people, strategies, holdings)

    def _read_error(self) -> str:
        try:
            found = content(self.folder, ERROR, most=_LONGEST_ERROR)
        except FileNotFoundError:
            return ""
        except OSError:
            return "it says why in a file that cannot be read"
        return found.decode(errors="replace").strip() or "it did not say why"
