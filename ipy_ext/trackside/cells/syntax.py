"""IPython's syntax as plain Python: magics and shell lines become calls whose arguments show what they read.

``%time y = f(x)`` becomes ``y = f(x)``, ``!ls {folder}`` becomes ``get_ipython().system('ls {folder}', folder)``: not for
running, but so that the search for names needs to know Python only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from trackside.errors import InvalidInput

__all__ = ["Plain", "parse_cell", "without_magics"]

_PYTHON_MAGICS = frozenset(
    {"time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "scalene", "heat", "notify"}
)
_PYTHON_CELL_MAGICS = _PYTHON_MAGICS | {"capture", "track", "debug"}
_FOREIGN_CELL_MAGICS = frozenset(
    {"bash", "sh", "script", "cmd", "perl", "ruby", "pypy", "python", "python2", "python3"}
    | {"html", "HTML", "svg", "SVG", "javascript", "js", "latex", "markdown", "writefile", "file"}
)
_SHELL_CELL_MAGICS = frozenset({"!", "sx", "system"})
_BINDING_MAGICS = frozenset({"run", "pylab", "load", "store", "macro", "recall", "rerun", "loadpy", "R", "sql"})
_WORD = re.compile(r"[^\W\d]\w*")
_OUTPUT_OPTION = re.compile(r"--(?:out|err|proc)[= ]\s*([^\W\d]\w*)")
_OPTION = re.compile(r"--?[a-zA-Z]\S*\s*")


@dataclass
class Plain:
    """A cell as plain Python, and what its magics and shell lines said beside it.

    ``mentions`` are words that may be names. ``unscoped`` is true when a magic may bind names nobody can see.
    """

    tree: ast.Module
    mentions: set[str] = field(default_factory=set)
    unscoped: bool = False


def parse_cell(source: str) -> ast.Module:
    """Return the tree of a cell's source as IPython would run it.

    Raises InvalidInput with the line and an excerpt for a cell that cannot be parsed.
    """
    try:
        return _checked(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _parse_ipython(source)  # what is Python is the same to IPython


def _checked(text: str) -> ast.Module:
    tree = ast.parse(text)
    compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return tree


def _parse_ipython(source: str) -> ast.Module:
    text = source
    try:
        text = _transform(source)
        return _checked(text)
    except SyntaxError as error:
        automagic = _as_magic(source)
        if automagic is None:
            raise _unreadable(error, text, _blank_lines_ahead(source)) from None
        return parse_cell(automagic)
    except (ValueError, RecursionError, OverflowError, MemoryError) as error:
        raise InvalidInput(
            f"The cell cannot be parsed: {error or type(error).__name__}.", code="syntax_error"
        ) from None


def _transform(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))


def _blank_lines_ahead(source: str) -> int:
    """IPython drops the blank lines at the top; line numbers for people count them."""
    return len(source) and next((n for n, line in enumerate(source.splitlines()) if line.strip()), 0)


def _as_magic(source: str) -> str | None:
    """Return a one-line cell such as ``pip install x`` with its ``%``, if that is what it can only mean."""
    line = source.strip()
    first = _WORD.match(line)
    if "\n" in line or first is None:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return f"%{line}" if shell is not None and shell.find_line_magic(first.group()) else None


def _unreadable(error: SyntaxError, text: str, ahead: int) -> InvalidInput:
    number = (error.lineno or 1) + ahead
    lines = text.splitlines()
    shown = error.text or (lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else "")
    shown = shown.rstrip("\n")
    stripped = shown.lstrip()
    column = max((error.offset or 1) - 1 - (len(shown) - len(stripped)), 0)
    excerpt = f"\n    {stripped}\n    {' ' * column}^" if stripped else ""
    return InvalidInput(f"The cell cannot be parsed, line {number}: {error.msg}.{excerpt}", code="syntax_error")


def without_magics(tree: ast.Module, *, shell_reads: bool = True) -> Plain:
    """Return the tree with each magic and shell line as Python that reads and binds the same names.

    With ``shell_reads`` off, names in shell lines and in the text of magics are left out.
    """
    plain = Plain(tree)
    plain.tree = ast.fix_missing_locations(_Rewriter(plain, shell_reads).visit(tree))
    return plain


class _Rewriter(ast.NodeTransformer):
    def __init__(self, plain: Plain, shell_reads: bool) -> None:
        self._plain = plain
        self._shell_reads = shell_reads

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        call = _magic_call(node.value)
        return self._statements(*call, node) if call else self.generic_visit(node)  # type: ignore[return-value]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        call = _magic_call(node)
        if call is None:
            return self.generic_visit(node)
        statements = self._statements(*call, ast.Expr(node))
        reads = [name for statement in statements for name in _loads(statement)]
        return ast.Call(node.func, [*node.args, *reads], [])

    def _statements(self, method: str, texts: list[str], node: ast.Expr) -> list[ast.stmt]:
        """Return what stands for one magic or shell line used as a statement."""
        if method == "run_line_magic":
            return self._line_magic(texts[0], "".join(texts[1:]), node)
        if method == "run_cell_magic":
            magic, line, body = [*texts, "", ""][:3]
            return self._cell_magic(magic, line, body, node)
        return [self._expanded(" ".join(texts), node)]

    def _line_magic(self, magic: str, line: str, node: ast.Expr) -> list[ast.stmt]:
        self._plain.unscoped |= magic in _BINDING_MAGICS
        if magic in _PYTHON_MAGICS:
            body = _python_behind_options(line)
            if body is not None:
                return self._rewritten(body, conditional=magic == "timeit") or [node]
        self._plain.mentions.update(_WORD.findall(line))
        return [self._expanded(line, node)]

    def _cell_magic(self, magic: str, line: str, body: str, node: ast.Expr) -> list[ast.stmt]:
        ahead: list[ast.stmt] = [self._expanded(line, node)]
        if magic in _PYTHON_CELL_MAGICS:
            self._plain.mentions.update(_WORD.findall(line))
            if magic == "timeit":
                ahead += self._rewritten(_python_behind_options(line) or [], conditional=True)
            bound = line.split()[-1:] if magic == "capture" else []
            return [*ahead, *self._rewritten(_parsed(body) or [], conditional=magic == "timeit"), *_bind(bound)]
        if magic in _SHELL_CELL_MAGICS:
            return [*ahead, self._expanded(body, node)]
        if magic not in _FOREIGN_CELL_MAGICS:
            self._plain.unscoped = True
            self._plain.mentions.update(_WORD.findall(line), _WORD.findall(body))
        return [*ahead, *_bind(_OUTPUT_OPTION.findall(line))]

    def _rewritten(self, statements: list[ast.stmt], *, conditional: bool) -> list[ast.stmt]:
        """``%timeit`` runs its code in a function of its own: what that binds does not count as bound here."""
        inner = ast.Module(statements, [])
        body: list[ast.stmt] = self.visit(inner).body
        return [ast.If(ast.Constant(True), body, [])] if conditional and body else body

    def _expanded(self, text: str, node: ast.Expr) -> ast.stmt:
        """Return the call with what ``{…}`` and ``$name`` in its text read as further arguments."""
        reads = list(_fields(text)) if self._shell_reads else []
        call = node.value
        return ast.Expr(ast.Call(call.func, [*call.args, *reads], [])) if isinstance(call, ast.Call) else node


def _magic_call(node: ast.AST) -> tuple[str, list[str]] | None:
    """Return method and texts of ``get_ipython().method('…', …)``, None for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=method), args=args):
            texts = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            known = ("run_line_magic", "run_cell_magic", "system", "getoutput", "getoutput_raw", "system_raw")
            return (method, texts) if method in known and texts and len(texts) == len(args) else None
    return None


def _python_behind_options(line: str) -> list[ast.stmt] | None:
    """Return the statements of ``-n 3 -q f(x)`` behind its options, None when no way to read them is found."""
    readings = (_parsed(text) for text in _behind_options(line.strip()))
    return next((statements for statements in readings if statements is not None), None)


def _parsed(source: str) -> list[ast.stmt] | None:
    try:
        return parse_cell(source).body
    except InvalidInput:
        return None


def _behind_options(text: str) -> Iterator[str]:
    """Yield the text without its leading options, each read as a switch first, then as one with a value."""
    option = _OPTION.match(text)
    if option is None:
        yield text
        return
    rest = text[option.end() :]
    yield from _behind_options(rest)
    yield from _behind_options(rest.partition(" ")[2].lstrip())


def _fields(text: str) -> Iterator[ast.expr]:
    """Yield the expressions that IPython evaluates in a line; none for a line that it would leave as it is."""
    from IPython.utils.text import DollarFormatter

    try:
        found = [
            f"{name}:{spec}" if spec else name for _, name, spec, _ in DollarFormatter().parse(text) if name is not None
        ]
        yield from [ast.parse(expression.strip(), mode="eval").body for expression in found]
    except (ValueError, SyntaxError):
        return


def _loads(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield a read of each name that a statement reads, in order."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield ast.Name(node.id, ast.Load())


def _bind(names: list[str]) -> list[ast.stmt]:
    targets: list[ast.stmt] = [
        ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in names if name.isidentifier()
    ]
    return targets
