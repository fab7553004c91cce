"""Names that a job will bind: each stands in the notebook as a ``Pending`` and becomes its value when first used.

A name goes through: pending (the job has not ended) → its value (the job completed), or back to the value that it had
before (the job did not bring one; the first use says so). ``settle.py`` makes the change at the start of the statement
that uses the name; a ``Pending`` that is reached some other way stands in for its value, or says when it comes.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Protocol

from trackside.errors import JobFailed, TracksideError, TryAgain

__all__ = ["Outputs", "Pending", "Source"]

_ABSENT = object()


class Source(Protocol):
    """What a pending value asks of its job."""

    @property
    def id(self) -> str:
        """The job's id."""

    @property
    def status(self) -> str:
        """Where the job stands now."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""

    def result(self, name: str | None = None) -> object:
        """The value of one name, of a job that has ended."""

    def state(self) -> str:
        """Where the job stands, in a few words."""


class _Promise:
    """One awaited value: whose it is, under which name, and what the name was before."""

    def __init__(self, job: Source, name: str, namespace: MutableMapping[str, object], before: object) -> None:
        self.job = job
        self.name = name
        self.before = before
        self._namespace = namespace
        self._value: object = _ABSENT
        self.is_lent = False

    def sentence(self) -> str:
        """Say when the value comes, or that it can be had."""
        if not self.job.is_terminal:
            return f"{self.name} comes back when {_spoken(self.job)} ends ({self.job.state()})"
        if self.job.status == "completed":
            return f"{self.name} came back with {_spoken(self.job)}; it is loaded when it is used"
        return f"{self.name} did not come back: {_spoken(self.job)} {self.job.state()}"

    @property
    def is_here(self) -> bool:
        """Whether the value was loaded already."""
        return self._value is not _ABSENT

    def is_due(self) -> bool:
        """Whether the value is here, or the job can be asked for it."""
        return self._value is not _ABSENT or self.job.is_terminal

    def value(self, stand_in: Pending) -> object:
        """Return the value and bind it to its name, if the stand-in is still what the name means."""
        if self._value is _ABSENT:
            if not self.job.is_terminal:
                raise TryAgain(
                    f"{self.sentence()}.", hint=f"Wait with trackside.job({self.job.id!r}).wait().", code="pending"
                )
            self._value = self._fetch(stand_in)
        self._bind(stand_in, self._value)
        return self._value

    def _fetch(self, stand_in: Pending) -> object:
        try:
            return self.job.result(self.name)
        except TracksideError as error:
            kept = ""
            if self.before is not _ABSENT:
                self._bind(stand_in, self.before)
                kept = f" {self.name} is again the value from before the job."
            if self.job.status == "completed":
                raise type(error)(f"{error.message}{kept}", hint=error.hint, code=error.code) from None
            raise JobFailed(
                f"{self.sentence()}.{kept}",
                hint=f"%logs {self.job.id} shows what it said.",
            ) from None

    def _bind(self, stand_in: Pending, value: object) -> None:
        if self._namespace.get(self.name) is stand_in:
            self._namespace[self.name] = value


class Pending:
    """Stands for a value that comes back when a job ends; its repr says when."""

    __slots__ = ("_promise",)
    _promise: _Promise

    def __init__(self, promise: _Promise) -> None:
        object.__setattr__(self, "_promise", promise)

    def __repr__(self) -> str:
        """Never loads anything: whoever lists the names of a notebook does not use them."""
        promise = self._promise
        return repr(promise.value(self)) if promise.is_here else promise.sentence()

    def __str__(self) -> str:
        promise = self._promise
        return str(promise.value(self)) if promise.is_here else promise.sentence()

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") and not self._promise.is_due():  # probes of front ends and pickle, not uses
            raise AttributeError(name)
        return getattr(self._promise.value(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._promise.value(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._promise.value(self), name)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the value."""
        return self._promise.value(self)(*args, **kwargs)  # type: ignore[operator]  # a TypeError is the caller's

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[[object], object], tuple[object]]:
        """Travel as the value that the name has for a new job."""
        return _itself, (carried_value(self),)

    def __array__(self, *args: object, **kwargs: object) -> object:
        from numpy import asarray

        return asarray(self._promise.value(self), *args, **kwargs)  # type: ignore[call-overload]

    __hash__ = object.__hash__


def _itself(value: object) -> object:
    return value


def _forward(name: str, function: Callable[..., object], *, swapped: bool = False) -> None:
    """Give ``Pending`` the special method ``name``, which does ``function`` to the value."""

    def method(self: Pending, *args: object) -> object:
        value = self._promise.value(self)
        return function(*args, value) if swapped else function(value, *args)

    method.__name__ = name
    setattr(Pending, name, method)


_BINARY = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift")
for _word in _BINARY:
    _forward(f"__{_word.rstrip('_')}__", getattr(operator, _word))
    _forward(f"__r{_word.rstrip('_')}__", getattr(operator, _word), swapped=True)
for _word in (
    "lt",
    "le",
    "eq",
    "ne",
    "gt",
    "ge",
    "neg",
    "pos",
    "abs",
    "invert",
    "index",
    "getitem",
    "setitem",
    "delitem",
):
    _forward(f"__{_word}__", getattr(operator, _word))
for _builtin in (len, iter, next, bool, int, float, complex, round, reversed, bytes):
    _forward(f"__{_builtin.__name__}__", _builtin)
_forward("__contains__", operator.contains)


class Outputs:
    """The pending names of one namespace."""

    def __init__(self, namespace: MutableMapping[str, object]) -> None:
        self._namespace = namespace
        self._pending: dict[str, Pending] = {}
        self._expected: dict[str, set[str]] = {}

    def expect(self, job: Source, names: Iterable[str]) -> None:
        """Let each name stand for what the job will bind it to; the value that it has now is kept aside."""
        for name in names:
            before = self._namespace.get(name, _ABSENT)
            if isinstance(before, Pending):
                before = before._promise.before if before._promise.job.status != "completed" else before
            pending = Pending(_Promise(job, name, self._namespace, before))
            self._namespace[name] = pending
            self._pending[name] = pending
            self._expected.setdefault(job.id, set()).add(name)

    def again(self, job: Source) -> None:
        """Expect anew what this job was to bring: it was retried, and may have been followed by another handle."""
        for name in self._expected.get(job.id, ()):
            pending = self._namespace.get(name)
            if isinstance(pending, Pending) and pending._promise.job.id == job.id:
                pending._promise.job = job
            else:
                self.expect(job, [name])

    def waiting(self) -> dict[str, Pending]:
        """Return the names that still stand for a value to come, and forget those that do not."""
        self._pending = {name: item for name, item in self._pending.items() if self._namespace.get(name) is item}
        return dict(self._pending)

    def settle(self, names: Iterable[str]) -> None:
        """Bind each of these names to its value if its job has ended; otherwise leave it pending.

        Raises ``JobFailed`` when a job ended without the value; the name then means again what it meant before.
        """
        waiting = self.waiting()
        for name in names:
            pending = waiting.get(name)
            if pending is not None and pending._promise.is_due():
                pending._promise.value(pending)

    @contextlib.contextmanager
    def lent(self, names: Iterable[str], perhaps: Iterable[str] = ()) -> Iterator[list[str]]:
        """Bind pending names to what a new job gets for them, for a while; give a sentence for each older value.

        A name whose job completed is its value, for good. While the job runs, and after one that failed, the value
        from before is lent: the same cell, submitted again, starts from the same. Raises ``TryAgain`` for one of
        ``names`` that has none; one that is only ``perhaps`` read is absent then.
        """
        waiting = self.waiting()
        sure = set(names)
        touched = [name for name in dict.fromkeys([*sure, *perhaps]) if name in waiting]
        try:
            said = [self._lend(name, waiting[name], sure=name in sure) for name in touched]
            yield [remark for remark in said if remark]
        finally:
            for name in touched:
                pending = waiting[name]
                if pending._promise.is_lent:
                    pending._promise.is_lent = False
                    self._namespace[name] = pending

    def _lend(self, name: str, pending: Pending, *, sure: bool) -> str:
        """Bind one name for a while; return what is to be said about it, empty for nothing."""
        try:
            value = carried_value(pending)
        except TracksideError:
            if sure:
                raise
            value = _ABSENT
        if self._namespace.get(name) is not pending:  # it came back, now or for good
            return ""
        pending._promise.is_lent = True
        if value is _ABSENT:
            del self._namespace[name]
            return ""
        self._namespace[name] = value
        job = pending._promise.job
        return f"{name} is carried in as it was before {_spoken(job)} ({job.state()})"


def carried_value(pending: Pending) -> object:
    """Return what a new job gets for a pending name: its value, or while that is not there the value from before."""
    promise = pending._promise
    if promise.is_due() and (promise.job.status == "completed" or promise.before is _ABSENT):
        return promise.value(pending)
    if promise.before is _ABSENT:
        raise TryAgain(
            f"{promise.sentence()}, so it cannot be carried into another job yet.",
            hint=f"Wait with trackside.job({promise.job.id!r}).wait(), then submit again.",
            code="pending",
        )
    before = promise.before
    return carried_value(before) if isinstance(before, Pending) else before


def _spoken(job: Source) -> str:
    return f"job {job.id.removeprefix('job-')}"
