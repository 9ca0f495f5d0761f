"""Reading settings: from a preset file, the command line, or Flower's run config.

All three end in the same checks, and in errors that name what is wrong and what is known.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from anml_fl.database.url import may_hold_secret
from anml_fl.plugins import BEHAVIOURS
from anml_fl.settings.meant import meant
from anml_fl.settings.names import TOO_LONG, UNKNOWN
from anml_fl.settings.run import RunConfig, settings
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import TextError, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails


def from_toml(text: str, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    r"""Check a preset file, with flat settings laid over it.

    Parameters
    ----------
    text : str
        TOML, in sections.
    overrides : mapping, optional
        Flat name to value, as from the command line.

    Raises
    ------
    ConfigError
        Naming each unknown key or bad value, and what is known.

    Examples
    --------
    >>> from_toml("[training]\nrounds = 3", {"seed": 5}).training.rounds
    3
    >>> from_toml("sede = 1")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: unknown key 'sede'; did you mean seed? known: ...
    """
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"not valid TOML: {error}") from error
    return _checked(_overlaid(tree, overrides or {}))


def from_file(path: Path) -> RunConfig:
    """Check a file of settings: a preset, or what a run or a federation has written.

    Raises
    ------
    ConfigError
        Naming the file, and each unknown key or bad value in it.
    OSError
        If it cannot be read.
    """
    try:
        return from_toml(read_text(path))
    except TextError as error:
        raise ConfigError(str(error)) from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def from_flat(flat: Mapping[str, Any]) -> RunConfig:
    """Check flat settings, as from the command line or Flower's run config.

    Parameters
    ----------
    flat : mapping
        Flat name to value; "" stands for the default.

    Raises
    ------
    ConfigError
        Naming each unknown key or bad value, and what is known.

    Examples
    --------
    >>> from_flat({"behaviours": "label_flip=2,joint=1"}).federation.behaviours
    {'label_flip': 2, 'joint': 1}
    """
    return from_toml("", flat)


def _overlaid(tree: dict[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    places = {name: (section, field.alias or key) for name, section, key, field in settings()}
    for name, given in flat.items():
        if name not in places:
            raise ConfigError(meant(f"unknown key {name!r}; known: {', '.join(places)}"))
        section, key = places[name]
        if given == "":
            continue
        value = given
        if key == "strategies" and isinstance(given, str):
            value = [part.strip() for part in given.split(",")]
        if key == "behaviours" and isinstance(given, str):
            value = parse_behaviours(given.split(","))
        branch = tree.setdefault(section, {}) if section else tree
        if not isinstance(branch, dict):
            raise ConfigError(f"[{section}] must be a table, got {_shown(branch)}")
        branch[key] = value
    return tree


def parse_behaviours(pairs: list[str]) -> dict[str, str]:
    """Split KIND=COUNT pairs.

    Returns
    -------
    dict
        Kind to count, both still unchecked; counts of one kind given twice clash.

    Raises
    ------
    ConfigError
        If a pair has no "=", or a kind comes twice.

    Examples
    --------
    >>> parse_behaviours(["joint=2"])
    {'joint': '2'}
    """
    counts: dict[str, str] = {}
    for pair in pairs:
        kind, equals, count = (part.strip() for part in pair.partition("="))
        if kind in counts or not equals:
            wrong = "gives its kind a second time" if equals else "must be KIND=COUNT"
            raise ConfigError(
                f"behaviours: {pair!r} {wrong}, as in {BEHAVIOURS.names[1]}=1"
                + ("" if kind in BEHAVIOURS.names else f"; {BEHAVIOURS.meant(kind)}")
            )
        counts[kind] = count
    return counts


def _checked(tree: dict[str, Any]) -> RunConfig:
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        lines = [_explained(problem) for problem in error.errors(include_url=False)]
    # Not from pydantic's error, which has all that was given in it.
    raise ConfigError("\n".join(map(meant, lines)))


def _explained(problem: ErrorDetails) -> str:
    """Say one problem the way a user can act on it."""
    path = [str(part) for part in problem["loc"] if part != "[key]"]
    where = ".".join(path)
    if problem["type"] == "extra_forbidden":
        model: Any = RunConfig
        for part in path[:-1]:
            model = type(model.model_fields[part].default)
        fields = model.model_fields.items()
        names = ", ".join(field.alias or key for key, field in fields)
        inside = f" in [{'.'.join(path[:-1])}]" if path[:-1] else ""
        return f"unknown key {path[-1]!r}{inside}; known: {names}"
    if problem["type"] in ("literal_error", UNKNOWN):
        names = problem["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        # The place in a list, or the key of a table, is no name of a setting.
        inside_field = path[-1].isdigit() or problem["loc"][-1] == "[key]"
        field = path[-2] if inside_field else path[-1]
        return f"{field}: unknown {_shown(problem['input'])}; known: {names}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "string_unicode":
        message = (
            "holds characters that are no text, which the terminal's encoding lost"
            f" (LANG=C.UTF-8 keeps them){_pattern(path[-1])}"
        )
    # Of what names a database its own check says what may be said.
    silent = isinstance(problem["input"], dict) or path[-1:] == ["database"]
    silent = silent or problem["type"] == TOO_LONG
    shown = "" if silent else f", got {_shown(problem['input'])}"
    return f"{where or 'settings'}: {message}{shown}"


def _pattern(key: str) -> str:
    for _, _, name, field in settings():
        for rule in field.metadata:
            if name == key and (pattern := getattr(rule, "pattern", None)):
                return f"; it must match {pattern}"
    return ""


def _shown(value: object) -> str:
    """Show a value, unless it may be a database's URL that stands in the wrong place."""
    shown = repr(value)
    return "(not shown: it may hold a password)" if may_hold_secret(shown) else shown
