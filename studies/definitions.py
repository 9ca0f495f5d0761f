"""A module's top-level definitions, as its text has them."""

from __future__ import annotations

import ast
import sysconfig
from collections import defaultdict
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from studies.canonical import is_for_types, plain, written
from studies.name_use import used_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parent.parent
"""Folder of the packages."""

PACKAGES = frozenset({"anml_fl", "strategies", "clients", "server", "studies"})

EFFECTS, ALL = "", "*"
"""In place of a name: what importing a module does beside defining names, and all of it."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Methods that change what they are called on, and functions that reach any name.
_CHANGING = frozenset(
    (
        "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
        "setdefault", "sort", "update",
    )
)  # fmt: skip
_REACHING = frozenset(["delattr", "eval", "exec", "globals", "setattr", "vars", "__import__"])


class Module:
    """The text of one module.

    Parameters
    ----------
    name : str
        Its dotted path.
    file : Path
        `__init__.py` of a package.
    """

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self.is_package = file.name == "__init__.py"
        self._folder = file.parent
        self.imports: dict[str, tuple[str, str]] = {}
        """Name to the module that it comes from and its name there, "" for the module."""
        self.handed_on: dict[str, tuple[str, str]] = {}
        """The same of names that type checkers alone are told of, as `import a as a`: the
        module gives them when they are asked for."""
        self.bound: dict[str, list[ast.stmt]] = defaultdict(list)
        """Name to the statements that define it, or work on it."""
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in _running(tree):
            self._import(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and is_for_types(node):
                self._hand_on(node.body)
        statements = [one for one in map(plain, tree.body) if one is not None]
        for statement in statements:
            for name_bound in _binds(statement):
                self.bound[name_bound].append(statement)
        self._statements = statements
        self._effects: list[ast.stmt] = []
        # Hundreds of studies reach the same definitions.
        self._canonical: dict[str, str] = {}
        self._used: dict[str, Sequence[str]] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        for statement in statements:
            self._works_on(statement)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that the module lies in, the outermost first."""
        parts = self.name.split(".")
        return tuple(".".join(parts[:end]) for end in range(1, len(parts)))

    @cached_property
    def submodules(self) -> frozenset[str]:
        """Names of a package's public modules."""
        names = {one.stem for one in self._folder.glob("*.py")}
        names |= {one.parent.name for one in self._folder.glob("*/__init__.py")}
        return frozenset(name for name in names if not name.startswith("_"))

    def binding(self, name: str) -> Sequence[ast.stmt]:
        """List the statements behind a name, `EFFECTS` or `ALL`, without words for people."""
        if name == ALL:
            return self._statements
        return self._effects if name == EFFECTS else self.bound[name]

    def canonical(self, name: str) -> str:
        """Write down what the statements behind a name say, in every Python alike."""
        if name not in self._canonical:
            self._canonical[name] = "\n".join(map(written, self.binding(name)))
        return self._canonical[name]

    def used(self, name: str) -> Sequence[str]:
        """List the names that the statements behind a name use."""
        if name not in self._used:
            self._used[name] = uses(self.binding(name))
        return self._used[name]

    def is_code(self, name: str) -> bool:
        """Whether a name is that of a function or class, and not of a constant."""
        return any(isinstance(one, (*_FUNCTIONS, ast.ClassDef)) for one in self.binding(name))

    def texts(self, name: str) -> Iterator[str]:
        """Yield the texts that stand in the statements behind a name."""
        if name not in self._texts:
            self._texts[name] = tuple(
                node.value
                for statement in self.binding(name)
                for node in ast.walk(statement)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            )
        yield from self._texts[name]

    def _import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                self.imports[one.asname or top] = (one.name if one.asname else top, "")
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                self.imports[one.asname or one.name] = (self._source(node), one.name)

    def _hand_on(self, body: Sequence[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ImportFrom):
                for one in node.names:
                    if one.asname == one.name:
                        self.handed_on[one.name] = (self._source(node), one.name)

    def _source(self, node: ast.ImportFrom) -> str:
        """Give the whole path of the module that something is imported from."""
        parts = self.name.split(".")
        base = parts[: len(parts) - node.level + self.is_package] if node.level else []
        return ".".join([*base, *filter(None, [node.module])])

    def _works_on(self, statement: ast.stmt) -> None:
        """Keep what a statement does to names that others define, such as registering."""
        targets = _changed(statement)
        for name in targets & self.bound.keys():
            self.bound[name].append(statement)
        defines = _is_import(statement) or any(_binds(statement))
        outside = not targets <= self.bound.keys()
        if outside or not (defines or targets) or _does_more(statement):
            self._effects.append(statement)


@cache
def module_named(name: str) -> Module:
    """Read a module of this project, or of whoever's own.

    Raises
    ------
    LookupError
        If there is no file of it.

    Examples
    --------
    >>> "consistency" in module_named("anml_fl.method.krum").bound
    True
    """
    file = _file(name)
    if file is None:
        raise LookupError(f"module {name} has no file of Python text")
    return Module(name, file)


@cache
def project_module(name: str) -> bool:
    """Whether a module is this project's, or whoever's own: neither Python's nor installed.

    Examples
    --------
    >>> [project_module(name) for name in ("anml_fl.seeding", "numpy.linalg", "json")]
    [True, False, False]
    """
    top = name.partition(".")[0]
    if top in PACKAGES:
        return True
    spec = find_spec(top)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return False
    place = Path(spec.origin)
    # An environment may see another's packages, too.
    if {"site-packages", "dist-packages"} & set(place.parts):
        return False
    installed = {sysconfig.get_path(one) for one in ("stdlib", "purelib", "platlib")}
    return not any(place.is_relative_to(one) for one in installed)


def has_submodule(module: str, name: str) -> bool:
    """Whether a module is a package with a module of that name in it."""
    return _file(f"{module}.{name}") is not None


def _file(name: str) -> Path | None:
    top, *rest = name.split(".")
    if top in PACKAGES:
        path = ROOT / top
    else:
        spec = find_spec(top)
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin)
        path = path.parent if path.name == "__init__.py" else path.with_suffix("")
    path = path.joinpath(*rest)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file if file.is_file() else None


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk through all but what is there for type checkers alone."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        inner = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.If) and is_for_types(node):
            inner = list(node.orelse)
        waiting += inner


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _binds(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level statement defines."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def _changed(statement: ast.stmt) -> set[str]:
    """Names that a statement works on: by a call, a decorator, an attribute, an index."""
    found: list[ast.expr] = []
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        found = [statement.value.func]
    elif isinstance(statement, _FUNCTIONS):
        found = list(statement.decorator_list)
    elif isinstance(statement, ast.Assign):
        found = [
            node
            for target in statement.targets
            for node in ast.walk(target)
            if isinstance(node, ast.Attribute | ast.Subscript)
        ]
    return {name for one in found if (name := _root(one))}


def _does_more(statement: ast.stmt) -> bool:
    """Whether a statement that defines names works on others, too: `x = T.pop()`."""
    if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)) or _is_import(statement):
        return False
    if isinstance(statement, ast.For | ast.While | ast.With | ast.Try | ast.If):
        nodes = ast.walk(statement)
        return any(isinstance(node, ast.Call | ast.Subscript) for node in nodes)
    called = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(
        (isinstance(one, ast.Attribute) and one.attr in _CHANGING)
        or (isinstance(one, ast.Name) and one.id in _REACHING)
        for one in called
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def uses(statements: Sequence[ast.stmt]) -> list[str]:
    """List the names of the module that statements use, with what is asked of them.

    Examples
    --------
    >>> uses(ast.parse("def f(x): return g(x) + np.linalg.norm(x)").body)
    ['g', 'np.linalg.norm']
    """
    return sorted(used_names(statements))
