"""The runners of a template, and the attempts of those that were killed."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback

from trackside_server.runner import channel as told
from trackside_server.runner import processes, runner
from trackside_server.runner.adopted import Adopted, belongs
from trackside_server.runner.reaping import reap_one
from trackside_server.runner.record import Charge, is_open

__all__ = ["Wards"]

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
                if not _is_same_attempt(self.charge, message.charge):
                    self.wait_status, self.max_rss = None, 0
                self.charge = message.charge
            if message.wait_status is not None:
                self.wait_status, self.max_rss = message.wait_status, message.max_rss

    def close(self) -> None:
        """Let go of the channel and of our copies of the locks."""
        self.channel.close()
        for descriptor in self.locks:
            os.close(descriptor)
        self.locks = []


def _is_same_attempt(one: Charge | None, other: Charge) -> bool:
    return one is not None and (one.run_dir, one.attempt) == (other.run_dir, other.attempt)


class Wards:
    """Everything below a template: its runners, one of them in reserve, and the attempts that it adopted."""

    def __init__(self) -> None:
        self._identity = processes.identity(os.getpid())
        self._wards: dict[int, Ward] = {}
        self._adopted: list[Adopted] = []
        self._spare: Ward | None = None
        self._spare_due = time.monotonic() + _SPARE_AFTER

    @property
    def busy(self) -> bool:
        """Whether any attempt is under way."""
        return bool(self._adopted or len(self._wards) > (self._spare is not None))

    def due_at(self, *, keep_spare: bool) -> list[float]:
        """Return the moments at which something is to be done."""
        moments = [adopted.due for adopted in self._adopted]
        return [*moments, self._spare_due] if keep_spare and self._spare is None else moments

    def wake(self) -> None:
        """Look for stop requests now."""
        for adopted in self._adopted:
            adopted.wake()

    def give(self, connection: socket.socket) -> None:
        """Give the connection to the spare runner, else to a new one."""
        ward, self._spare = self._spare or self._fork(), None
        self._spare_due = time.monotonic() + _SPARE_AFTER
        if ward is not None and not told.hand_over(ward.channel, connection):
            ward = self._fork()
            if ward is not None:
                told.hand_over(ward.channel, connection)

    def keep_spare(self) -> None:
        """Fork the next runner before it is needed, once the last one is under way."""
        if self._spare is None and time.monotonic() >= self._spare_due:
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

    def reap(self) -> None:
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
        adopted = Adopted(ward.charge, ward.locks, self._share_out, ward.wait_status, ward.max_rss)
        self._adopted.append(adopted)
        for other in self._wards.values():  # it may have been killed too, and what it left must not be taken for ours
            other.listen()
        others = [other.charge for other in self._wards.values() if other.charge is not None]
        adopted.take([pid for pid in self._unclaimed() if not any(belongs(pid, other) for other in others)])

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

    def step(self) -> None:
        """Do what is due for adopted attempts."""
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
