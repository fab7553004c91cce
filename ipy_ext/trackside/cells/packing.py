"""Pickles a set of names, and all that the notebook's functions among them read, into one stream kept aside."""

from __future__ import annotations

import builtins
import errno
import linecache
import pickle
import sys
import tempfile
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast

from trackside.cells.buffers import Aside, write_buffers
from trackside.cells.lineage import path_to
from trackside.cells.manifest import DATA, STREAM, Entry, How, Manifest, Source, python_version
from trackside.cells.names import is_ipythons_own
from trackside.cells.refusals import Refusal, refusal_of_module
from trackside.errors import NotCarried, TracksideError, TryAgain

if TYPE_CHECKING:
    from trackside.cells.pickler import Met, ValuePickler

__all__ = ["Packed", "TooLarge", "Wanted", "is_light", "is_notebooks_value", "pack"]

_ABSENT = object()
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_IN_MEMORY = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Wanted:
    """One thing to carry. ``optional``: it stays behind with a word if it cannot go. ``reader``: who reads it."""

    name: str
    value: object
    optional: bool = False
    reader: str = ""
    into: Literal["namespace", "call"] = "namespace"


class TooLarge(Exception):
    """The values are larger than the limit; ``entries`` are those written so far."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__("too large")
        self.entries = entries


class _Stays(Exception):
    def __init__(self, wanted: Wanted, error: NotCarried) -> None:
        self.wanted = wanted
        self.error = error


@dataclass
class Packed:
    """Values ready to be written: small data in a stream, large data still where the notebook has it."""

    stream: IO[bytes]
    entries: list[Entry] = field(default_factory=list)
    buffers: list[pickle.PickleBuffer] = field(default_factory=list)
    chains: set[str] = field(default_factory=set)
    sources: dict[str, Source] = field(default_factory=dict)
    code: bool = False
    remarks: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Manifest:
        """Write stream, data and manifest into the folder, which must exist; this can be done once."""
        with Aside(folder / STREAM) as file:
            self.stream.seek(0)
            while chunk := self.stream.read(_CHUNK):
                file.write(chunk)
        self.stream.close()
        places = []
        if self.buffers:
            with Aside(folder / DATA) as file:
                places = write_buffers(file, self.buffers)
            for buffer in self.buffers:
                buffer.release()  # a bytearray of which somebody holds one cannot grow
        manifest = Manifest(
            entries=tuple(self.entries),
            submodules=tuple(sorted(_submodules(self.entries, self.chains))),
            buffers=tuple(places),
            sources=self.sources,
            code=self.code,
            ipython=not {"get_ipython", "display"}.isdisjoint(chain.partition(".")[0] for chain in self.chains),
            python=python_version(),
        )
        manifest.write(folder)
        return manifest


class _Bounded:
    """Where the pickler writes: a value that would fill the disk is stopped on the way."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise _PastLimit
        return self._stream.write(data)


class _PastLimit(Exception):
    pass


def pack(
    wanted: Iterable[Wanted],
    namespace: MutableMapping[str, object],
    *,
    limit: int | None = None,
    choose: Callable[[str, object, str], Wanted | None] | None = None,
    alternatives: str = "",
) -> Packed:
    """Return these values, and those that the notebook's functions among them read, pickled but not written.

    ``choose(name, value, reader)`` decides about a name that a function reads. Raises NotCarried for the first value
    that cannot go, with the path to what is in the way, and TooLarge past ``limit`` bytes.
    """
    stay: dict[str, str] = {}
    asked = list(wanted)
    while True:
        attempt = _Packing(namespace, limit, choose or _as_read, alternatives)
        try:
            packed = attempt.run([item for item in asked if item.name not in stay], stay)
        except _Stays as stays:  # the stream is spoilt by what could not go: begin again without it
            attempt.close()
            stay[stays.wanted.name] = f"{stays.error.message} It stays here."
            continue
        except BaseException:
            attempt.close()
            raise
        packed.remarks += stay.values()
        return packed


def _as_read(name: str, value: object, reader: str) -> Wanted:
    return Wanted(name, value, reader=reader)


class _Packing:
    def __init__(
        self,
        namespace: MutableMapping[str, object],
        limit: int | None,
        choose: Callable[[str, object, str], Wanted | None],
        alternatives: str,
    ) -> None:
        self._namespace = namespace
        self._limit = limit
        self._choose = choose
        self._alternatives = alternatives
        # Held by the plan until it is written or dropped; its file on disk goes with it.
        self._packed = Packed(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
        self._pickler: ValuePickler | None = None

    def run(self, wanted: list[Wanted], stay: Mapping[str, str]) -> Packed:
        todo = deque(wanted)
        known = {item.name for item in wanted if item.into == "namespace"} | set(stay)
        while todo:
            item = todo.popleft()
            for name in self._add(item):
                value = self._namespace.get(name, _ABSENT)
                if name in known or value is _ABSENT or not is_notebooks_value(name, value):
                    continue
                known.add(name)
                chosen = self._choose(name, value, item.name)
                if chosen is not None:
                    todo.append(chosen)
            self._check_size()
        return self._packed

    def close(self) -> None:
        """Give back what the stream takes."""
        self._packed.stream.close()

    def _add(self, item: Wanted) -> list[str]:
        """Write one value and return the names that its functions read."""
        if isinstance(item.value, types.ModuleType):
            refusal = refusal_of_module(item.value)
            if refusal is not None:
                raise self._refused(item, item.value, refusal.what, refusal.remedy)
            self._packed.entries.append(Entry(item.name, "module", 0, "import", module=item.value.__name__))
            return []
        stream, buffers = self._packed.stream, self._packed.buffers
        start, count = stream.tell(), len(buffers)
        met = self._write(item)
        size = stream.tell() - start + sum(buffer.raw().nbytes for buffer in buffers[count:])
        kind = "class" if isinstance(item.value, type) else type(item.value).__name__
        self._packed.entries.append(Entry(item.name, kind, size, self._how(item.value), start, into=item.into))
        self._note(item, met)
        return sorted({chain.partition(".")[0] for chain in met.chains})

    def _write(self, item: Wanted) -> Met:
        from trackside.cells.pickler import Refused, ValuePickler

        if self._pickler is None:
            stream = self._packed.stream
            bounded = stream if self._limit is None else cast("IO[bytes]", _Bounded(stream, self._limit))
            self._pickler = ValuePickler(bounded, self._packed.buffers.append, self._namespace)
        try:
            return self._pickler.write(item.value)
        except _PastLimit:
            size = self._packed.stream.tell() - sum(entry.size for entry in self._packed.entries)
            raise TooLarge([*self._packed.entries, Entry(item.name, "", size, "value")]) from None
        except Refused as error:
            raise self._refused(item, error.value, error.refusal.what, error.refusal.remedy) from None
        except TracksideError:
            raise
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise self._failed(item, error) from error
            raise TryAgain(
                f"There is no room to prepare {item.name!r} in {tempfile.gettempdir()}.", hint="Make room there."
            ) from error
        except Exception as error:
            raise self._failed(item, error) from error

    def _failed(self, item: Wanted, error: Exception) -> Exception:
        """Say which object could not be pickled: the last one that the pickler looked at."""
        culprit = None if self._pickler is None else self._pickler.last
        what = f"of type {type(culprit).__qualname__}, which cannot be pickled ({_one_line(error)})"
        return self._refused(item, culprit, what, Refusal("").remedy)

    def _how(self, value: object) -> How:
        if self._pickler is not None and id(value) in self._pickler.by_value:
            return "code"
        return "import" if is_light(value) else "value"

    def _refused(self, item: Wanted, value: object, what: str, remedy: str) -> Exception:
        path = path_to(item.value, value, item.name) or item.name
        reader = f" {item.reader!r} reads it." if item.reader else ""
        error = NotCarried(
            f"{path!r} cannot travel into a job: it is {what}.{reader}", hint=f"{remedy}{self._alternatives}."
        )
        return _Stays(item, error) if item.optional else error

    def _note(self, item: Wanted, met: Met) -> None:
        self._packed.chains |= met.chains
        self._packed.code |= met.code
        self._packed.sources.update(_sources(met.files - self._packed.sources.keys()))
        if met.gpu_tensors:
            tensors = "a tensor" if met.gpu_tensors == 1 else f"{met.gpu_tensors} tensors"
            self._packed.remarks.append(
                f"{item.name!r} holds {tensors} on a GPU, carried as a copy in memory: use .to('cuda') inside the cell."
            )

    def _check_size(self) -> None:
        if self._limit is not None and sum(entry.size for entry in self._packed.entries) > self._limit:
            raise TooLarge(self._packed.entries)


def is_notebooks_value(name: str, value: object) -> bool:
    """Whether a name's value is the notebook's: not the kernel's own, and not the builtin of that name."""
    if is_ipythons_own(name) or getattr(builtins, name, _ABSENT) is value:
        return False
    return not (name == "open" and getattr(value, "__wrapped__", None) is builtins.open)  # IPython's guard around it


def is_light(value: object) -> bool:
    """Whether a value is a module, function or class: part of the program rather than data."""
    return isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _sources(files: Iterable[str]) -> dict[str, Source]:
    """Return the text of cells: a traceback in the job can show it only if it travels."""
    found = {}
    for file in files:
        lines = linecache.cache.get(file)
        if lines is not None and len(lines) == 4 and not Path(file).exists():
            found[file] = Source(_label(file), "".join(lines[2]))
    return found


def _label(file: str) -> str:
    if "IPython" not in sys.modules:
        return file
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    name = shell.compile.format_code_name(file) if shell is not None else None
    return " ".join(name) if name else file


def _submodules(entries: Iterable[Entry], chains: Iterable[str]) -> set[str]:
    """Return the loaded submodules that chains such as ``xml.etree.ElementTree.parse`` go through."""
    modules = {entry.name: entry.module for entry in entries if entry.module}
    found = set()
    for chain in chains:
        root, *parts = chain.split(".")
        name = modules.get(root, "")
        for part in parts:
            name = f"{name}.{part}"
            if sys.modules.get(name) is None:
                break
            found.add(name)
    return found
