"""The values that a job brought back, in the kernel that asks for them: loaded only when they are used."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from trackside.cells.buffers import map_buffers
from trackside.cells.locals import Frame, Locals
from trackside.cells.outcome import EXCEPTION, EXCEPTION_VALUE, MANIFEST
from trackside.errors import InvalidInput, JobFailed, NotAllowed, NotFound, near

__all__ = ["ResultInfo", "Results"]


@dataclass(frozen=True)
class ResultInfo:
    """What came back under one name: type, bytes and a short repr, or the ``error`` that says why it did not."""

    name: str
    type: str = ""
    size: int = 0
    repr: str = ""
    error: str = ""
    file: str = ""
    data: str = ""
    buffers: tuple[tuple[int, int], ...] = field(default=(), repr=False)


class Results:
    """The values that a job brought back, by name; a value is loaded when it is asked for, alone.

    ``results["model"]``, ``results.load("model")``, ``for name in results``. Values are loaded only from a folder that
    belongs to this user and that nobody else can write to, since a pickle can run code.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return self.describe() or "No value came back."

    def names(self) -> list[str]:
        """Return the names that came back."""
        return [info.name for info in self.infos() if not info.error]

    def infos(self) -> list[ResultInfo]:
        """Return what is known about each name that was asked for, values untouched."""
        try:
            raw = json.loads((self.path / MANIFEST).read_bytes())
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise InvalidInput(f"{self.path / MANIFEST} is damaged: {error}.") from error
        return [_info(name, entry) for name, entry in raw.items()]

    def describe(self) -> str:
        """Return one line for each name: type, size and a short repr, or why it did not come back."""
        from trackside.cells.carry import spell_size

        return "\n".join(
            info.error or f"{info.name}  {info.type}  {spell_size(info.size)}  {info.repr}" for info in self.infos()
        )

    def load(self, name: str) -> object:
        """Return the value of a name; each call loads it anew, large data mapped from the disk.

        Raises NotFound for a name that was not asked for, JobFailed for one that did not come back, InvalidInput when
        this kernel lacks what the value needs, NotAllowed when the folder is not this user's alone.
        """
        info = self._find(name)
        self._check_owner()
        try:
            with self._inside(info.file).open("rb") as file:
                buffers = map_buffers(self._inside(info.data or info.file), info.buffers)
                return pickle.load(file, buffers=buffers)  # noqa: S301 (checked to be the user's own)
        except FileNotFoundError:
            raise NotFound(f"The file of {name!r} is gone from {self.path}.") from None
        except ModuleNotFoundError as error:
            package = (error.name or str(error)).partition(".")[0]
            raise InvalidInput(
                f"{name!r} needs the package {package!r}, which this kernel does not have.",
                hint=f"Install it with %pip install {package}, then ask again.",
                code="missing_package",
            ) from error
        except Exception as error:
            raise InvalidInput(
                f"{name!r} ({info.type}) cannot be loaded in this kernel: {type(error).__name__}: {error}.",
                hint="Its packages have other versions here than in the job.",
                code="not_loadable",
            ) from error

    __getitem__ = load

    def get(self, name: str, default: object = None) -> object:
        """Return the value of a name, ``default`` if it did not come back."""
        return self.load(name) if name in self else default

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def _ipython_key_completions_(self) -> list[str]:
        return self.names()

    def exception(self) -> BaseException | None:
        """Return what the job's code raised: the exception itself where it could be kept, else a JobFailed about it."""
        try:
            raw = json.loads((self.path / EXCEPTION).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        self._check_owner()
        try:
            with self._inside(EXCEPTION_VALUE).open("rb") as file:
                error = pickle.load(file)  # noqa: S301 (checked to be the user's own)
        except Exception:  # noqa: BLE001 (its package may be missing here; its text is there)
            error = None
        if isinstance(error, BaseException):
            return error
        return JobFailed(f"The job raised {raw.get('type')}: {raw.get('message')}", code="exception")

    def locals(self) -> Locals:
        """Return the variables of each frame of the failure, as short texts; none when the job's code did not raise."""
        try:
            raw = json.loads((self.path / EXCEPTION).read_bytes())
            return Locals(Frame(**frame) for frame in raw.get("frames", ()))
        except (FileNotFoundError, ValueError, TypeError):
            return Locals()

    def _find(self, name: str) -> ResultInfo:
        infos = {info.name: info for info in self.infos()}
        if name not in infos:
            known = ", ".join(infos) or "none"
            raise NotFound(
                f"No result is called {name!r}.", hint=near(name, infos) or f"Results of this job: {known} (see -o)."
            )
        if infos[name].error:
            raise JobFailed(infos[name].error, code="no_result")
        return infos[name]

    def _check_owner(self) -> None:
        facts = self.path.stat()
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
            raise NotAllowed(
                f"{self.path} is not this user's alone; values are loaded only from one's own run folders.",
                hint="A pickle from somebody else could run any code here.",
            )

    def _inside(self, file: str) -> Path:
        if Path(file).name != file:
            raise InvalidInput(f"{self.path / MANIFEST} names a file outside its folder: {file!r}.")
        return self.path / file


def _info(name: str, entry: dict[str, object]) -> ResultInfo:
    known = {key: value for key, value in entry.items() if key in ResultInfo.__dataclass_fields__}
    places = cast("list[list[int]]", known.pop("buffers", []))
    return ResultInfo(name=name, **known, buffers=tuple((offset, size) for offset, size in places))  # type: ignore[arg-type]
