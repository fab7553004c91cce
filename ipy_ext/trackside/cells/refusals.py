"""What cannot travel into a job, by type: what it is called, and what to do instead."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

__all__ = ["Refusal", "refusal_of_module", "refusal_of_type"]

_BUILD = "Build it inside the cell"


@dataclass(frozen=True)
class Refusal:
    """Why a value stays behind: ``what`` it is, and the ``remedy``."""

    what: str
    remedy: str = _BUILD


_FILE = Refusal("an open file", "Open it inside the cell")
_LOCK = Refusal("a lock")
_SOCKET = Refusal("a network connection", "Connect inside the cell")
_DATABASE = Refusal("a database connection", "Connect inside the cell")
_GENERATOR = Refusal(
    "a generator, which keeps its place in this kernel", "Carry a list of its values, or build it inside the cell"
)
_COROUTINE = Refusal("a coroutine", "Await it before, or build it inside the cell")
_THREAD = Refusal("a thread, process or pool of this kernel", "Start it inside the cell")
_LOOP = Refusal("part of this kernel's event loop", "Await it before, or build it inside the cell")
_WIDGET = Refusal("a widget, which lives in this notebook only", "Carry its value: x = widget.value")
_RUN = Refusal(
    "a run of this kernel", "Inside the job trackside.log() writes to the job's own run, no run has to go with it"
)
_KERNEL = Refusal("part of this kernel")
_PROGRESS = Refusal("a progress bar on this notebook's page")

_RULES: Mapping[Refusal, Iterable[str]] = {
    _FILE: (
        "_io.TextIOWrapper",
        "_io.BufferedReader",
        "_io.BufferedWriter",
        "_io.BufferedRandom",
        "_io.BufferedRWPair",
        "_io.FileIO",
        "ipykernel.iostream.OutStream",
        "tempfile._TemporaryFileWrapper",
        "tempfile.SpooledTemporaryFile",
        "mmap.mmap",
        "zipfile.ZipFile",
        "tarfile.TarFile",
        "h5py._hl.files.File",
    ),
    _LOCK: (
        "_thread.lock",
        "_thread.RLock",
        "threading.Condition",
        "threading.Event",
        "threading.Semaphore",
        "threading.Barrier",
        "multiprocessing.synchronize.SemLock",
    ),
    _SOCKET: ("_socket.socket", "ssl.SSLContext", "zmq.sugar.socket.Socket", "http.client.HTTPConnection"),
    _DATABASE: (
        "sqlite3.Connection",
        "sqlite3.Cursor",
        "duckdb.duckdb.DuckDBPyConnection",
        "_duckdb.DuckDBPyConnection",
        "sqlalchemy.engine.base.Engine",
        "sqlalchemy.engine.base.Connection",
        "sqlalchemy.orm.session.Session",
        "psycopg.connection.Connection",
        "psycopg2.extensions.connection",
        "pymongo.mongo_client.MongoClient",
        "pymongo.synchronous.mongo_client.MongoClient",
        "redis.client.Redis",
    ),
    _GENERATOR: ("builtins.generator", "builtins.async_generator"),
    _COROUTINE: ("builtins.coroutine",),
    _THREAD: (
        "threading.Thread",
        "concurrent.futures._base.Executor",
        "concurrent.futures._base.Future",
        "multiprocessing.process.BaseProcess",
        "multiprocessing.pool.Pool",
        "multiprocessing.managers.BaseManager",
        "subprocess.Popen",
    ),
    _LOOP: ("_asyncio.Future", "_asyncio.Task", "asyncio.events.AbstractEventLoop"),
    _WIDGET: ("ipywidgets.widgets.widget.Widget",),
    _RUN: ("trackside.tracking.run.Run",),
    _KERNEL: (
        "IPython.core.interactiveshell.InteractiveShell",
        "ipykernel.kernelbase.Kernel",
        "builtins.frame",
        "builtins.traceback",
        "_contextvars.Context",
        "_contextvars.ContextVar",
    ),
    _PROGRESS: ("tqdm.std.tqdm",),
}
_BY_NAME = {name: refusal for refusal, names in _RULES.items() for name in names}


def refusal_of_type(kind: type) -> Refusal | None:
    """Return why values of this type stay behind, None when nothing is known against them."""
    for base in kind.__mro__:
        refusal = _BY_NAME.get(f"{base.__module__}.{base.__qualname__}")
        if refusal is not None:
            return refusal
    return None


def refusal_of_module(module: ModuleType) -> Refusal | None:
    """Return why a module stays behind, None for one that the job can import by name."""
    name = module.__name__
    if sys.modules.get(name) is not module:
        return Refusal(f"a module made in this kernel, which no import of {name!r} finds", "Put it into a file")
    if getattr(module, "__spec__", None) is None and name not in ("__main__", "builtins"):
        return Refusal(f"a module made in this kernel, which no import of {name!r} finds", "Put it into a file")
    return None
