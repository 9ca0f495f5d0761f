"""What can change a study's numbers: the definitions that its `run` and `variants` reach.

A function, class or constant of this project reaches what it names. From a study on, that is
its closure: only this is hashed, so that a page, a ledger or a rule that it does not use may
change, and its results stay fresh. Names are followed as Python resolves them, through
imports, `module.attribute`, decorators, defaults and base classes; what is said to people
alone (comments, docstrings, annotations, descriptions of settings, texts of errors) is no part
of it.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from studies.definitions import (
    ALL,
    EFFECTS,
    Module,
    has_submodule,
    module_named,
    project_module,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from studies.study import Study

APART: Mapping[str, str] = {
    "anml_fl.catalogue": "finds what a name stands for; what is found is hashed itself",
    "anml_fl.commands": "the command line",
    "anml_fl.database": "no study has a database",
    "anml_fl.datasets.loading": "data are hashed as they are loaded",
    "anml_fl.datasets.sources": "data are hashed as they are loaded",
    "anml_fl.federation.adoption": "no study has a table of its own",
    "anml_fl.federation.own_partition": "no study has a table of its own",
    "anml_fl.federation.own_table": "no study has a table of its own",
    "anml_fl.federation.own_task": "no study has a task of its own",
    "anml_fl.ledger": "writes down what was decided",
    "anml_fl.page": "how a page looks",
    "anml_fl.registry.attestation": "checks signatures, and of forged tokens none holds",
    "anml_fl.registry.ed25519": "checks signatures, and of forged tokens none holds",
    "anml_fl.registry.sql": "no study has a database",
    "anml_fl.registry.jws": "checks signatures, and of forged tokens none holds",
    "anml_fl.run.audit": "compares a run's files with its ledger",
    "anml_fl.run.checkpoint": "written after each round, and read by none of a study's",
    "anml_fl.run.claims": "no study's nodes test models",
    "anml_fl.run.code_hash": "the hash that a run's code has",
    "anml_fl.run.files": "names of a run's files",
    "anml_fl.run.ledger_audit": "compares a run's files with its ledger",
    "anml_fl.run.manifest": "what a run says of itself",
    "anml_fl.run.own_code": "the hash that modules of one's own have",
    "anml_fl.run.participants": "no study is somebody else's app",
    "anml_fl.run.round_audit": "compares a run's files with its ledger",
    "anml_fl.run.strategy_folder": "writes a round's record down",
    "anml_fl.run.server_seed": "no study is a deployment",
    "anml_fl.run.strategy_results": "compares a run's files with its ledger",
    "anml_fl.run.summary_audit": "compares a run's files with its ledger",
    "anml_fl.run.updates": "writes a round's updates down",
    "anml_fl.system": "files, sockets and proxies",
    "anml_fl.tables": "no study has a table of its own",
    "clients.claim": "no study's nodes test models",
    "clients.egress": "no study's data stay on nodes",
    "clients.leaving": "no study's data stay on nodes",
    "clients.module_training": "no study has a task of its own",
    "clients.own_table": "no study's data stay on nodes",
    "server.report": "the pages of a run",
    "server.orchestration.class_errors": "what a run's page says of classes",
    "server.orchestration.claims_log": "no study's nodes test models",
    "server.orchestration.coalition": "no study asks what joining is worth",
    "server.orchestration.common_scale": "no study's data stay on nodes",
    "server.orchestration.ledger_key": "the key that signs the ledger",
    "server.orchestration.measured": "what a run's summary says beside its rounds",
    "server.orchestration.model_checks": "refuses models, and changes none",
    "server.orchestration.module_checks": "refuses settings, and changes none",
    "server.orchestration.own_data": "what a run's page says of own data",
    "server.orchestration.data_checks": "refuses settings, and changes none",
    "server.orchestration.database_retry": "waits for a database",
    "server.orchestration.run_folder": "the folder of a run",
    "server.orchestration.settlement": "settles what was decided",
    "server.orchestration.worth": "no study asks what joining is worth",
    "studies.federations.throwaway": "where a run is kept that is thrown away",
    "strategies.claims": "no study's nodes test models",
    "strategies.run_log": "no study is somebody else's app",
    "strategies.statistics_query": "no study's data stay on nodes",
    "studies.store": "writes rows down",
}
"""Modules and packages that a federation reaches and that change none of its numbers."""

# Tables of which a study has nothing unless it names it: no setting has a default from them.
_NAMED_ALONE = ("strategies.pre_aggregations",)

# Parts of a name's text: the identifiers in it, or a `module:object` of whoever's own.
_TOKEN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*|[A-Za-z_]\w*")


class Place(NamedTuple):
    """A top-level definition of this project."""

    module: str
    name: str


class Closure(NamedTuple):
    """What a study reaches.

    Parameters
    ----------
    reached : mapping
        Definition to what each name in it stands for: another one, or the text of what is
        outside of this project.
    digest : str
        SHA-256 of all of it, 64 hexadecimal digits; the same wherever the definitions stand.
    """

    reached: Mapping[Place, Mapping[str, Place | str]]
    digest: str

    @property
    def modules(self) -> frozenset[str]:
        """Names of the modules that the definitions stand in."""
        return frozenset(place.module for place in self.reached)


@cache
def closure_of(study: Study) -> Closure:
    """Find what can change a study's numbers, and hash it.

    Raises
    ------
    LookupError
        If a name that is used cannot be found in the module that should have it.

    Examples
    --------
    >>> from studies.catalogue import STUDIES
    >>> found = closure_of(STUDIES["table-7"])
    >>> Place("anml_fl.method.krum", "consistency") in found.reached
    True
    >>> any(module.startswith(("anml_fl.ledger", "server")) for module in found.modules)
    False
    """
    walk = _Walk(frozenset(_configured(study)))
    for function in (study.run, study.variants):
        name = function.__qualname__.partition(".")[0]
        # A lambda has no name in its module's text.
        walk.follow(Place(function.__module__, ALL if "<" in name else name))
    # What makes the cells and their rows, and how a cell is worked out.
    walk.follow(Place("studies.study", "Row"), Place("studies.study", "Cell"))
    walk.follow(Place("studies.runner", "work_out"))
    walk.open_tables()
    return Closure(walk.reached, _digest(walk.reached, f"trained={study.trained}"))


def _configured(study: Study) -> Iterator[str]:
    """Yield every word of a study's configuration: names of data, methods and settings."""
    yield from study.trials
    for dataset in study.trials:
        for variant in study.variants(dataset):
            for method in variant.methods:
                # Of whoever's own: the parts of a chain, without settings behind it.
                yield from _TOKEN.findall(method) if ":" in method else (method,)
            for value in variant.recipe.model_dump().values():
                yield from _TOKEN.findall(str(value))


class _Walk:
    """The definitions reached so far, from words that the configuration has."""

    def __init__(self, words: frozenset[str]) -> None:
        self.reached: dict[Place, dict[str, Place | str]] = {}
        self._words = words
        self._tables: dict[str, Place] = {}

    def follow(self, *places: Place) -> None:
        """Reach definitions, and all that they use."""
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in self.reached or _apart(place.module):
                continue
            module = module_named(place.module)
            if place.name not in (*module.bound, ALL, EFFECTS):
                raise LookupError(f"{place.module} defines no {place.name} at its top level")
            found = self.reached[place] = dict(_meanings(place))
            waiting += [one for one in found.values() if isinstance(one, Place)]
            waiting += [Place(name, EFFECTS) for name in module.packages]
            waiting.append(Place(place.module, EFFECTS))
            if package := _table(module, place.name):
                self._tables[package] = place

    def open_tables(self) -> None:
        """Reach those entries of the tables that the configuration or the code names."""
        before = -1
        # What an entry reaches may open another table, or name another entry.
        while len(self.reached) != before:
            before = len(self.reached)
            for package in sorted(self._tables):
                if not _apart(package):
                    self._open(package)

    def _open(self, package: str) -> None:
        names = module_named(package).submodules
        own = {one for one in self._words if ":" in one and project_module(one.split(":")[0])}
        wanted = names & (self._words | self._said("studies.", f"{package}."))
        wanted |= names & self._said("anml_fl.settings.", constants=True)
        if not wanted and package not in _NAMED_ALONE:
            # What the study leaves open is as the settings have it by default.
            wanted = names & self._said("anml_fl.settings.", "anml_fl.config") or names
        entries = [Place(f"{package}.{name}", name) for name in sorted(wanted)]
        entries += [Place(*word.split(":")) for word in sorted(own)]
        self.follow(*entries)
        table = self._tables[package]
        self.reached[table] |= {f"{place.name} of {package}": place for place in entries}

    def _said(self, *within: str, constants: bool = False) -> frozenset[str]:
        """Words in the texts of what was reached in some modules, or of constants alone."""
        return frozenset(
            word
            for place in self.reached
            if f"{place.module}.".startswith(within)
            and not (constants and module_named(place.module).is_code(place.name))
            for text in module_named(place.module).texts(place.name)
            for word in _TOKEN.findall(text)
        )


@cache
def _apart(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in APART)


@cache
def _meanings(place: Place) -> Mapping[str, Place | str]:
    """Tell what each name in a definition stands for; hundreds of studies reach the same."""
    module = module_named(place.module)
    return {
        name: target
        for name in module.used(place.name)
        if (target := _meaning(module, name)) is not None
    }


def _meaning(module: Module, name: str) -> Place | str | None:
    """Tell what `name` or `name.attribute` stands for in a module; None if it is built in."""
    first, _, rest = name.partition(".")
    if first not in module.imports:
        return Place(module.name, first) if first in module.bound else None
    target, member = module.imports[first]
    # `import a.b` names a, `from a import b` may name a module: go on by what follows.
    while True:
        if not project_module(target):
            return ".".join(filter(None, (target, member, rest)))
        if member and has_submodule(target, member):
            target, member = f"{target}.{member}", ""
        if member:
            return _found(Place(target, member))
        if not rest:
            return Place(target, ALL)
        member, _, rest = rest.partition(".")


def _found(place: Place) -> Place | str | None:
    """Look through a module that only hands a name on."""
    module = module_named(place.module)
    if place.name in module.bound:
        return place
    if place.name in module.imports:
        return _meaning(module, place.name)
    if place.name in module.handed_on:
        return _found(Place(*module.handed_on[place.name]))
    raise LookupError(
        f"{place.module} has no {place.name} that can be seen in its text: import it from"
        " where it is defined"
    )


def _table(module: Module, name: str) -> str:
    """Package that an open table reads, if a definition is one: NAME = Catalogue(...)."""
    for statement in module.binding(name):
        call = getattr(statement, "value", None)
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        if call.func.id == "Catalogue":
            given = {word.arg: word.value for word in call.keywords}
            package = given.get("package", call.args[1] if len(call.args) > 1 else None)
            if isinstance(package, ast.Constant) and isinstance(package.value, str):
                return package.value
    return ""


def _digest(reached: Mapping[Place, Mapping[str, Place | str]], said: str) -> str:
    """Hash definitions by what they say and what their names mean, not by where they are."""
    hashes = {place: _said_by(place) for place in reached}
    # Definitions that say the same may mean different things: three times what they use.
    for _ in range(3):
        hashes = {
            place: _sha(
                hashes[place],
                *sorted(
                    f"{name}={hashes.get(target, '') if isinstance(target, Place) else target}"
                    for name, target in names.items()
                ),
            )
            for place, names in reached.items()
        }
    return _sha(said, *sorted(set(hashes.values())))


@cache
def _said_by(place: Place) -> str:
    return _sha(module_named(place.module).canonical(place.name))


def _sha(*texts: str) -> str:
    return sha256("\n".join(texts).encode()).hexdigest()
