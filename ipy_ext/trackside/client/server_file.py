"""The file that each server leaves for clients of its user: ``<runtime dir>/trackside-<pid>.json``."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from trackside.client.address import Address
from trackside.client.lineage import is_same

__all__ = ["ServerFile", "parse", "read", "read_all"]

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

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote it still runs."""
        return is_same(self.pid, self.start_time)

    def serves(self, home: Path) -> bool:
        """Return whether the server works on this home."""
        named = self.address.home
        return named is not None and os.path.realpath(named) == os.path.realpath(home)


def read(runtime_dir: Path, pid: int) -> ServerFile | None:
    """Return what the server with this pid says of itself, None when there is no file that may be trusted."""
    path = runtime_dir / f"trackside-{pid}.json"
    content = _read_own(path)
    found = None if content is None else parse(content, path)
    return found if found is not None and found.pid == pid else None


def read_all(runtime_dir: Path) -> list[ServerFile]:
    """Return the files of all living servers: Jupyter's before headless ones, newest first."""
    try:
        paths = list(runtime_dir.glob("trackside-*.json"))
    except OSError:
        return []
    pids = [path.stem.removeprefix("trackside-") for path in paths]
    found = [read(runtime_dir, int(pid)) for pid in pids if pid.isdigit()]
    living = [file for file in found if file is not None and file.is_alive]
    return sorted(living, key=lambda file: (file.address.headless, -file.start_time))


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
            path, address, int(fields["pid"]), float(fields["start_time"]), str(fields.get("version", ""))
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
