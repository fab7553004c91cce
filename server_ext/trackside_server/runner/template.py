"""The template: the process that runners are forked from, and that takes over the job of a runner that was killed.

It reads nothing of what the server sends but the first byte, so no secret is ever in its memory. One poll waits for
everything; nothing in here blocks.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback

from trackside_server.runner import channel as told
from trackside_server.runner import kernel, processes, runner
from trackside_server.runner.adopted import Adopted, belongs
from trackside_server.runner.order import OPENING
from trackside_server.runner.reaping import reap_one
from trackside_server.runner.record import Charge, is_open
from trackside_server.runner.wakeup import Wakeup

__all__ = ["Template"]

_SILENT = 5.0
"""Seconds that a connection may take to send its first byte."""
_LOOK_AROUND = 60.0
_SPARE_AFTER, _SPARE_AGAIN = 0.01, 1.0
"""Seconds after a start until the next runner is forked, and until one that died at once is replaced."""
_EMERGENCY = 70


class Ward:
    """A living runner: its pid, our end of the channel, and what it told us.

    What it tells stays in the channel, locks included, until the runner is dead: most never need to be heard.
    """

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        self.charge: Charge | None = None
        self.locks: list[int] = []
        self.wait_status: int | None = None
        self.max_rss = 0

    def listen(self) -> None:
        """Take in everything that the runner has told."""
        while (message := told.receive(self.channel)) is not None:
            self.locks += message.descriptors
            if message.charge is not None:
                self.charge = message.charge
            if message.wait_status is not None:
                self.wait_status, self.max_rss = message.wait_status, message.max_rss

    def close(self) -> None:
        """Let go of the channel and of our copies of the locks."""
        self.channel.close()
        for descriptor in self.locks:
            os.close(descriptor)
        self.locks = []


class Template:
    """Serves the connections to one listening socket until nobody needs it any more."""

    def __init__(self, listener: socket.socket, path: str, idle: float) -> None:
        self._listener: socket.socket | None = listener
        self._path = path
        self._file = _file(path)
        self._idle = idle
        self._identity = processes.identity(os.getpid())
        self._poll = select.poll()
        self._wards: dict[int, Ward] = {}
        self._adopted: list[Adopted] = []
        self._silent: dict[int, tuple[socket.socket, float]] = {}
        self._spare: Ward | None = None
        self._spare_due = time.monotonic() + _SPARE_AFTER
        self._last_used = time.monotonic()
        self._look_around = self._last_used + _LOOK_AROUND

    def run(self) -> None:
        """Serve until idle for long enough, or until retired and the last runner has ended."""
        kernel.become_subreaper()
        kernel.name_process("trackside-tmpl")
        self._wakeup = Wakeup(signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert self._listener is not None
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._wakeup.descriptor, select.POLLIN)
        gc.disable()
        gc.freeze()
        while self._is_needed():
            timeout = max(0.0, self._next() - time.monotonic())
            for descriptor, _ in self._poll.poll(timeout * 1000 + 1):
                self._serve(descriptor)
            self._drop_silent()
            self._reap()
            self._step()
            self._keep_spare()

    def _is_needed(self) -> bool:
        now = time.monotonic()
        if self._busy():
            self._last_used = now
            return True
        if now >= self._look_around and self._listener is not None:
            self._look_around = now + _LOOK_AROUND
            if _file(self._path) != self._file:
                self._retire()
        if self._listener is not None and now - self._last_used >= self._idle:
            self._retire()
        return self._listener is not None or self._busy()

    def _busy(self) -> bool:
        return bool(self._adopted or self._silent or len(self._wards) > (self._spare is not None))

    def _retire(self) -> None:
        """Take no more connections; those that came in time are served."""
        if self._listener is None:
            return
        if _file(self._path) == self._file:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self._accept()
        self._poll.unregister(self._listener)
        self._listener.close()
        self._listener = None

    def _next(self) -> float:
        now = time.monotonic()
        moments = [now + _LOOK_AROUND]
        if self._listener is not None and not self._busy():
            moments += [max(self._last_used + self._idle, now), max(self._look_around, now)]
        if self._listener is not None and self._spare is None:
            moments.append(self._spare_due)
        moments += [since + _SILENT for _, since in self._silent.values()]
        moments += [adopted.due for adopted in self._adopted]
        return min(moments)

    def _serve(self, descriptor: int) -> None:
        if self._listener is not None and descriptor == self._listener.fileno():
            self._accept()
        elif descriptor == self._wakeup.descriptor:
            signals = self._wakeup.signals()
            if signal.SIGTERM in signals:
                self._retire()
            if signal.SIGUSR1 in signals:
                for adopted in self._adopted:
                    adopted.wake()
        elif descriptor in self._silent:
            self._look_at(descriptor)

    def _accept(self) -> None:
        while self._listener is not None:
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:  # out of descriptors: what was accepted must end first
                print(f"template: {error}", file=sys.stderr)  # noqa: T201
                return
            if _is_ours(connection):
                connection.setblocking(False)
                self._silent[connection.fileno()] = (connection, time.monotonic())
                self._poll.register(connection, select.POLLIN)
                self._look_at(connection.fileno())
            else:
                connection.close()

    def _look_at(self, descriptor: int) -> None:
        """Fork a runner for a connection that asks for one by its first byte; drop one that asks for anything else."""
        connection = self._silent[descriptor][0]
        try:
            opening = connection.recv(len(OPENING), socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            opening = b""
        del self._silent[descriptor]
        self._poll.unregister(descriptor)
        if opening == OPENING:
            self._give(connection)
        connection.close()

    def _give(self, connection: socket.socket) -> None:
        """Give the connection to the spare runner, else to a new one."""
        ward, self._spare = self._spare or self._fork(), None
        self._spare_due = time.monotonic() + _SPARE_AFTER
        if ward is not None and not told.hand_over(ward.channel, connection):
            ward = self._fork()
            if ward is not None:
                told.hand_over(ward.channel, connection)

    def _keep_spare(self) -> None:
        """Fork the next runner before it is needed, once the last one is under way."""
        if self._spare is None and self._listener is not None and time.monotonic() >= self._spare_due:
            self._spare = self._fork()
            self._spare_due = time.monotonic() + _SPARE_AGAIN

    def _fork(self) -> Ward | None:
        ours, its = told.make_channel()
        try:
            pid = os.fork()
        except OSError as error:
            print(f"template: {error}", file=sys.stderr)  # noqa: T201
            ours.close()
            its.close()
            return None
        if pid == 0:
            _become_runner(its, self._identity)
        its.close()
        self._wards[pid] = ward = Ward(pid, ours)
        return ward

    def _drop_silent(self) -> None:
        now = time.monotonic()
        for descriptor, (connection, since) in list(self._silent.items()):
            if now - since >= _SILENT:
                del self._silent[descriptor]
                self._poll.unregister(descriptor)
                connection.close()

    def _reap(self) -> None:
        """Reap by name only: a runner that ends right now must be seen as one, before anything it leaves behind."""
        strays = self._unclaimed()
        if self._reap_wards() or self._adopted:
            strays = []
            self._share_out()
        for adopted in self._adopted:
            for pid in list(adopted.pids):
                ended = reap_one(pid)
                if ended is not None:
                    adopted.child_ended(ended)
        for pid in strays:  # left by a runner that ended well; what it could not kill may end in its own time
            reap_one(pid)

    def _reap_wards(self) -> bool:
        """Reap the runners that ended; whether there were any."""
        found = False
        for pid, ward in list(self._wards.items()):
            ended = reap_one(pid)
            if ended is not None:
                found = True
                self._runner_ended(ward, ended.wait_status)
        return found

    def _runner_ended(self, ward: Ward, wait_status: int) -> None:
        ward.listen()
        del self._wards[ward.pid]
        if ward is self._spare:
            self._spare = None
        if wait_status == 0 or ward.charge is None or not is_open(ward.charge):
            ward.close()
            return
        ward.channel.close()
        adopted = Adopted(ward.charge, ward.locks, self._share_out)
        self._adopted.append(adopted)
        for other in self._wards.values():  # it may have been killed too, and what it left must not be taken for ours
            other.listen()
        others = [other.charge for other in self._wards.values() if other.charge is not None]
        for pid in self._unclaimed():
            if not any(belongs(pid, other) for other in others):
                adopted.add(pid)
        adopted.begin(ward.wait_status, ward.max_rss)

    def _unclaimed(self) -> list[int]:
        """Children of ours that are neither runners nor known to belong to an adopted attempt."""
        known = {pid for adopted in self._adopted for pid in adopted.pids}
        return [pid for pid in processes.own_children() if pid not in known and pid not in self._wards]

    def _share_out(self) -> None:
        """Give each orphan that has come to us to the adopted attempt that it belongs to.

        One whose parent was a runner is claimed when that runner is reaped; what is left came out of an adopted tree.
        """
        fresh = self._unclaimed()
        self._reap_wards()
        if not self._adopted:
            return
        for pid in set(fresh).intersection(self._unclaimed()):
            chosen = next((one for one in self._adopted if belongs(pid, one.charge)), self._adopted[0])
            chosen.add(pid)

    def _step(self) -> None:
        for adopted in list(self._adopted):
            try:
                over = adopted.step()
            except Exception:  # noqa: BLE001  (one attempt must not take the others with it)
                traceback.print_exc()
                adopted.due = time.monotonic() + 1.0
                continue
            if over:
                self._adopted.remove(adopted)


def _become_runner(channel: socket.socket, template: dict[str, int | float | str]) -> None:
    """Be a runner in this fork; never returns. An end other than 0 tells the template to take over."""
    status = _EMERGENCY
    try:
        signal.set_wakeup_fd(-1)
        _close_all_but(channel.fileno())
        wakeup = runner.prepare()
        connection = told.await_connection(channel)
        if connection is not None:
            runner.serve(connection, channel, template, wakeup)
        status = 0
    except BaseException:  # noqa: BLE001  (a process boundary)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _close_all_but(*kept: int) -> None:
    """Close what this fork inherited: other connections, other runners' channels and locks, the listening socket."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX") if sys.platform != "linux" else 2**20)


def _is_ours(connection: socket.socket) -> bool:
    """Whether the other end belongs to our own user."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.getuid())


def _file(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
