"""One server of a home schedules: by a lock that the OS frees, or by signs of life where several hosts see the home."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from trackside.probes.process import ProcessId
from trackside.tracking.atomic import write_bytes
from trackside_server.store import on_shared_file_system

__all__ = ["HEARTBEAT", "Heartbeat", "Leadership", "SchedulerLock", "leadership"]

HEARTBEAT = 10.0
"""Seconds between two signs of life on a network home."""
_SILENT = 6.0
"""Periods without a sign of life after which the scheduling server counts as gone."""
_SETTLED = 1.5
"""Periods for which a claim must stand: within one, whoever scheduled before has seen it and stopped."""
_LOOK = 1.0


class Leadership(Protocol):
    """What decides which server of a home schedules."""

    @property
    def pause(self) -> float:
        """Seconds between two tries to ``take`` the lead."""

    @property
    def beat(self) -> float | None:
        """Seconds between two times of ``keep``; None: it need not be repeated."""

    def take(self) -> bool:
        """Take the lead if nobody has it; return whether this server has it now."""

    def keep(self) -> bool:
        """Say that this server lives and leads; return whether it still does."""

    def holder(self) -> tuple[int | None, str | None]:
        """Return pid and host (None: this one) of the server that leads, as far as that can be told."""

    def release(self) -> None:
        """Give the lead back."""


def leadership(home: Path, period: float = HEARTBEAT) -> Leadership:
    """Return what decides for this home."""
    return Heartbeat(home, period) if on_shared_file_system(home) else SchedulerLock(home)


class SchedulerLock:
    """The home's ``scheduler.lock``; the holder's pid stands in the file, and the OS frees it when that server dies."""

    pause = _LOOK
    beat: float | None = None

    def __init__(self, home: Path) -> None:
        self._path = home / "scheduler.lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody has it; return whether this server has it now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return True

    def keep(self) -> bool:
        """Nobody can take it away."""
        return self._descriptor is not None

    def holder(self) -> tuple[int | None, str | None]:
        """Return the pid of the server that has the lock, as far as the file tells."""
        try:
            return int(self._path.read_text()), None
        except (OSError, ValueError):
            return None, None

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Heartbeat:
    """``<home>/scheduler.json`` on a network home: who leads writes it anew every ``period`` seconds.

    Locks are not to be trusted there, and a host that hangs would keep one for ever. Silence is measured with this
    host's own clock, from the moment at which this server saw the file change. Where nobody leads, the file is made
    exclusively; one that fell silent is replaced, and the claim counts once it has stood for a while.
    """

    def __init__(self, home: Path, period: float = HEARTBEAT, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = home / "scheduler.json"
        self._period = period
        self._clock = clock
        self.pause, self.beat = min(_LOOK, period / 2), period
        self._me = {**ProcessId.of().to_dict(), "claim": secrets.token_hex(8)}
        self._beat = 0
        self._seen: bytes | None = None
        self._seen_at = clock()
        self._claimed_at: float | None = None
        self._leads = False

    def take(self) -> bool:
        """Claim the lead if nobody has it; True once the claim has stood long enough."""
        if self._leads:
            return True
        now, content = self._clock(), self._read()
        if content != self._seen:
            self._seen, self._seen_at = content, now
        if content is None:
            self._leads = self._make()
        elif self._is_mine(content):
            self._leads = self._claimed_at is None or now - self._claimed_at >= _SETTLED * self._period
        elif self._is_over(content, now):
            self._claimed_at = now
            self._write()
        return self._leads

    def keep(self) -> bool:
        """Write the next sign of life, unless another server has taken over."""
        content = self._read()
        self._leads = self._leads and content is not None and self._is_mine(content)
        if self._leads:
            self._write()
        return self._leads

    def holder(self) -> tuple[int | None, str | None]:
        """Return pid and host of the server that leads, as far as the file tells."""
        process = _process(self._read() or b"")
        return (None, None) if process is None else (process.pid, process.host)

    def release(self) -> None:
        """Take the file away, so that another server need not wait."""
        content = self._read()
        if content is not None and self._is_mine(content):
            self._path.unlink(missing_ok=True)
        self._leads = False

    def _is_over(self, content: bytes, now: float) -> bool:
        """Whether who wrote this is gone: a process of this host that is dead, or one that fell silent."""
        process = _process(content)
        if process is not None and process.is_local and not process.is_alive():
            return True
        return now - self._seen_at >= _SILENT * self._period

    def _is_mine(self, content: bytes) -> bool:
        try:
            return bool(json.loads(content)["claim"] == self._me["claim"])
        except (ValueError, KeyError, TypeError):
            return False

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _make(self) -> bool:
        """Make the file; False when another server was faster. ``link`` is exclusive on every network file system."""
        aside = self._path.with_name(f".{self._path.name}.{self._me['claim']}")
        write_bytes(aside, self._next())
        try:
            os.link(aside, self._path)
        except FileExistsError:
            return False
        except OSError:  # no hard links here: the slow way
            self._claimed_at = self._clock()
            self._write()
            return False
        finally:
            aside.unlink(missing_ok=True)
        return True

    def _write(self) -> None:
        write_bytes(self._path, self._next())

    def _next(self) -> bytes:
        self._beat += 1
        return json.dumps({**self._me, "beat": self._beat}).encode()


def _process(content: bytes) -> ProcessId | None:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return ProcessId.from_dict(json.loads(content))
    return None
