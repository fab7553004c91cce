"""Loads pending names at the start of the statement that uses them, in the notebook's own code.

An AST transformer of IPython: before each top-level statement of a cell that reads a pending name, it puts a call of
``settle``. So ``_job.wait()`` on one line and ``model.predict(x)`` on the next find ``model`` as what it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from types import CodeType, FunctionType

from trackside.display.pending import Outputs

__all__ = ["Settler", "names_read", "settle"]

_OWN_MAGICS = frozenset({"submit", "jobs", "runs", "logs", "cancel", "retry", "artifacts", "gpus"})
_TRACK_LINE = ("track", "run_line_magic")
_TEXT_METHODS = frozenset({"run_line_magic", "run_cell_magic", "system", "getoutput"})
_WORD = re.compile(r"[^\W\d]\w*")
_outputs: list[Outputs] = []


def settle(*names: str) -> None:
    """Bind each pending name whose job has ended; cells call it, put there by ``Settler``."""
    for outputs in _outputs:
        outputs.settle(names)


class Settler:
    """The transformer for one namespace."""

    def __init__(self, outputs: Outputs, namespace: Mapping[str, object]) -> None:
        self._outputs = outputs
        self._namespace = namespace
        _outputs.append(outputs)

    def close(self) -> None:
        """Settle nothing more."""
        if self._outputs in _outputs:
            _outputs.remove(self._outputs)

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the cell's tree, with calls of ``settle`` where pending names are read."""
        waiting = self._outputs.waiting()
        if waiting and isinstance(node, ast.Module):
            node.body = list(self._statements(node.body, waiting))
        return node

    def _statements(self, body: list[ast.stmt], waiting: Collection[str]) -> Iterator[ast.stmt]:
        for statement in body:
            used = sorted(self._reached(names_read(statement)) & set(waiting))
            if used:
                yield ast.copy_location(_call(used), statement)
            yield statement

    def _reached(self, names: set[str]) -> set[str]:
        """Add the names that functions and classes of the notebook among these read in their turn."""
        reached: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo.extend(self._names_inside(self._namespace.get(name)))
        return reached

    def _names_inside(self, value: object) -> Iterator[str]:
        members = vars(value).values() if isinstance(value, type) else (value,)
        for member in members:
            if isinstance(member, FunctionType) and member.__globals__ is self._namespace:
                yield from _code_names(member.__code__)


def names_read(statement: ast.stmt) -> set[str]:
    """Return every name that a statement may read; too many do no harm."""
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.update(_names_in_magic(node.func.attr, node.args))
    return names


def _names_in_magic(method: str, args: list[ast.expr]) -> Iterator[str]:
    """A magic gets its text as strings: any word in it may be a name that it reads."""
    texts = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if not texts or method not in _TEXT_METHODS or texts[0] in _OWN_MAGICS or (texts[0], method) == _TRACK_LINE:
        return
    for text in texts:
        yield from _WORD.findall(text)


def _code_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_names(constant)


def _call(names: list[str]) -> ast.stmt:
    arguments = ", ".join(map(repr, names))
    return ast.parse(f"__import__('{__name__}', fromlist=['settle']).settle({arguments})").body[0]
