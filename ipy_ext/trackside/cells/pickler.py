"""Writes values one after another as pickles that share what they have in common.

Large data goes out of band: to a second file, from which the reader maps it. One pickler writes all names, so that
a model and its optimizer, or two names for one list, are still the same objects after loading. Functions of the
notebook travel without their globals: in the job they read the job's own namespace, into which the names that they
need are carried too.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import IO, Any, cast

import cloudpickle

from trackside.cells.arrays import LARGE, Flat, reduce_array
from trackside.cells.refusals import Refusal, refusal_of_module, refusal_of_type
from trackside.cells.scopes import global_chains
from trackside.cells.tensors import reduce_tensor

__all__ = ["Met", "Refused", "ValuePickler", "code_from", "main_namespace"]


class Refused(pickle.PicklingError):
    """A value that must not travel."""

    def __init__(self, value: object, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.value = value
        self.refusal = refusal


@dataclass
class Met:
    """What the pickler met in one value.

    ``chains``: what the notebook's functions read of it (``helper``, ``np.linalg.norm``), and the names of the
    notebook's classes and functions themselves. ``files``: where their code came from.
    """

    chains: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    code: bool = False
    gpu_tensors: int = 0


class ValuePickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle is untyped
    """A pickler for values of a notebook; ``write`` one value after another.

    With ``namespace`` (the notebook's), functions defined there are bound to the job's namespace when loaded; without,
    they carry the globals that they read, as cloudpickle does it.
    """

    def __init__(
        self,
        stream: IO[bytes],
        keep_buffer: Callable[[pickle.PickleBuffer], None],
        namespace: MutableMapping[str, object] | None = None,
    ) -> None:
        super().__init__(stream, protocol=5, buffer_callback=self._place)
        self._keep_buffer = keep_buffer
        self._namespace = namespace
        self._refusals: dict[type, Refusal | None] = {}
        self._flats: dict[int, Flat] = {}
        self._here = _JobNamespace()
        self.last: object = None
        self.by_value: set[int] = set()
        self.met = Met()

    def write(self, value: object) -> Met:
        """Append one value and return what was met in it.

        Raises Refused for a value that must not travel, else what its own ``__reduce__`` raises; ``last`` is then the
        object at fault. The stream cannot be used after an error. ``by_value``: ids of what was written as code.
        """
        self.met = Met()
        if type(value) is bytearray and len(value) >= LARGE:
            self._write_bytearray(value)
        elif type(value) is bytes and len(value) >= LARGE:
            self.dump(self._flats.setdefault(id(value), Flat(value)))
        else:
            self.dump(value)
        return self.met

    def _write_bytearray(self, value: bytearray) -> None:
        """Write one that the pickler itself would put into the stream; lists that hold it have the same one."""
        if id(value) in self._known():
            self.dump(value)
            return
        flat = Flat(value)
        self.dump(flat)
        known = self._known()
        self.memo: Any = {**known, id(value): (known[id(flat)][0], value)}

    def _known(self) -> dict[int, tuple[int, object]]:
        """What was written, by its id: where it stands among all, and itself."""
        return cast("dict[int, tuple[int, object]]", self.memo.copy())

    def _place(self, buffer: pickle.PickleBuffer) -> bool:
        """Keep large data out of the stream."""
        if buffer.raw().nbytes < LARGE:
            return True
        self._keep_buffer(buffer)
        return False

    def reducer_override(self, value: object) -> Any:
        """Refuse, or say how to rebuild one object (called by the pickler for all but plain builtin ones)."""
        self.last = value
        kind = type(value)
        if kind not in self._refusals:
            self._refusals[kind] = refusal_of_type(kind)
        refusal = self._refusals[kind]
        if kind is types.CodeType:
            return self._with_file(value)
        if refusal is not None or isinstance(value, types.ModuleType):
            return self._standard_stream(value) or self._refuse(value, refusal)
        tensor = reduce_tensor(value)
        if tensor is not None:
            self.met.gpu_tensors += tensor[1]
            return tensor[0]
        array = reduce_array(value)
        if array is not None:
            return array
        reduced = super().reducer_override(value)
        if reduced is not NotImplemented and isinstance(value, (types.FunctionType, type)):
            return self._by_value(value, reduced)
        return reduced

    def _with_file(self, code: object) -> object:
        """Keep the name of the file that code comes from, which cloudpickle drops: tracebacks find its lines by it."""
        assert isinstance(code, types.CodeType)
        make, arguments = self.dispatch_table[types.CodeType](code)[:2]
        return code_from, (code.co_filename, make, arguments)

    def _standard_stream(self, value: object) -> object:
        for name in ("stdout", "stderr"):
            if value is getattr(sys, name):
                return getattr, (sys, name)
        return None

    def _refuse(self, value: object, refusal: Refusal | None) -> object:
        if isinstance(value, types.ModuleType):
            refusal = refusal or refusal_of_module(value)
        if refusal is not None:
            raise Refused(value, refusal)
        return NotImplemented

    def _by_value(self, value: types.FunctionType | type, reduced: Any) -> Any:
        """A function or class that the job cannot import goes as code; the notebook's find the job's namespace."""
        self.met.code = True
        self.by_value.add(id(value))  # the pickler keeps the object, so the id stays its own
        if self._namespace is None:
            return reduced
        if self._namespace.get(value.__name__) is value:
            self.met.chains.add(value.__name__)
        if not isinstance(value, types.FunctionType):
            return reduced
        self.met.files.add(value.__code__.co_filename)
        if not self._is_notebooks(value):
            return reduced
        self.met.chains |= global_chains(value.__code__)
        return self._bound_to_job(reduced)

    def _is_notebooks(self, function: types.FunctionType) -> bool:
        own = function.__globals__
        return own is self._namespace or own.get("__name__") == "__main__"

    def _bound_to_job(self, reduced: Any) -> Any:
        """Put the job's namespace where cloudpickle puts a copy of the globals."""
        make, (code, _, *arguments), (state, slots), *rest = reduced
        slots = {**slots, "__globals__": {}, "_cloudpickle_submodules": []}
        return (make, (code, self._here, *arguments), (state, slots), *rest)


def code_from(file: str, make: Callable[..., types.CodeType], arguments: tuple[Any, ...]) -> types.CodeType:
    """Return the code that these arguments make, as of that file; it is named in pickles, so it keeps its place."""
    return make(*arguments).replace(co_filename=file)


class _JobNamespace:
    """Stands for the notebook's namespace in a pickle and is loaded as the job's."""

    def __reduce__(self) -> tuple[Callable[[], dict[str, object]], tuple[()]]:
        return main_namespace, ()


def main_namespace() -> dict[str, object]:
    """Return the namespace of the program that runs here; it is named in pickles, so it keeps its place."""
    return vars(sys.modules["__main__"])
