"""Functions as jobs: ``on`` marks one, ``map`` runs it over items, ``invoke`` calls one in a file."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from trackside.cells.staging import stage_call
from trackside.errors import InvalidInput, near
from trackside.models import parse_submission
from trackside.sdk.connection import default_client
from trackside.sdk.job import Job
from trackside.sdk.options import checked, in_group
from trackside.sdk.staging import staged
from trackside.sdk.submit import submit_fields
from trackside.sdk.surroundings import surroundings
from trackside.sdk.uploading import uploaded_all, without_uploads

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["JobFunction", "invoke", "map", "on", "submit_call"]

P = ParamSpec("P")
R = TypeVar("R")
Function = Callable[..., object]


def on(**options: object) -> Callable[[Callable[P, R]], JobFunction[P, R]]:
    """Mark a function as one for jobs: ``f(…)`` runs here, ``f.submit(…)`` and ``f.map(…)`` as jobs with these options."""
    checked(options)
    return lambda function: JobFunction(function, options)


class JobFunction(Generic[P, R]):
    """A function that can also run as a job."""

    def __init__(self, function: Callable[P, R], options: Mapping[str, object]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = dict(options)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it here."""
        return self.function(*args, **kwargs)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Submit one call; ``result()`` of the job gives what it returns."""
        return submit_call(self.function, args, kwargs, self.options, default_client())

    def map(self, *items: Iterable[object]) -> list[Job]:
        """Submit one call per item, all or none of them."""
        return _map(self.function, items, self.options, default_client())

    def options_with(self, **options: object) -> JobFunction[P, R]:
        """Return the same function with other options beside its own."""
        checked(options)
        return JobFunction(self.function, {**self.options, **options})

    def __getstate__(self) -> dict[str, object]:
        """Travel, into a job that calls it, without the values of secrets: what is carried lies in files."""
        return {**self.__dict__, "options": {key: item for key, item in self.options.items() if key != "secrets"}}

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={_said(name, value)}" for name, value in self.options.items())
        return f"<JobFunction {getattr(self.function, '__qualname__', self.function)} on({said})>"


def _said(name: str, value: object) -> str:
    """An option as it may be shown: of secrets only the names."""
    return repr(sorted(value)) if name == "secrets" and isinstance(value, Mapping) else repr(value)


def map(  # noqa: A001  # the name that readers know
    function: Function, *items: Iterable[object], client: Client | None = None, **options: object
) -> list[Job]:
    """Submit ``function(item)`` for each item, or for each tuple of several iterables; all jobs or none are made.

    ``max_parallel``: how many of them may run at once; the others wait.
    """
    return _map(function, items, options, client or default_client())


def _map(
    function: Function, items: Sequence[Iterable[object]], options: Mapping[str, object], client: Client
) -> list[Job]:
    calls = list(zip(*items, strict=False))
    if not calls:
        return []
    given = in_group(checked(options), f"map:{_name(function)}")
    base = str(given.pop("name", None) or _name(function))
    with ExitStack() as stack:
        fields = [
            {**stack.enter_context(_call_fields(function, call, {}, client)), **given, "name": f"{base}-{position}"}
            for position, call in enumerate(calls)
        ]
        parse_submission(without_uploads(fields[0]))
        complete = stack.enter_context(uploaded_all(client, fields))
        return [Job(facts, client) for facts in client.jobs.submit_many(complete)]


def invoke(
    file: str | Path,
    function: str,
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
    *,
    client: Client | None = None,
    **options: object,
) -> Job:
    """Call a function of a Python file in a job; the file is read now, later changes do not matter.

    Raises InvalidInput when there is no such file or no such function in it.
    """
    path = Path(file).expanduser().absolute()
    source = _source_of(path)
    _check_defines(path, source, function)
    call = [str(path), source, function, tuple(args), dict(kwargs or {})]
    given = {"name": function, **options}
    return submit_call(call_in_file, call, {}, given, client or default_client(), spoken=f"{path.name}:{function}")


def call_in_file(path: str, source: str, function: str, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
    """Run a file's source as the module that it would be when imported, and call its function: in the job."""
    import sys
    import types

    folder, name = str(Path(path).parent), Path(path).stem
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(compile(source, path, "exec"), vars(module))  # noqa: S102  # the file that the user asked to run
    called: Function = getattr(module, function)
    return called(*args, **kwargs)


def submit_call(
    function: Function,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    options: Mapping[str, object],
    client: Client,
    *,
    spoken: str = "",
) -> Job:
    """Submit one call of a function."""
    given = {"name": _name(function), **checked(options)}
    with _call_fields(function, args, kwargs, client, spoken=spoken) as call:
        return submit_fields({**call, **given}, client)


@contextmanager
def _call_fields(
    function: Function, args: Sequence[object], kwargs: Mapping[str, object], client: Client, *, spoken: str = ""
) -> Iterator[dict[str, object]]:
    """Give the fields of one call, whose staging folder is removed if the submission fails."""
    with staged(client, lambda home: stage_call(function, args, kwargs, home=home)) as staging:
        yield {"function": spoken or _qualified(function), **surroundings(python=True), **staging}


def _qualified(function: Function) -> str:
    module = getattr(function, "__module__", None)
    name = str(getattr(function, "__qualname__", type(function).__qualname__))
    return name if module in (None, "__main__") else f"{module}.{name}"


def _name(function: Function) -> str | None:
    """Return a name for the job, None when the function has none that people gave it."""
    name = str(getattr(function, "__name__", "")).strip("_")
    return name if name.isidentifier() else None


def _source_of(path: Path) -> str:
    if not path.is_file():
        beside = [item.name for item in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise InvalidInput(f"There is no file {str(path)!r}.", hint=near(path.name, beside), code="no_such_file")
    return path.read_text(encoding="utf-8")


def _check_defines(path: Path, source: str, function: str) -> None:
    """Look for the name among what the file binds at its top level, as far as that can be seen without running it."""
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise InvalidInput(f"{path.name} cannot be parsed, line {error.lineno}: {error.msg}.") from None
    defined = [
        node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    if function not in defined and function not in bound | imported and "*" not in imported:
        known = f"It defines {', '.join(defined)}." if defined else "It defines no function."
        raise InvalidInput(
            f"{path.name} has no {function!r}.", hint=near(function, defined) or known, code="no_such_function"
        )
