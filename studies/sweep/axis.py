"""One setting of a sweep, and the values that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_origin

from anml_fl.database.url import may_hold_secret
from anml_fl.settings.run import settings
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

# Why a sweep over it would say nothing, or something else.
_APART = {
    "seed": "seeds are given by --seeds, such as --seeds 0-4",
    "name": "it names the folder of all runs",
    "metric": "the runs of a sweep are compared by one metric",
    "database": "where a registry lies changes no result",
}


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting that is swept.

    Parameters
    ----------
    name : str
        Of the setting, among all: `alpha`.
    key : str
        As `config.toml` has it: `aggregation.alpha`.
    texts : tuple of str
        Its values as they were given, not checked yet; two or more.
    """

    name: str
    key: str
    texts: tuple[str, ...]


def parse_axes(given: Iterable[str]) -> tuple[Axis, ...]:
    """Read what is swept.

    Parameters
    ----------
    given : iterable of str
        KEY=VALUE,VALUE each. Where a ";" stands, it parts the values; and it alone does so for
        a setting that is a list itself, in whose values commas stand.

    Raises
    ------
    ConfigError
        If a key is unknown, naming the nearest, cannot be swept, or comes twice; or there are
        not two values.

    Examples
    --------
    >>> (alpha,) = parse_axes(["aggregation.alpha=.2,.5"])
    >>> alpha.name, alpha.texts
    ('alpha', ('.2', '.5'))
    >>> (who,) = parse_axes(["behaviours=label_flip=1;label_flip=3,joint=1"])
    >>> who.key, who.texts
    ('federation.behaviours', ('label_flip=1', 'label_flip=3,joint=1'))
    >>> parse_axes(["aggregation.alhpa=.2,.5"])
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: --sweep: unknown setting 'aggregation.alhpa': did you
    mean aggregation.alpha? All are in `anml run --help`
    """
    found: dict[str, Axis] = {}
    for text in given:
        key, equals, values = text.partition("=")
        if not equals:
            raise ConfigError(f"--sweep: must be KEY=VALUE,VALUE,..., got {_shown(text)}")
        axis, listed = _setting(key.strip())
        if axis.name in found:
            raise ConfigError(f"--sweep: {axis.key} is given twice: give all its values once")
        found[axis.name] = Axis(axis.name, axis.key, _values(axis, values, listed=listed))
    return tuple(found.values())


def _setting(asked: str) -> tuple[Axis, bool]:
    """Find a setting by one of its names, and whether its values are lists."""
    known: dict[str, tuple[Axis, bool]] = {}
    for name, section, key, field in settings():
        listed = get_origin(field.annotation) in (dict, tuple)
        full = f"{section}.{field.alias or key}" if section else key
        # The two that the command line has in the singular.
        option = {"behaviours": "behaviour", "strategies": "strategy"}.get(name, name)
        known |= dict.fromkeys((name, full, option), (Axis(name, full, ()), listed))
    alike = {name.replace("_", "-"): name for name in known}
    meant = asked.removeprefix("--").replace("_", "-")
    if meant not in alike:
        near = [alike[one] for one in get_close_matches(meant, alike, n=1)]
        hint = f"did you mean {near[0]}?" if near else "none is called like it."
        raise ConfigError(
            f"--sweep: unknown setting {_shown(asked)}: {hint} All are in `anml run --help`"
        )
    axis, listed = known[alike[meant]]
    if axis.name in _APART:
        raise ConfigError(f"--sweep: {axis.key} cannot be swept: {_APART[axis.name]}")
    return axis, listed


def _values(axis: Axis, text: str, *, listed: bool) -> tuple[str, ...]:
    mark = ";" if listed or ";" in text else ","
    found = tuple(part.strip() for part in text.split(mark))
    if "" in found:
        raise ConfigError(f"--sweep: {axis.key}: value {found.index('') + 1} is empty")
    if len(found) < 2:
        why = ", since commas belong to its values" if listed else ""
        raise ConfigError(
            f"--sweep: {axis.key}: give two values or more, parted by {mark!r}{why},"
            f" got {_shown(text)}; one value for all runs is an option of its own"
        )
    return found


def _shown(text: str) -> str:
    return "(not shown: it may hold a password)" if may_hold_secret(text) else repr(text[:80])
