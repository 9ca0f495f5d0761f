"""What a statement says: without words for people, and the same in every Python."""

from __future__ import annotations

import ast

# Said to people alone: neither changes a number.
_WORDS_FOR_PEOPLE = frozenset({"description", "title"})


def is_for_types(node: ast.If) -> bool:
    """Whether what is below it is read by type checkers alone."""
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def plain(statement: ast.stmt) -> ast.stmt | None:
    """Leave out what is said to people or type checkers; None if nothing is left."""
    if isinstance(statement, ast.If) and is_for_types(statement) and not statement.orelse:
        return None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return None
    found: ast.stmt | None = _Plain().visit(statement)
    return found


class _Plain(ast.NodeTransformer):
    """Takes docstrings, annotations of functions, descriptions and texts of errors away."""

    def __init__(self) -> None:
        self._in_class = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._within(node, in_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._within(node, in_class=False)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment] # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        # Fields of a class stay annotated, which pydantic reads; variables do not.
        if self._in_class:
            return self.generic_visit(node)
        if node.value is None:
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [one for one in node.keywords if one.arg not in _WORDS_FOR_PEOPLE]
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return self.generic_visit(node)

    def _within(self, node: ast.AST, *, in_class: bool) -> ast.AST:
        before, self._in_class = self._in_class, in_class
        found = self.generic_visit(node)
        self._in_class = before
        return found


def written(node: object) -> str:
    """Like `ast.dump`, whose words differ from one Python to the next."""
    if isinstance(node, ast.AST):
        fields = [
            f"{name}={written(value)}"
            for name, value in sorted(ast.iter_fields(node))
            if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
        ]
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(map(written, node))}]"
    return repr(node)
