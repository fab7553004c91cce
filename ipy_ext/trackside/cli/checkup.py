"""What can be seen without a server: this environment, what JupyterLab and Jupyter Server load here, the home."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from trackside.models.housekeeping import Finding
from trackside.models.units import format_size

__all__ = ["environment_findings", "home_findings"]

_LITTLE = 1 << 30


def home_findings(home: Path) -> Iterator[Finding]:
    """Yield what there is to say about a home that no server looks after."""
    if not home.exists():
        yield Finding("note", "home", f"{home} does not exist yet; the first job makes it")
        return
    mode = home.stat().st_mode & 0o777
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding("problem", "home", f"{home} cannot be written to", "Mend its rights.")
    elif mode & 0o077:
        yield Finding("problem", "home", f"{home} is open to others (mode {mode:o})", f"chmod 700 {home}")
    else:
        yield Finding("ok", "home", str(home))
    key = home / "vault.key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding("problem", "rights", f"{key} is open to others", f"chmod 600 {key}")
    free = shutil.disk_usage(home).free
    if free < _LITTLE:
        yield Finding(
            "problem", "disk", f"{format_size(free)} free", "Delete old runs: `trackside prune --older-than 30d`."
        )
    else:
        yield Finding("ok", "disk", f"{format_size(free)} free")


def environment_findings(missing: list[str]) -> Iterator[Finding]:
    """Yield what this environment is good for; ``missing`` are the modules that a server would need."""
    if missing:
        said = f"{sys.prefix} has the notebook side alone: good for kernels and scripts ({', '.join(missing)} missing)"
        yield Finding("note", "packages", said, 'For a server here: pip install "trackside[lab]".')
        return
    yield Finding("ok", "packages", f"{sys.prefix} has notebook side and server")
    if importlib.util.find_spec("jupyter_core") is None:
        return
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    yield _server_extension([Path(folder) for folder in jupyter_config_path()])
    if importlib.util.find_spec("jupyterlab") is not None or importlib.util.find_spec("notebook") is not None:
        yield _lab_extension([Path(folder) for folder in jupyter_path("labextensions")])


def _server_extension(folders: list[Path]) -> Finding:
    said: bool | None = None
    for folder in reversed(folders):  # the first folder wins
        for file in [
            *sorted((folder / "jupyter_server_config.d").glob("*.json")),
            folder / "jupyter_server_config.json",
        ]:
            enabled = _at(_read(file), "ServerApp", "jpserver_extensions", "trackside_server")
            said = enabled if isinstance(enabled, bool) else said
    if said:
        return Finding("ok", "server extension", "enabled in this environment")
    what = "not enabled" if said is None else "switched off"
    fix = "jupyter server extension enable trackside_server"
    return Finding("problem", "server extension", f"{what} in this environment: JupyterLab here has no Trackside", fix)


def _lab_extension(folders: list[Path]) -> Finding:
    found = next((folder / "trackside" for folder in folders if (folder / "trackside/package.json").exists()), None)
    if found is None:
        fix = 'pip install --force-reinstall --no-deps "trackside[lab]"'
        return Finding("problem", "lab extension", "not found: no side panel, panels in notebooks are still", fix)
    version = _at(_read(found / "package.json"), "version")
    off = [name for folder in folders for name in _disabled(folder.parent / "lab")]
    if "trackside" in off:
        return Finding("problem", "lab extension", "switched off", "jupyter labextension enable trackside")
    return Finding("ok", "lab extension", f"{version} in {found}")


def _disabled(lab: Path) -> list[str]:
    listed = _at(_read(lab / "settings" / "page_config.json"), "disabledExtensions")
    if isinstance(listed, dict):
        return [name for name, off in listed.items() if off]
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None


def _at(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
