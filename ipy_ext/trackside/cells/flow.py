"""Follows a cell's statements in order and notes which names it reads before it has bound them.

Three states of a name at each point: bound on every way there, bound on some way, not bound yet. A function's body
counts where the function is first mentioned, not where it is defined. A ``with`` body counts as executed unless it is
there to suppress errors; a loop's body as one that may not be.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from trackside.cells.scopes import Body, body_of

__all__ = ["Flow"]

_PLAIN_DECORATORS = frozenset({"property", "staticmethod", "classmethod", "abstractmethod", "cached_property"})
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_EXITS = frozenset({"exit", "quit", "_exit"})
_SUPPRESSORS = ("suppress", "raises")


class Flow(ast.NodeVisitor):
    """What one tree reads and binds; fill it with ``visit``, then call ``end``.

    ``reads``: read while bound on no way; ``unsure``: read while bound on some way only, or by a function that
    nothing calls; ``binds``: bound on any way; ``star``: whether a ``from x import *`` binds names nobody can see.
    """

    def __init__(self) -> None:
        self.reads: dict[str, None] = {}
        self.unsure: dict[str, None] = {}
        self.binds: set[str] = set()
        self.star = False
        self._sure: set[str] = set()
        self._maybe: set[str] = set()
        self._scopes: list[tuple[str, set[str]]] = []
        self._waiting: dict[str, Body] = {}
        self._entered: set[str] = set()

    def end(self) -> None:
        """Count what functions read that nothing mentioned: somebody may call them later."""
        for body in list(self._waiting.values()):
            for name in sorted(body.reads | body.unsure):
                if name not in self._sure and name not in self.reads:
                    self.unsure.setdefault(name)

    # What happens to a name.

    def _read(self, name: str) -> None:
        if self._is_hidden(name):
            return
        self._enter(name)
        if name in self._sure or name in self.reads:
            return
        (self.unsure if name in self._maybe else self.reads).setdefault(name)

    def _is_hidden(self, name: str) -> bool:
        """A comprehension's variables hide the module's names; those of a class body only from the body itself."""
        for depth, (kind, names) in enumerate(reversed(self._scopes)):
            if name in names and (kind != "class" or depth == 0):
                return True
        return False

    def _enter(self, name: str) -> None:
        """Count what a function of this cell reads, now that it is mentioned."""
        body = self._waiting.get(name)
        if body is None or name in self._entered:
            return
        self._entered.add(name)
        self._run(body)
        self._entered.discard(name)

    def _run(self, body: Body) -> None:
        for name in sorted(body.reads):
            self._read(name)
        for name in sorted(body.unsure):
            if name not in self._sure and not self._is_hidden(name):
                self._enter(name)
                self.unsure.setdefault(name)
        self.binds |= body.binds
        self._maybe |= body.binds

    def _bind(self, name: str, *, sure: bool = True) -> None:
        if self._scopes and self._scopes[-1][0] != "function":
            self._scopes[-1][1].add(name)
            return
        self.binds.add(name)
        self._maybe.add(name)
        if sure:
            self._sure.add(name)

    # Names and what binds them.

    def visit_Name(self, node: ast.Name) -> None:
        """A name read, bound, or deleted (which needs it to be there)."""
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        else:
            self._read(node.id)
        if isinstance(node.ctx, ast.Del) and self._scopes:
            self._scopes[-1][1].discard(node.id)  # a class body then sees the module's name again

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value is computed before the targets are bound."""
        self.visit(node.value)
        self._visit_all(node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """``x += 1`` reads x first."""
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """``x: int`` alone binds nothing; with a value, the annotation is computed last."""
        if node.value is not None:
            self.visit(node.value)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
        self.visit(node.annotation)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """``(x := …)`` binds in the scope around comprehensions, and may never be reached there."""
        self.visit(node.value)
        comprehensions = [scope for scope in self._scopes if scope[0] == "comprehension"]
        if comprehensions:
            self.binds.add(node.target.id)
            self._maybe.add(node.target.id)
        else:
            self.visit(node.target)

    def visit_Import(self, node: ast.Import) -> None:
        """``import a.b`` binds a."""
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """``from a import *`` binds names that nobody can see."""
        for alias in node.names:
            if alias.name == "*":
                self.star = True
            else:
                self._bind(alias.asname or alias.name)

    # Functions and classes.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function: its surroundings are computed now, its body when it is mentioned."""
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """The same, with ``async``."""
        self._function(node)

    def _function(self, node: _FunctionNode) -> None:
        self._visit_all(node.decorator_list)
        self._signature(node)
        in_class = bool(self._scopes) and self._scopes[-1][0] == "class"
        body = body_of(node, self._class_name if in_class else "")
        plain = all(_last_name(decorator) in _PLAIN_DECORATORS for decorator in node.decorator_list)
        if in_class and (plain or _is_accessor(node)):
            self._class_body.add(body)
        elif in_class or node.decorator_list:
            self._called_now(body)
        else:
            self._waiting.setdefault(node.name, Body()).add(body)
        self._bind(node.name)

    def _signature(self, node: _FunctionNode) -> None:
        """Defaults and annotations; names of type parameters are the function's own."""
        with self._scope("comprehension", _type_parameters(node)):
            arguments = node.args
            self._visit_all([*arguments.defaults, *(item for item in arguments.kw_defaults if item is not None)])
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            self._visit_all([item.annotation for item in every if item is not None and item.annotation is not None])
            if node.returns is not None:
                self.visit(node.returns)

    def _called_now(self, body: Body) -> None:
        with self._scope("function"):
            self._run(body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A lambda counts at once: most are passed on to be called."""
        self._visit_all([*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)])
        self._called_now(body_of(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body of a class runs now; what its methods read counts when the class is mentioned."""
        self._visit_all(node.decorator_list)
        with self._scope("comprehension", _type_parameters(node)):
            self._visit_all([*node.bases, *node.keywords])
            methods = self._class(node)
        if self._scopes and self._scopes[-1][0] == "class":
            self._class_body.add(methods)
        elif node.decorator_list:
            self._called_now(methods)
        else:
            self._waiting.setdefault(node.name, Body()).add(methods)
        self._bind(node.name)

    _class_name = ""
    _class_body = Body()

    def _class(self, node: ast.ClassDef) -> Body:
        outer = self._class_name, self._class_body
        self._class_name, self._class_body = node.name, Body()
        with self._scope("class", {"__module__", "__qualname__", "__class__"}):
            self._visit_all(node.body)
        methods = self._class_body
        self._class_name, self._class_body = outer
        return methods

    # Comprehensions and expressions that may not be reached.

    def _comprehension(self, generators: Sequence[ast.comprehension], results: Sequence[ast.expr]) -> None:
        self.visit(generators[0].iter)  # computed outside
        with self._scope("comprehension"):
            for number, generator in enumerate(generators):
                if number:
                    self.visit(generator.iter)
                self.visit(generator.target)
                self._visit_all(generator.ifs)
            self._visit_all(results)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """Counts as consumed at once."""
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.key, node.value])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """What stands behind the first ``and`` or ``or`` may not be reached."""
        self.visit(node.values[0])
        self._branches([lambda: self._visit_all(node.values[1:]), lambda: None])

    def visit_Compare(self, node: ast.Compare) -> None:
        """In ``a < b < c``, c may not be reached."""
        self._visit_all([node.left, node.comparators[0]])
        self._branches([lambda: self._visit_all(node.comparators[1:]), lambda: None])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """One of the two."""
        self.visit(node.test)
        self._branches([lambda: self.visit(node.body), lambda: self.visit(node.orelse)])

    def visit_Assert(self, node: ast.Assert) -> None:
        """The message is computed when the test fails."""
        self.visit(node.test)
        if node.msg is not None:
            message = node.msg
            self._branches([lambda: self.visit(message), lambda: None])

    # Statements with several ways through.

    def visit_If(self, node: ast.If) -> None:
        """Either way."""
        self.visit(node.test)
        self._blocks([node.body, node.orelse])

    def visit_For(self, node: ast.For) -> None:
        """A loop over nothing binds nothing."""
        self.visit(node.iter)
        self._blocks([[node.target, *node.body], []])
        self._blocks([node.orelse, []])

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        """The same, with ``async``."""
        self.visit(node.iter)
        self._blocks([[node.target, *node.body], []])
        self._blocks([node.orelse, []])

    def visit_While(self, node: ast.While) -> None:
        """The body may never run."""
        self.visit(node.test)
        self._blocks([node.body, []])
        self._blocks([node.orelse, []])

    def visit_With(self, node: ast.With) -> None:
        """The body runs, and runs to its end unless errors are suppressed."""
        self._with(node.items, node.body)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        """The same, with ``async``."""
        self._with(node.items, node.body)

    def _with(self, items: Sequence[ast.withitem], body: Sequence[ast.stmt]) -> None:
        self._visit_all(items)
        if any(_last_name(item.context_expr).endswith(_SUPPRESSORS) for item in items):
            self._blocks([body, []])
        else:
            self._visit_all(body)

    def visit_withitem(self, node: ast.withitem) -> None:
        """The expression, then the name behind ``as``."""
        self.visit(node.context_expr)
        if node.optional_vars is not None:
            self.visit(node.optional_vars)

    def visit_Try(self, node: ast.Try) -> None:
        """A handler may start anywhere in the body; ``finally`` after anything."""
        self._try(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        """The same, with ``except*``."""
        self._try(node)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = self._state()
        self._blocks([[*node.body, *node.orelse], *([handler] for handler in node.handlers)])
        after = self._state()
        self._restore(before)
        self._visit_all(node.finalbody)
        self._restore([known | more for known, more in zip(after, self._state(), strict=True)])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """The name behind ``as`` is gone at the end."""
        if node.type is not None:
            self.visit(node.type)
        if node.name is not None:
            self._bind(node.name)
        self._visit_all(node.body)

    def visit_Match(self, node: ast.Match) -> None:
        """One case or none; a pattern that fails may have bound names."""
        self.visit(node.subject)
        self._blocks([*([case.pattern, *_present(case.guard), *case.body] for case in node.cases), []])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """A pattern with a name."""
        self._pattern(node.pattern, node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """``*rest``."""
        self._pattern(None, node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """``{**rest}``."""
        self._visit_all([*node.keys, *node.patterns])
        self._pattern(None, node.rest)

    def _pattern(self, pattern: ast.pattern | None, name: str | None) -> None:
        self._visit_all(_present(pattern))
        if name is not None:
            self._bind(name)

    # The mechanics of ways.

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _block(self, nodes: Sequence[ast.AST]) -> bool:
        """Follow one block and return whether its end can be reached."""
        self._visit_all(nodes)
        return not any(_leaves(node) for node in nodes)

    def _blocks(self, blocks: Sequence[Sequence[ast.AST]]) -> None:
        self._branches([lambda block=block: self._block(block) for block in blocks])  # type: ignore[misc]

    def _branches(self, ways: Sequence[Callable[[], bool | None]]) -> None:
        """Follow each way from here; bound afterwards is what every way binds that does not leave."""
        before, ends = self._state(), []
        for way in ways:
            self._restore(before)
            if way() is not False:
                ends.append(self._state())
        self._restore([set.intersection(*known) for known in zip(*ends, strict=True)] if ends else before)

    def _state(self) -> list[set[str]]:
        """What is bound on every way here: in the module, then in each scope around."""
        return [set(self._sure), *(set(names) for _, names in self._scopes)]

    def _restore(self, state: Sequence[set[str]]) -> None:
        self._sure = set(state[0])
        self._scopes = [(kind, set(names)) for (kind, _), names in zip(self._scopes, state[1:], strict=True)]

    @contextlib.contextmanager
    def _scope(self, kind: str, names: Iterable[str] = ()) -> Iterator[None]:
        self._scopes.append((kind, set(names)))
        try:
            yield
        finally:
            self._scopes.pop()


def _present(node: ast.AST | None) -> list[ast.AST]:
    return [] if node is None else [node]


def _leaves(node: ast.AST) -> bool:
    """Whether a statement never goes on to the next one."""
    if isinstance(node, (ast.Raise, ast.Return, ast.Continue, ast.Break)):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _last_name(node.value.func) in _EXITS


def _last_name(node: ast.AST) -> str:
    """Return ``c`` of ``a.b.c``, ``a.b.c(…)`` and ``c``."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_accessor(node: _FunctionNode) -> bool:
    """Whether a method is the setter or deleter of a property."""
    return any(isinstance(item, ast.Attribute) and item.attr in ("setter", "deleter") for item in node.decorator_list)


def _type_parameters(node: ast.AST) -> set[str]:
    return {parameter.name for parameter in getattr(node, "type_params", ())}
