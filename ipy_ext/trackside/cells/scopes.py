"""What a function reads from its module when it is called: from its syntax with ``symtable``, from its code with ``dis``."""

from __future__ import annotations

import ast
import dis
import symtable
import types
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Body", "body_of", "global_chains"]


@dataclass
class Body:
    """What the body of a function or lambda does to names of the module.

    ``reads``: names that it reads; ``unsure``: names that it reads, but may have bound before; ``binds``: names
    that it binds (``global``).
    """

    reads: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)

    def add(self, other: Body) -> None:
        """Take in what another body does."""
        self.reads |= other.reads
        self.unsure |= other.unsure
        self.binds |= other.binds


def body_of(node: ast.stmt | ast.expr, class_name: str = "") -> Body:
    """Return what calling this function, method (of the class of that name) or lambda does to names of the module."""
    statement = node if isinstance(node, ast.stmt) else ast.Expr(node)
    if class_name:  # private names are written _Class__name there
        statement = ast.ClassDef(name=class_name, bases=[], keywords=[], body=[statement], decorator_list=[])
        statement.type_params = []  # type: ignore[attr-defined]  # a field since Python 3.12
    text = ast.unparse(ast.fix_missing_locations(ast.Module([statement], [])))
    body = Body()
    for table in _inner(symtable.symtable(text, "<cell>", "exec")):
        own_class = class_name and table.get_type() == "class" and table.get_name() == class_name
        if not own_class:
            _gather(table, body)
    body.reads -= body.unsure
    return body


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inner(child)


def _gather(table: symtable.SymbolTable, body: Body) -> None:
    in_class = table.get_type() == "class"
    for symbol in table.get_symbols():
        name = symbol.get_name()
        bound = symbol.is_assigned() or symbol.is_imported()
        if symbol.is_global():
            if bound:
                body.binds.add(name)
            if symbol.is_referenced():
                (body.unsure if bound else body.reads).add(name)
        elif in_class and bound and symbol.is_referenced():
            body.unsure.add(name)  # before it is bound, a name of a class body is the module's


def global_chains(code: types.CodeType) -> set[str]:
    """Return what compiled code, with the functions inside it, reads of its module: ``helper``, ``np.linalg.norm``."""
    chains = set()
    chain: list[str] = []
    for item in dis.get_instructions(code):
        if item.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            chain = [item.argval]
        elif item.opname in ("LOAD_ATTR", "LOAD_METHOD") and chain:
            chain = [*chain, item.argval]
        else:
            chain = []
        if chain:
            chains.add(".".join(chain))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            chains |= global_chains(constant)
    return chains
