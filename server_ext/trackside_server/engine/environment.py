"""What runs ran in, row by row: host, Python, GPUs, git, command, and packages whose version is not the same."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from trackside.models import ConfigRow
from trackside.tracking.folder import RunFolder
from trackside_server.engine.records import read_bytes

__all__ = ["environment_rows"]

_MOST_BYTES = 1 << 20
_VERSION = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?\s*(?:==|@)\s*(\S.*?)\s*(?:;.*)?")
_FACTS = ("host", "python", "GPU", "git commit", "git branch", "git dirty", "git remote", "command")


def environment_rows(folders: Sequence[RunFolder]) -> list[ConfigRow]:
    """Return one row for each fact and for each package that some run has in another version or not at all."""
    facts = [_facts(folder) for folder in folders]
    rows = [_row(key, [found.get(key) for found in facts]) for key in _FACTS]
    packages = [_packages(folder) for folder in folders]
    if all(packages):  # without a list of its own, nothing can be said of a run
        names = sorted({name for found in packages for name in found})
        rows += [_row(f"package {name}", [found.get(name) for found in packages]) for name in names]
    shown = [
        row for row in rows if row.differs or (row.key in _FACTS and any(value is not None for value in row.values))
    ]
    return sorted(shown, key=lambda row: not row.differs)


def _row(key: str, values: list[object]) -> ConfigRow:
    return ConfigRow(key, values, any(value != values[0] for value in values[1:]))


def _facts(folder: RunFolder) -> dict[str, object]:
    meta = folder.read_meta()
    git = meta.get("git_info")
    found = {f"git {key}": git.get(name) for key, name in _GIT.items()} if isinstance(git, dict) else {}
    return {
        **found,
        "host": meta.get("host"),
        "python": meta.get("python"),
        "GPU": _gpus(meta),
        "command": _command(folder, meta),
    }


_GIT = {"commit": "commit", "branch": "branch", "dirty": "dirty", "remote": "remote_url"}


def _gpus(meta: Mapping[str, object]) -> str | None:
    gpus = meta.get("gpus")
    if not isinstance(gpus, list) or not gpus:
        return None
    names = Counter(str(gpu.get("name")) if isinstance(gpu, dict) else str(gpu) for gpu in gpus)
    return ", ".join(name if number == 1 else f"{number} × {name}" for name, number in names.items())


def _command(folder: RunFolder, meta: Mapping[str, object]) -> str | None:
    argv = meta.get("argv")
    try:
        asked = msgspec.json.decode(read_bytes(folder.spec, 0, _MOST_BYTES), type=dict[str, object]).get("command")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        asked = None
    said = asked or argv
    return shlex.join(map(str, said)) if isinstance(said, list) and said else said if isinstance(said, str) else None


def _packages(folder: RunFolder) -> dict[str, object]:
    lines = read_bytes(folder.requirements, 0, _MOST_BYTES).decode(errors="replace").splitlines()
    found = [match for match in (_VERSION.fullmatch(line.strip()) for line in lines) if match is not None]
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2] for match in found}
