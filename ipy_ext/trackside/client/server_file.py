"""The file that each server leaves for clients of its user: ``trackside-<pid>.json``.

It lies in Jupyter's runtime folder, for kernels, and in ``<home>/run/``, for jobs, which do not know where that is.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trackside.client.address import Address
from trackside.client.lineage import is_same
from trackside.tracking.home import jupyter_runtime_dir

__all__ = ["ServerFile", "folders_of", "parse", "read", "read_all"]

_log = logging.getLogger(__name__)
_LARGEST = 65_536


@dataclass(frozen=True)
class ServerFile:
    """What a server says of itself, and the file that says it."""

    path: Path
    address: Address
    pid: int
    start_time: float
    version: str = ""
    host: str = ""
    """Where it runs; empty in files of older versions."""

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote it still runs on this host, where its address is good."""
        return self.host in {"", os.uname().nodename} and is_same(self.pid, self.start_time)

    def serves(self, home: Path) -> bool:
        """Return whether the server works on this home."""
        named = self.address.home
        return named is not None and os.path.realpath(named) == os.path.realpath(home)


def folders_of(home: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return the folders in which servers leave their files for this process."""
    return [jupyter_runtime_dir(environ), home / "run"]


def read(folders: Iterable[Path], pid: int) -> ServerFile | None:
    """Return what the server with this pid says of itself, None when there is no file that may be trusted."""
    for folder in folders:
        path = folder / f"trackside-{pid}.json"
        content = _read_own(path)
        found = None if content is None else parse(content, path)
        if found is not None and found.pid == pid:
            return found
    return None


def read_all(folders: Iterable[Path]) -> list[ServerFile]:
    """Return the files of all living servers, one of each: Jupyter's before headless ones, newest first."""
    names = {path.stem.removeprefix("trackside-") for folder in folders for path in _glob(folder)}
    found = [read(folders, int(name)) for name in names if name.isdigit()]
    living = [file for file in found if file is not None and file.is_alive]
    return sorted(living, key=lambda file: (file.address.headless, -file.start_time))


def _glob(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("trackside-*.json"))
    except OSError:
        return []


def parse(content: bytes, path: Path) -> ServerFile | None:
    """Return what the content says, None when it says too little."""
    try:
        fields = json.loads(content)
        address = Address(
            url=str(fields["url"]).rstrip("/") + "/",
            token=fields["token"],
            source="file",
            ca_cert=fields.get("ca_cert"),
            home=fields["home"],
            home_id=fields["home_id"],
            pid=int(fields["pid"]),
            headless=bool(fields.get("headless", False)),
        )
        return ServerFile(
            path,
            address,
            int(fields["pid"]),
            float(fields["start_time"]),
            str(fields.get("version", "")),
            str(fields.get("host", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _log.debug("%s cannot be read: %s", path, error)
        return None


def _read_own(path: Path) -> bytes | None:
    """Return the content of a file that only this user can have written, else None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            _log.warning("%s is passed over: it is not a file that only this user can read and write.", path)
            return None
        return file.read(_LARGEST)
