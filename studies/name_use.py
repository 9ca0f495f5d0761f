"""Which names of its module a definition uses: those that are not its own variables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def used_names(statements: Iterable[ast.stmt]) -> set[str]:
    """Find the names that statements use, each with the attributes that are taken of it.

    Parameters
    ----------
    statements : iterable of ast.stmt
        Of a module's top level.

    Examples
    --------
    >>> tree = ast.parse("def f(x): y = [k for k in x]; return y, k, a.b.c, z")
    >>> sorted(used_names(tree.body))
    ['a.b.c', 'k', 'z']
    """
    found = _Used()
    for statement in statements:
        found.visit(statement)
    return found.names


class _Used(ast.NodeVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self._own: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        if not self._is_own(node.id):
            self.names.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            chain.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.visit(inner)
        elif not self._is_own(inner.id):
            self.names.add(".".join([inner.id, *chain]))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for one in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if one is not None:
                self.visit(one)
        self._within(node, node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment] # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for one in (*node.args.defaults, *node.args.kw_defaults):
            if one is not None:
                self.visit(one)
        self._within(node, node.args, [node.body])

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, _COMPREHENSIONS):
            super().generic_visit(node)
            return
        # The first of its sources is looked up outside.
        self.visit(node.generators[0].iter)
        self._own.append(
            {name for one in node.generators for name in _stored(one.target)},
        )
        super().generic_visit(node)
        self._own.pop()

    def _is_own(self, name: str) -> bool:
        return any(name in names for names in self._own)

    def _within(self, node: ast.AST, args: ast.arguments, body: Iterable[ast.AST]) -> None:
        given = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self._own.append({one.arg for one in given if one is not None} | _variables(node))
        for one in body:
            self.visit(one)
        self._own.pop()


def _variables(function: ast.AST) -> set[str]:
    """Find the names that a function binds itself, without those that it says are global."""
    found: set[str] = set()
    outer: set[str] = set()
    body = function.body if isinstance(function, _FUNCTIONS) else []
    waiting: list[ast.AST] = list(body) if isinstance(body, list) else [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Global):
            outer.update(node.names)
        elif not isinstance(node, (*_COMPREHENSIONS, ast.Lambda)):
            found.update(_bound_here(node))
            waiting += ast.iter_child_nodes(node)
    return found - outer


def _bound_here(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name


def _stored(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
