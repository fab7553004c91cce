"""Runs a cell's source in the notebook itself, as if it stood in the cell alone."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput

if TYPE_CHECKING:
    from types import CodeType

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["run_here"]


def run_here(shell: InteractiveShell, source: str) -> None:
    """Run a cell in the notebook's names; its last expression is shown, its exceptions come out as they are.

    Raises SyntaxError as IPython does, InvalidInput for ``await`` at the top level.
    """
    __tracebackhide__ = True
    plain = shell.transform_cell(source)
    name = shell.compile.cache(plain, shell.execution_count, raw_code=source)
    tree = shell.transform_ast(shell.compile.ast_parse(plain, filename=name))
    body = list(tree.body)
    last = [body.pop()] if body and isinstance(body[-1], ast.Expr) and not plain.rstrip().endswith(";") else []
    for code in _codes(shell, body, last, name):
        exec(code, shell.user_global_ns, shell.user_ns)  # noqa: S102  # running the user's cell is what this is for


def _codes(shell: InteractiveShell, body: list[ast.stmt], last: list[ast.stmt], name: str) -> list[CodeType]:
    """Return the compiled parts: the statements, then the last expression, which ``single`` mode shows."""
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        codes = [shell.compile(ast.Module(body, []), name, "exec")] if body else []
        codes += [shell.compile(ast.Interactive(last), name, "single")] if last else []
    if any(code.co_flags & inspect.CO_COROUTINE for code in codes):
        raise InvalidInput(
            "%%track cannot run await at the top level of a cell.",
            hint="Use `with trackside.init(): …` in an ordinary cell.",
        )
    return codes
