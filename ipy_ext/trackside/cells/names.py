"""Which names a cell reads before it binds them, and which it binds."""

from __future__ import annotations

import ast
import builtins
import contextlib
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from trackside.cells.flow import Flow
from trackside.cells.syntax import Plain, parse_cell, without_magics

__all__ = ["OWN_NAME", "CellNames", "find_names", "is_ipythons_own"]

#: The name that every job's cell has without an import.
OWN_NAME = "trackside"
_OWN = frozenset(
    {"In", "Out", "get_ipython", "exit", "quit", "display", "_exit_code"}
    | {f"__{name}__" for name in ("name", "builtin", "builtins", "doc", "file", "loader", "package", "spec")}
    | {"__annotations__", "__session__"}
)
_HISTORY = re.compile(r"_+|_i+|_i?\d+|_[iod]h")
_DEPTH = 50_000
_WORD = re.compile(r"[^\W\d]\w*")
_TEXT_READERS = frozenset({"query", "eval", "evaluate", "sql", "execute", "exec"})
_NAMESPACES = frozenset({"globals", "locals", "vars"})


@dataclass(frozen=True)
class CellNames:
    """The names of a cell, each in the order of first use.

    ``reads``: read while nothing in the cell has bound them. ``unsure``: read although the cell may have bound them by
    then. ``mentions``: words in shell lines, magics and query strings that may be names. ``binds``: bound at the top
    level. ``chains``: dotted names such as ``np.linalg.norm``. ``history``: names such as ``Out`` and ``_5`` that are
    the kernel's own. Builtins stand among ``reads`` when they are read: a notebook may have bound ``input`` anew.
    """

    reads: tuple[str, ...]
    unsure: tuple[str, ...]
    mentions: tuple[str, ...]
    binds: frozenset[str]
    chains: frozenset[str]
    history: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """The names read and not bound, without builtins."""
        return tuple(name for name in self.reads if not hasattr(builtins, name))

    def given(self, names: Collection[str]) -> CellNames:
        """Return what is left when somebody else binds these names before the cell runs."""

        def left(mine: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in mine if name not in names)

        reads, unsure, mentions = left(self.reads), left(self.unsure), left(self.mentions)
        return replace(self, reads=reads, unsure=unsure, mentions=mentions, binds=self.binds.union(names))


def find_names(source: str) -> CellNames:
    """Return the names that the cell with this source (IPython syntax) reads and binds.

    Raises InvalidInput with the line and an excerpt for a cell that cannot be parsed.
    """
    with _room_for_depth():
        return _find_names(source)


@contextlib.contextmanager
def _room_for_depth() -> Iterator[None]:
    """A long chain of ``elif`` or ``+`` is a deep tree: what Python compiles must not be too deep to walk."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _find_names(source: str) -> CellNames:
    tree = parse_cell(source)
    magics = any(isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(tree))
    plain = without_magics(tree) if magics else Plain(tree)
    flow = _followed(plain.tree)
    nodes = list(ast.walk(plain.tree))
    reads, unsure = list(flow.reads), [name for name in flow.unsure if name not in flow.reads]
    shell_only = _only_in_shell_lines(source, reads + unsure) if magics else []
    if flow.star or plain.unscoped:  # whatever is read may have been bound by then
        reads, unsure = [], reads + unsure
    mentions = [*shell_only, *sorted((plain.mentions | set(_mentioned(nodes))) - flow.binds)]
    return CellNames(
        reads=tuple(name for name in reads if name not in shell_only and not is_ipythons_own(name)),
        unsure=tuple(name for name in unsure if name not in shell_only and not is_ipythons_own(name)),
        mentions=tuple(
            name
            for name in dict.fromkeys(mentions)
            if name not in {*flow.reads, *flow.unsure} - set(shell_only) and not is_ipythons_own(name)
        ),
        binds=frozenset(flow.binds),
        chains=frozenset(_chains(nodes)),
        history=tuple(name for name in reads + unsure if _HISTORY.fullmatch(name) or name in ("In", "Out")),
    )


def is_ipythons_own(name: str) -> bool:
    """Whether a name belongs to the kernel: its history, its functions, its module's names."""
    return name in _OWN or _HISTORY.fullmatch(name) is not None


def _only_in_shell_lines(source: str, found: list[str]) -> list[str]:
    """Return those of the names that nothing but ``!`` lines and magics read: to them a missing name is just text."""
    flow = _followed(without_magics(parse_cell(source), shell_reads=False).tree)
    return [name for name in found if name not in flow.reads and name not in flow.unsure]


def _followed(tree: ast.Module) -> Flow:
    flow = Flow()
    flow.visit(tree)
    flow.end()
    return flow


def _chains(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Attribute):
            parts = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                yield ".".join([inner.id, *reversed(parts)])


def _mentioned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield words of strings that libraries look up as variables: queries, string annotations, ``globals()["x"]``."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[first, *_]) if (
                called in _TEXT_READERS
            ):
                yield from _words(first)
            case ast.Subscript(value=ast.Call(func=ast.Name(id=called)), slice=key) if called in _NAMESPACES:
                yield from _words(key)
            case ast.arg(annotation=ast.expr() as text) | ast.AnnAssign(annotation=text):
                yield from _words(text)
            case ast.FunctionDef(returns=ast.expr() as text) | ast.AsyncFunctionDef(returns=ast.expr() as text):
                yield from _words(text)


def _words(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from _WORD.findall(part.value)
