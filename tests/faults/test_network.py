"""Row: a home on a network file system, seen from two hosts; each host is a UTS namespace with a name of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

from tests.faults.row import Row, cannot
from tests.serving import LiveServer, until

_BEAT = 0.4


def test_network_home(row: Row) -> None:
    """Home on a network file system: both hosts read, one schedules, the other takes over when its heartbeat stops"""
    row.environment["TRACKSIDE_NETWORK_HOME"] = "1"
    first, second = _on(row, "alpha"), _on(row, "beta")
    until(lambda: first.get("health").json()["schedules"], "alpha to schedule")
    until(lambda: second.get("health").json()["scheduler_host"] == "alpha", "beta to know who schedules")
    assert not second.get("health").json()["schedules"]
    assert not list(row.place.home.glob("trackside.db-wal")), "a write-ahead log is not safe here"
    long = row.submit(second, row.until_file("go", 5))
    silent = row.submit(second, "exec sleep 600")
    row.marked(long)
    row.marked(silent)
    assert row.record(long)["runner"]["host"] == "alpha"
    row.before(long, silent)
    row.say(f"alpha hangs: SIGSTOP to its server, process {first.pid}")
    os.kill(first.pid, signal.SIGSTOP)
    try:
        until(lambda: second.get("health").json()["schedules"], "beta to take over", 30)
        row.say("beta schedules")
        fresh = row.submit(second, "true")
        assert second.ended(fresh)["status"] == "completed"
        assert row.record(fresh)["runner"]["host"] == "beta"
        assert [second.job(job)["status"] for job in (long, silent)] == ["running", "running"]
        row.go("go")
        assert second.ended(long)["exit_code"] == 5, "the end of a job on the other host was not seen"
        _falls_silent(row, second, silent)
    finally:
        os.kill(first.pid, signal.SIGCONT)
    row.say("alpha goes on, and sees that it does not schedule any more")
    until(lambda: not first.get("health").json()["schedules"], "alpha to stop scheduling")
    row.after(long, silent, fresh)


def _falls_silent(row: Row, server: LiveServer, job: str) -> None:
    """Another host's attempt without a sign of life for ten minutes is lost, corrected if its exit appears after all."""
    record = row.record(job)
    os.kill(record["runner"]["pid"], signal.SIGSTOP)
    row.say(f"the runner of {job} on alpha hangs, and its last sign of life is eleven minutes old")
    attempts = row.place.home / "runs" / job / "attempts"
    old = time.time() - 660
    for path in (attempts / "1.alive", attempts / "1.json"):
        os.utime(path, (old, old))
    ended = server.ended(job)
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "lost", None), ended
    row.say(f"{job} is lost; now its runner goes on, and the job ends")
    os.kill(record["process"]["pid"], signal.SIGTERM)
    os.kill(record["runner"]["pid"], signal.SIGCONT)
    until(lambda: json.loads((attempts / "1.json").read_text())["exit"], "the exit in the run folder")
    until(lambda: server.job(job)["reason"]["code"] == "signal", "the correction", 60)
    assert server.job(job)["exit_code"] == -15


def _on(row: Row, host: str) -> LiveServer:
    """Start a server on a host of this name."""
    tried = subprocess.run(["unshare", "--uts", "hostname", host], capture_output=True, text=True)
    if tried.returncode:
        cannot(f"a second host needs a UTS namespace: {tried.stderr.strip()}")
    prefix = ("unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$@"', "sh")
    return row.server("--TracksideApp.cpus=4", f"--TracksideApp.heartbeat={_BEAT}", prefix=prefix)
