"""Whether runs repeat each other: which settings they differ in, by name."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from anml_fl.run.repeats import but_for_the_seed
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.run.reading import Run

# Letters of a value, and settings, that a message names.
_LETTERS, _NAMED = 40, 5


def check_repeats(runs: Mapping[str, Run]) -> None:
    """Refuse to take runs together that differ in more than their seed.

    Parameters
    ----------
    runs : mapping
        Name to run; one alone is never refused.

    Raises
    ------
    ValueError
        Naming the first run that does not repeat the first, and what it differs in.
    """
    (first, of), *others = runs.items()
    seeds = {of.summary.seed: first}
    for name, other in others:
        if found := differences(_settings(of), _settings(other)):
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            raise ValueError(
                f"{name} does not repeat {first}: they differ in"
                f" {', '.join(found[:_NAMED])}{more}; only runs that differ in nothing but the"
                " seed are taken together"
            )
        if (again := seeds.setdefault(other.summary.seed, name)) != name:
            raise ValueError(
                f"{name} has the seed of {again}, {other.summary.seed}: twice the same run is"
                " no repeat; leave one out"
            )
        if not but_for_the_seed(_settings(of)):
            raise ValueError(
                f"{name} does not repeat {first}: a Flower app's settings do not say what it"
                " trained on, and of runs that earn reputation in one registry each goes on"
                " where another ended"
            )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Sequence[str]:
    """List what settings differ in, but for the seed and the name.

    Parameters
    ----------
    one, other : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> wine = {"seed": 1, "federation": {"dataset": "wine"}}
    >>> list(differences(wine, {"seed": 2, "federation": {"dataset": "digits"}}))
    ["federation.dataset ('wine' and 'digits')"]
    """
    left, right = _flat(one), _flat(other)
    return [
        f"{key} ({_shown(left.get(key))} and {_shown(right.get(key))})"
        for key in sorted({*left, *right} - {"seed", "name"})
        if _text(left.get(key)) != _text(right.get(key))
    ]


def _settings(run: Run) -> dict[str, Any]:
    return tomllib.loads(run.config)


def _flat(tree: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= (
            _flat(value, f"{before}{key}.")
            if isinstance(value, dict)
            else {before + key: value}
        )
    return found


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _shown(value: object) -> str:
    return "not there" if value is None else visible(repr(value), _LETTERS)
