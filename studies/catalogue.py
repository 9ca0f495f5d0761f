"""Every study by its name: those of `paper/`, `own/` and `published/`, and whoever's own.

A file of these folders that defines `STUDY` is a study; adding one is adding its file.
Another package gives one by an entry point of `anml_fl.studies`, and `module:object` names one
that is nowhere registered. Names, titles and trials are read from the files' text, so that a
list of all costs no import of what they run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple

from anml_fl.system.near import known_ones
from studies.study import Study

_HERE = Path(__file__).parent
_FOLDERS = ("paper", "own", "published")
_GROUP = "anml_fl.studies"
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
# The paper's tables by number, figures, the appendix; then ours, these first.
_KINDS = ("table", "figure", "appendix")
_FIRST = (
    "q-fit-length", "baselines", "approximations", "gate-stage1", "gate-rho", "zero-attack",
    "sampling", "feature-drift", "exploration", "temperature", "regression", "overhead",
    "label-skew", "contributor-updates", "contributor-curves", "contributor-skew", "hospitals",
    "annotators", "annotators-federation", "writers", "transformer", "gate-contributors",
    "gate-samples", "bucketing-3", "byzfl-heatmap", "flanders", "flamby-heart",
)  # fmt: skip


class Entry(NamedTuple):
    """What a list of studies says of one."""

    name: str
    title: str
    source: str
    trials: Mapping[str, int]


class Studies(Mapping[str, Study]):
    """Name to study, in the order of the page; a study is imported when it is asked for."""

    def __getitem__(self, name: str) -> Study:
        if name in self._modules:
            study = import_module(self._modules[name]).STUDY
        else:
            try:
                study = self._plugins[name].load()
            except (Exception, SystemExit) as error:
                place = self._plugins[name].value
                raise ValueError(
                    f"study {name!r}: importing {place} failed: {type(error).__name__}:"
                    f" {error}"
                ) from error
        return _checked(study, name)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._modules, *self._plugins])

    def __len__(self) -> int:
        return len(self._modules) + len(self._plugins)

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._plugins

    def entries(self) -> Iterator[Entry]:
        """Yield what a list says of each, imported only where its text does not say it."""
        for name in self:
            found = self._texts.get(self._modules.get(name, ""), {})
            if not found.keys() >= set(Entry._fields):
                try:
                    study = self[name]
                except ValueError as error:
                    yield Entry(name, f"cannot be used: {error}", "", {})
                    continue
                found = {field: getattr(study, field) for field in Entry._fields}
            yield Entry(*(found[field] for field in Entry._fields))

    @cached_property
    def _texts(self) -> Mapping[str, Mapping[str, Any]]:
        """Module to what its definition of STUDY says in plain words and numbers."""
        files = sorted(file for folder in _FOLDERS for file in _HERE.glob(f"{folder}/*.py"))
        found = {f"studies.{file.parent.name}.{file.stem}": _said(file) for file in files}
        return {module: said for module, said in found.items() if "name" in said}

    @cached_property
    def _modules(self) -> Mapping[str, str]:
        names = {str(said["name"]): module for module, said in self._texts.items()}
        return {name: names[name] for name in sorted(names, key=_rank)}

    @cached_property
    def _plugins(self) -> Mapping[str, EntryPoint]:
        # The package's own come first: no other one can take a name of theirs.
        found = {one.name: one for one in entry_points(group=_GROUP)}
        return {name: one for name, one in found.items() if name not in self._modules}


def _rank(name: str) -> tuple[int, int, str]:
    kind, _, rest = name.partition("-")
    if kind in _KINDS:
        number = int(rest) if rest.isdecimal() else 0
        return _KINDS.index(kind), number, name
    place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
    return len(_KINDS), place, name


def _said(file: Path) -> Mapping[str, Any]:
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
            if names == ["STUDY"]:
                return dict(_plain(statement.value))
    return {}


def _plain(call: ast.Call) -> Iterator[tuple[str, Any]]:
    for one in call.keywords:
        # What is no plain value needs the module.
        with suppress(ValueError):
            yield str(one.arg), ast.literal_eval(one.value)


STUDIES = Studies()

GROUPS: Mapping[str, tuple[str, ...]] = {
    "figure-1": ("table-5",),
    "figure-2": ("table-12", "table-13"),
    "figure-3": ("table-8", "table-14"),
    "figure-4": ("table-15",),
    "figure-5": ("table-16",),
    "contributors": (
        "table-16",
        "contributor-updates",
        "contributor-curves",
        "contributor-skew",
        "hospitals",
        "annotators",
        "annotators-federation",
        "writers",
    ),
}
"""A figure shows what tables have; and what is about contributors, not samples."""


def chosen(name: str) -> list[Study]:
    """Look a study up; `all` means every one, a figure the tables that it shows.

    Parameters
    ----------
    name : str
        Or `module:object` of whoever's own.

    Raises
    ------
    ValueError
        If there is no such study; it lists those that there are.

    Examples
    --------
    >>> [study.name for study in chosen("table-7")]
    ['table-7']
    >>> chosen("table-6")
    Traceback (most recent call last):
    ValueError: unknown study 'table-6'; did you mean table-16 or ...?
    """
    if name == "all":
        return list(STUDIES.values())
    if name in GROUPS:
        return [STUDIES[one] for one in GROUPS[name]]
    if name in STUDIES:
        return [STUDIES[name]]
    if _OWN.fullmatch(name):
        return [_own(name)]
    known = known_ones(name, ["all", *STUDIES, *GROUPS], "anml study list")
    raise ValueError(f"unknown study {name!r}; {known}")


def _own(name: str) -> Study:
    module, _, wanted = name.partition(":")
    try:
        study = getattr(import_module(module), wanted)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"study {name!r}: no module is called {error.name}: is its folder on PYTHONPATH?"
        ) from error
    except AttributeError as error:
        raise ValueError(f"study {name!r}: {error}") from error
    found = _checked(study, name)
    if found.name in STUDIES:
        raise ValueError(f"study {name!r} is called {found.name}, as one that there is")
    return found


def _checked(study: object, name: str) -> Study:
    if not isinstance(study, Study):
        raise ValueError(
            f"study {name!r} must be a studies.study.Study, got {type(study).__name__}"
        )
    return study
