"""What lies in a folder of carried values, as ``manifest.json`` says it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from trackside.errors import InvalidInput
from trackside.tracking.atomic import write_json

__all__ = ["DATA", "MANIFEST", "STREAM", "Entry", "How", "Manifest", "Source", "python_version"]

FORMAT = 1
MANIFEST = "manifest.json"
STREAM = "carry.pkl"
DATA = "carry.bin"
How = Literal["value", "import", "code"]


@dataclass(frozen=True)
class Entry:
    """One carried name, or one part of a call.

    ``size`` in bytes, large data included. ``how``: a ``value``, an ``import`` by name, or ``code`` that travels with
    it. ``offset``: where its pickle begins in the stream, -1 for a module. ``into``: ``namespace`` or ``call``.
    """

    name: str
    type: str
    size: int
    how: How
    offset: int = -1
    module: str = ""
    into: Literal["namespace", "call"] = "namespace"


@dataclass(frozen=True)
class Source:
    """The text of a cell in which a carried function was defined, and how tracebacks call that cell."""

    label: str
    text: str


@dataclass(frozen=True)
class Manifest:
    """Everything needed to load what was carried.

    ``buffers`` are (offset, size) of large data in ``carry.bin``, in the order of use. ``submodules`` are imported
    beside the modules. ``code``: some pickle holds code objects, which only the same Python version can run.
    """

    entries: tuple[Entry, ...] = ()
    submodules: tuple[str, ...] = ()
    buffers: tuple[tuple[int, int], ...] = ()
    sources: dict[str, Source] = field(default_factory=dict)
    code: bool = False
    ipython: bool = False
    python: str = ""

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        write_json(folder / MANIFEST, {"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Return the manifest of a folder, an empty one where there is none."""
        try:
            raw = json.loads((folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            return cls()
        except ValueError as error:
            raise InvalidInput(f"{folder / MANIFEST} is damaged: {error}.", hint="Submit the job again.") from error
        if raw.pop("format", None) != FORMAT:
            raise InvalidInput(
                f"{folder / MANIFEST} was written by another version of Trackside.", hint="Submit the job again."
            )
        raw["entries"] = tuple(Entry(**entry) for entry in raw["entries"])
        raw["submodules"] = tuple(raw["submodules"])
        raw["buffers"] = tuple((offset, size) for offset, size in raw["buffers"])
        raw["sources"] = {name: Source(**source) for name, source in raw["sources"].items()}
        return cls(**raw)


def python_version() -> str:
    """Return the version that decides whether code objects can be read: ``3.11``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
