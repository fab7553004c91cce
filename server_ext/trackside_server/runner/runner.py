"""The runner: one process that looks after one attempt, forked from the template, alive until the whole tree is gone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time

from trackside.tracking.atomic import encode_json
from trackside.tracking.clock import timestamp
from trackside.tracking.masking import Mask, mask_of
from trackside_server.isolation import gpu_locks
from trackside_server.runner import channel as told
from trackside_server.runner import kernel, processes, record
from trackside_server.runner.confine import Confinement, confine
from trackside_server.runner.guard import Guard
from trackside_server.runner.order import HEAD, Order, decode_order, encode_order, read_order
from trackside_server.runner.reaping import has_children, reap
from trackside_server.runner.record import Charge
from trackside_server.runner.sampling import Sampling
from trackside_server.runner.spawn import GroupError, StartError, candidates, spawn
from trackside_server.runner.stop import StopRequest
from trackside_server.runner.wakeup import Wakeup

__all__ = ["prepare", "serve"]

_ORDER_TIMEOUT = 10.0
_IDLE = 0.5
"""Seconds that a runner whose attempt is over waits for another order; in a long queue it comes at once."""
_MOST_ORDERS = 16
"""Orders that one runner takes: what it tells the template of each lies in their channel until it ends."""
_LAST_MOMENTS, _LOOK_AGAIN = 1.0, 0.005
"""Seconds that a GPU may stay locked after its holder has said that it is over, and between two looks at it."""


class Declined(Exception):
    """Nothing runs; ``answer`` says why."""

    def __init__(self, **answer: object) -> None:
        super().__init__(*answer)
        self.answer = answer


def prepare() -> Wakeup:
    """Become a process of its own, one that nobody can look into, ready for an order."""
    os.setsid()
    kernel.hide_memory()
    kernel.become_subreaper()
    kernel.name_process("trackside-run")
    wakeup = Wakeup(signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM)
    _warm_up()
    return wakeup


def _warm_up() -> None:
    """Do once for nothing what the next order will need: pages that a fork shares are copied at their first use."""
    environment = {"PATH": os.defpath}
    order = Order("/", 0, [sys.executable], environment, "/", [], 0.0, None, None, None, [], {})
    decode_order(encode_order(order)[HEAD:])
    charge = _charge(order, None)
    encode_json(record.content_of(charge))
    candidates(order.argv[0], environment)
    charge._replace(started_at=timestamp()).folder.attempt(0)


def serve(
    connection: socket.socket, channel: socket.socket, template: dict[str, int | float | str], wakeup: Wakeup
) -> None:
    """Take orders from this connection, one after the other, and look after each attempt to its end.

    The answers go back the same way. A runner that had something in its hands that must not outlive it, such as the
    lock of a GPU or a secret, takes no other order: its end is what gives that back.
    """
    connection.settimeout(_ORDER_TIMEOUT)
    for left in reversed(range(_MOST_ORDERS)):
        try:
            order = read_order(connection)
        except (OSError, EOFError, ValueError, TypeError):
            return
        again = left > 0 and not (order.gpus or order.secrets)
        mask = mask_of(order.secrets, order.environment)
        try:
            charge = _begin(order, channel, template)
        except Declined as declined:
            _answer(connection, declined.answer)
            return
        del order
        guard = _announce(charge, connection, mask)
        _look_after(guard, connection, channel, wakeup)
        again = again and guard.record is not None and not charge.folders
        _answer(connection, {"ended": guard.record, "again": again})
        if not again or not _another_comes(connection, channel, wakeup):
            return


def _another_comes(connection: socket.socket, channel: socket.socket, wakeup: Wakeup) -> bool:
    """Wait a moment for the server to send another order; not when it hangs up or somebody wants us to end.

    Nor when the template is gone: it would not take over the next attempt, should we be killed.
    """
    poll = select.poll()
    poll.register(channel, 0)
    poll.register(connection, select.POLLIN)
    poll.register(wakeup.descriptor, select.POLLIN)
    until = time.monotonic() + _IDLE
    while (patience := until - time.monotonic()) > 0:
        ready = dict(poll.poll(patience * 1000))
        if channel.fileno() in ready or (wakeup.descriptor in ready and signal.SIGTERM in wakeup.signals()):
            return False
        if connection.fileno() in ready:
            connection.settimeout(_ORDER_TIMEOUT)
            return True
    return False


def _begin(order: Order, channel: socket.socket, template: dict[str, int | float | str]) -> Charge:
    """Claim the attempt, take the GPUs, start the process. Raises Declined."""
    charge = _charge(order, template)
    told.tell_charge(channel, charge)
    _claim(charge)
    if order.gpus:
        _take_gpus(order, charge, channel)
    confinement = confine(order)
    if confinement.group.folders:
        told.tell_charge(channel, charge := _within(charge, confinement))
    charge = _start(order, charge, confinement)
    told.tell_charge(channel, charge)
    return charge


def _within(charge: Charge, confinement: Confinement) -> Charge:
    group = confinement.group
    return charge._replace(limits=confinement.limits, engine=group.engine, folders=group.folders, held=confinement.held)


def _charge(order: Order, template: dict[str, int | float | str] | None) -> Charge:
    taken_over = {name: getattr(order, name) for name in Charge._fields if name in Order._fields}
    return Charge(**taken_over, runner=processes.identity(os.getpid()), template=template)


def _claim(charge: Charge) -> None:
    try:
        claimed = record.claim(charge)
    except OSError as error:
        message = f"The run folder {charge.run_dir} cannot be written: {error.strerror}."
        raise Declined(failed=_reason(message)) from error
    if not claimed:
        raise Declined(exists=True)


def _take_gpus(order: Order, charge: Charge, channel: socket.socket) -> None:
    about = {**order.holder, "template": int(charge.template["pid"]) if charge.template else 0}

    def take() -> gpu_locks.Lease | gpu_locks.Held:
        return gpu_locks.take(order.gpus, about, charge.runner, share=order.gpu_share, lasts=order.time)

    patience = time.monotonic() + _LAST_MOMENTS
    try:
        while isinstance(taken := take(), gpu_locks.Held) and not taken.notes and time.monotonic() < patience:
            time.sleep(_LOOK_AGAIN)  # nobody claims it: its last holder is just about to die
    except OSError as error:
        message = f"The folder of the GPU locks, {gpu_locks.locks_dir()}, cannot be used: {error.strerror}."
        raise Declined(failed=_write_start_failed(charge, message)) from error
    if isinstance(taken, gpu_locks.Held):
        record.give_up_claim(charge)
        raise Declined(given_back={"code": "gpu_held", "message": str(taken)})
    told.tell_locks(channel, taken.descriptors)


def _start(order: Order, charge: Charge, confinement: Confinement) -> Charge:
    folder = charge.folder
    with contextlib.suppress(OSError):  # left by an earlier attempt; it would be taken for ours
        (folder.results / "exception.json").unlink()
    try:
        log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        charge = charge._replace(log_offset=os.fstat(log).st_size)
        pid, confinement = _spawn(order, confinement, log)
    except (StartError, OSError) as error:
        confinement.group.remove()
        if order.gpus:
            gpu_locks.remove_note(charge.runner)
        raise Declined(failed=_write_start_failed(charge, str(error))) from error
    os.close(log)
    charge = _within(charge, confinement)
    return charge._replace(process=processes.identity(pid), started=time.monotonic(), started_at=timestamp())


def _spawn(order: Order, confinement: Confinement, log: int) -> tuple[int, Confinement]:
    """Start the process; where its group cannot be entered after all, something else has to hold the limits."""
    try:
        group, cores = confinement.group, confinement.cores
        return spawn(order.argv, order.environment, order.workdir, log, group=group, cores=cores), confinement
    except GroupError as error:
        print(f"{order.run_dir} attempt {order.attempt}: no control group: {error}", file=sys.stderr)  # noqa: T201
        confinement.group.remove()
    confinement = confine(order, engine="watchdog")
    return spawn(order.argv, order.environment, order.workdir, log, cores=confinement.cores), confinement


def _announce(charge: Charge, connection: socket.socket, mask: Mask) -> Guard:
    _answer(connection, {"started": record.content_of(charge)})
    return Guard(charge, _children, time.monotonic(), mask)


def _write_start_failed(charge: Charge, message: str) -> dict[str, str]:
    reason = _reason(message)
    how: dict[str, object] = {
        "status": "failed",
        "reason": reason,
        "exit_code": None,
        "finished_at": timestamp(),
        "duration_seconds": None,
        "peak_memory": None,
    }
    try:
        record.write_exit(charge, how)
    except OSError as error:
        _complain(charge, error)
    return reason


def _look_after(guard: Guard, connection: socket.socket, channel: socket.socket, wakeup: Wakeup) -> None:
    sampling = Sampling(guard.charge.folder, guard.main, guard.charge.gpus, time.monotonic())
    poll = select.poll()
    poll.register(wakeup.descriptor, select.POLLIN)
    connection.settimeout(None)
    poll.register(connection, select.POLLIN)
    while True:
        now = time.monotonic()
        _reap(guard, channel, now)
        due = guard.step(now)
        if due is None:
            break
        due = min(due, sampling.step(now))
        for descriptor, _ in poll.poll(max(0.0, due - time.monotonic()) * 1000):
            if descriptor == wakeup.descriptor:
                _heed(guard, wakeup.signals())
            else:  # the server is gone, or speaks, which it has no reason to
                poll.unregister(descriptor)
    if guard.charge.gpus:
        gpu_locks.remove_note(guard.charge.runner)


def _heed(guard: Guard, signals: set[int]) -> None:
    now = time.monotonic()
    if signal.SIGUSR1 in signals:
        guard.wake(now)
    if signal.SIGTERM in signals:
        message = "was ended, because its runner was asked to end (SIGTERM)"
        guard.stop(StopRequest("signal", message, guard.charge.grace), now)


def _reap(guard: Guard, channel: socket.socket, now: float) -> None:
    """Reap whatever ended; the template hears how the main process ended while it could still ask for itself."""

    def tell(pid: int, wait_status: int) -> None:
        if pid == guard.main:
            told.tell_exit(channel, wait_status)

    for ended in reap(tell):
        if ended.pid == guard.main:
            guard.main_ended(ended.wait_status, ended.max_rss, now)


def _children() -> list[int]:
    """All children of ours; that there is none is asked of the kernel, whose list can miss one that comes just now."""
    return processes.own_children() or (processes.own_children() if has_children() else [])


def _answer(connection: socket.socket, message: object) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n")


def _reason(message: str) -> dict[str, str]:
    return {"code": "start_failed", "message": message}


def _complain(charge: Charge, error: OSError) -> None:
    print(f"{charge.run_dir} attempt {charge.attempt}: {error}", file=sys.stderr)  # noqa: T201
