"""What a finished run folder says, read and checked."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from anml_fl.behaviour import is_honest
from anml_fl.database.url import DatabaseError, located
from anml_fl.method.records import RoundRecord
from anml_fl.models.metrics import METRICS
from anml_fl.run.claims import load_claims
from anml_fl.run.class_names import class_names
from anml_fl.run.criterion import Criterion
from anml_fl.run.files import CONFIG, FORMAT, ROUNDS, SUMMARY, TIMINGS
from anml_fl.run.participants import UNKNOWN
from anml_fl.run.schema import StrategySummary, Summary
from anml_fl.run.typed_record import typed
from anml_fl.settings.run import settling_of
from anml_fl.system.files import read_text
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.run.claims import ClaimsRecord
    from anml_fl.run.parsing import Parse


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """One strategy: its summary, its rounds in order, seconds by round and claims if known."""

    name: str
    summary: StrategySummary
    records: tuple[RoundRecord, ...]
    timings: dict[int, float]
    claims: tuple[ClaimsRecord, ...] = ()

    @property
    def branching(self) -> bool:
        """Whether any round took a branch."""
        return any(record.branch for record in self.records)

    @property
    def judging(self) -> bool:
        """Whether any round weighed evidence on each contributor."""
        return any(record.judgement for record in self.records)

    @property
    def weighing(self) -> bool:
        """Whether any round gave weights; a coordinate-wise rule has none."""
        return any(
            math.isfinite(person.weight)
            for record in self.records
            for person in record.contributors
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: settings, summary and every strategy in the summary's order.

    Parameters
    ----------
    summary : Summary
    strategies : tuple of StrategyRun
        At least one.
    config : str
        Text of `config.toml`.
    tau_h, tau_c : float
        Thresholds of the gate's two stages (Algorithm 1).
    left_out : str
        Who took no part, if somebody was left out on purpose.
    class_names : tuple of str
        What classes are called, in their order; empty where nothing names them.
    """

    summary: Summary
    strategies: tuple[StrategyRun, ...]
    config: str
    tau_h: float
    tau_c: float
    left_out: str = ""
    class_names: tuple[str, ...] = ()
    _attackers: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look each behaviour up once: a page asks of every contributor in every round."""
        people = self.summary.contributors
        bad = {kind for kind in {*people.values()} if kind != UNKNOWN and not is_honest(kind)}
        attackers = frozenset(name for name, kind in people.items() if kind in bad)
        object.__setattr__(self, "_attackers", attackers)

    @property
    def lead(self) -> StrategyRun:
        """The strategy that the page is about: the one that pays."""
        name = settling_of([strategy.name for strategy in self.strategies])
        return next(s for s in self.strategies if s.name == name)

    @property
    def criterion(self) -> Criterion:
        """What its models are compared by."""
        return Criterion(self.summary.metric)

    @property
    def known(self) -> bool:
        """Whether it is known of anybody how they behave: in a Flower app of nobody."""
        return any(behaviour != UNKNOWN for behaviour in self.summary.contributors.values())

    def attacks(self, contributor: str) -> bool:
        """Tell whether a contributor is known to behave in any other way than honestly."""
        return contributor in self._attackers


def load_run(folder: Path, parse: Parse = RoundRecord.from_json) -> Run:
    """Read a run folder.

    Parameters
    ----------
    folder : Path
        Holds config.toml, summary.json and a folder for each strategy.
    parse : callable
        Reads a round's line; `parsed_once()` where others read the same rounds.

    Raises
    ------
    FileNotFoundError
        If a file that every run has is missing.
    ValueError
        If a file says something else than it should; the message names file and place.
    """
    path = folder / SUMMARY
    try:
        summary = _SUMMARY.validate_json(_without_surrogates(_read(path)))
    except ValidationError as error:
        raise ValueError(f"{path}: {explained(error)}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if summary.format != FORMAT:
        raise ValueError(
            f"{path}: format is {summary.format}, this code reads {FORMAT}: use the version of"
            " anml-fl that wrote it"
        )
    if not summary.strategies:
        raise ValueError(f"{path}: strategies must name at least one strategy, got none")
    if summary.metric and summary.metric not in METRICS:
        raise ValueError(
            f"{path}: metric must be one of {', '.join(METRICS)}, got {summary.metric!r}"
        )
    if strangers := sorted(set(summary.holdings) - set(summary.contributors)):
        raise ValueError(f"{path}: holdings name {strangers[0]!r}, who is no contributor")
    for name in summary.strategies:
        # The name is a folder: "../other" would read a file of somebody else.
        if name in ("", "..") or Path(name).name != name or "\0" in name:
            raise ValueError(f"{path}: strategy {name!r} must be a plain folder name")
    config = _read(folder / CONFIG)
    settings = _Settings(folder / CONFIG, config)
    settings.check_secrets()
    strategies = tuple(
        StrategyRun(
            name,
            of,
            _records(folder / name / ROUNDS, set(summary.contributors), parse),
            _timings(folder / name / TIMINGS),
            load_claims(folder / name),
        )
        for name, of in summary.strategies.items()
    )
    return Run(
        summary,
        strategies,
        config,
        settings.number("aggregation", "tau_h", 0.35),
        settings.number("aggregation", "tau_c", 0.3),
        settings.text("federation", "leave_out"),
        class_names(folder, summary.dataset),
    )


_SUMMARY = TypeAdapter(Summary)


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} is missing: a run folder holds {CONFIG}, {SUMMARY} and "
            f"<strategy>/{ROUNDS}"
        ) from error


def _without_surrogates(text: str) -> str:
    # JSON can spell half a character, which no page can hold: \ud800 becomes &#55296;.
    # A contributor's error text must not be able to keep the report from being written.
    if "\\ud" not in text.lower():
        return text
    whole = json.dumps(json.loads(text), ensure_ascii=False)
    return whole.encode("utf-8", "xmlcharrefreplace").decode("utf-8")


class _Settings:
    """Numbers out of config.toml."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        try:
            self._tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path}: not TOML ({error})") from error

    def check_secrets(self) -> None:
        """Refuse what the page would show: older versions let some passwords pass."""
        try:
            located(self.text("registry", "database"))
        except DatabaseError as error:
            raise ValueError(f"{self._path}: registry.database: {error}") from None

    def number(self, section: str, key: str, default: float) -> float:
        """Return a setting, which may be missing, but not be anything else."""
        table = self._tree.get(section, {})
        value = table.get(key, default) if isinstance(table, dict) else default
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError(f"{self._path}: {section}.{key} must be a number, got {value!r}")
        return float(value)

    def text(self, section: str, key: str) -> str:
        """Return a setting, "" where it is missing or no text."""
        table = self._tree.get(section, {})
        value = table.get(key, "") if isinstance(table, dict) else ""
        return value if isinstance(value, str) else ""


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    # Not splitlines(): it would also cut at U+2028, which JSON strings may hold.
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if line.strip():
            yield f"{path} line {number}", line


def _records(path: Path, contributors: set[str], parse: Parse) -> tuple[RoundRecord, ...]:
    records: dict[int, RoundRecord] = {}
    for place, line in _lines(path):
        try:
            # from_json does not look at types, and a page can't plot a text.
            record = typed(parse(_without_surrogates(line)))
        except ValidationError as error:
            raise ValueError(f"{place}: {explained(error)}") from error
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        named = {person.contributor for person in record.contributors}
        if strangers := sorted(named - contributors):
            raise ValueError(
                f"{place}: contributor {strangers[0]!r} is not among the contributors "
                "of summary.json"
            )
        if record.round in records:
            raise ValueError(f"{place}: round {record.round} appears twice")
        records[record.round] = record
    if not records:
        raise ValueError(f"{path}: must hold at least one round, got an empty file")
    return tuple(records[number] for number in sorted(records))


def _timings(path: Path) -> dict[int, float]:
    if not path.exists():  # a run that was not timed is still a run
        return {}
    seconds: dict[int, float] = {}
    for place, line in _lines(path):
        try:
            entry: dict[str, Any] = json.loads(line)
            seconds[int(entry["round"])] = float(entry["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{place}: must read {{"round": 1, "seconds": 0.14}}') from error
    return seconds
