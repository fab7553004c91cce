"""Loads, inside the job, what was carried into it."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from trackside.cells.buffers import map_buffers
from trackside.cells.manifest import DATA, STREAM, Entry, Manifest, python_version
from trackside.errors import NotCarried

__all__ = ["load_carried"]


def load_carried(folder: Path, namespace: MutableMapping[str, object]) -> tuple[Manifest, dict[str, object]]:
    """Bind what lies in the folder to its names; return the manifest and the parts of a call.

    Large data is mapped, not read: pages come from the disk when they are used, and writing to an array changes the
    job's copy only. Raises NotCarried naming what could not be loaded, why, and what to do.
    """
    manifest = Manifest.read(folder)
    if manifest.code and manifest.python != python_version():
        raise NotCarried(
            f"Functions were carried from Python {manifest.python}, but this job runs on {python_version()}.",
            hint="Submit from a kernel with the job's Python, or put the functions into a file and import it.",
        )
    _remember_sources(manifest)
    _import_modules(manifest, namespace)
    call: dict[str, object] = {}
    for entry, value in _values(folder, manifest):
        (namespace if entry.into == "namespace" else call)[entry.name] = value
    if manifest.code:
        namespace["__builtins__"] = builtins  # rebuilding functions puts a dict there
    return manifest, call


def _remember_sources(manifest: Manifest) -> None:
    if manifest.sources:
        from trackside.cells.sources import remember

        for file, source in manifest.sources.items():
            remember(file, source.label, source.text)


def _import_modules(manifest: Manifest, namespace: MutableMapping[str, object]) -> None:
    for entry in manifest.entries:
        if entry.module:
            namespace[entry.name] = _import(entry.module, entry.name)
    for module in manifest.submodules:
        _import(module, module)


def _import(module: str, name: str) -> object:
    try:
        importlib.import_module(module)
    except Exception as error:
        raise _not_loaded(name, error) from error
    return sys.modules[module]


def _values(folder: Path, manifest: Manifest) -> Iterator[tuple[Entry, object]]:
    """Load the pickles in the order in which they were written: later ones refer to earlier ones."""
    entries = [entry for entry in manifest.entries if not entry.module]
    if not entries:
        return
    import pickle

    with (folder / STREAM).open("rb") as stream:
        unpickler = pickle.Unpickler(stream, buffers=map_buffers(folder / DATA, manifest.buffers))  # noqa: S301 (our own run folder)
        for entry in entries:
            try:
                value = unpickler.load()
            except Exception as error:
                raise _not_loaded(entry.name, error) from error
            yield entry, value


def _not_loaded(name: str, error: Exception) -> NotCarried:
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"Install {error.name.partition('.')[0]} for {sys.executable}, or submit from that environment."
    else:
        hint = "Build it inside the cell."
    text = " ".join(str(error).split())
    return NotCarried(f"{name!r} was carried, but cannot be loaded here: {type(error).__name__}: {text}.", hint=hint)
