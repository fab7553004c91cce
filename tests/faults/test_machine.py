"""Rows: the machine under our processes changes - it restarts, pids come back, its clock jumps, the program is replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import trackside
import trackside_server
from tests.faults.row import Row, alive
from tests.serving import LiveServer, until

_OTHER_CLOCK = Path(__file__).parent.parent / "data" / "other_clock.c"


def test_machine_restart(row: Row) -> None:
    """The machine restarted: everything of ours is gone, and the boot id is another"""
    server = row.server("--TracksideApp.cpus=1")
    job = row.submit(server, "exec sleep 600")
    waits = row.submit(server, "true")
    row.marked(job)
    row.before(job, waits)
    record = row.record(job)
    row.kill_server(server)
    for role in ("runner", "template", "process"):
        row.kill(record[role], role)
    _rewrite(row, job, boot_id="00000000-0000-4000-8000-000000000000")
    row.say("every record's boot id is one of an earlier start of the machine")
    server.start()
    ended, after = server.ended(job), server.ended(waits)
    row.after(job, waits)
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "machine_restarted", None)
    assert after["status"] == "completed"


def test_pid_reuse(row: Row) -> None:
    """Pid reuse: strangers bear the pids of runner, template and job when the server comes back"""
    server = row.server()
    job = row.submit(server, "exec sleep 600", grace=0)
    row.marked(job)
    row.before(job)
    record = row.record(job)
    row.kill_server(server)
    for role in ("runner", "template", "process"):
        row.kill(record[role], role)
    strangers = [subprocess.Popen(["sleep", "600"]) for _ in range(3)]
    pids = {role: one.pid for role, one in zip(("runner", "template", "process"), strangers, strict=True)}
    _rewrite(row, job, pids=pids)
    row.say(f"their pids belong to strangers now: {pids}")
    try:
        server.start()
        ended = server.ended(job)
        row.after(job)
        assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "lost", None), ended
        assert server.post(f"jobs/{job}/cancel").status_code == 409
        assert all(one.poll() is None for one in strangers), "a stranger was taken for one of ours"
    finally:
        for one in strangers:
            one.kill()
            one.wait()


def _rewrite(row: Row, job: str, *, boot_id: str | None = None, pids: dict[str, int] | None = None) -> None:
    path = row.place.home / "runs" / job / "attempts" / "1.json"
    record: dict[str, Any] = json.loads(path.read_text())
    for role in ("runner", "template", "process"):
        record[role]["boot_id"] = boot_id or record[role]["boot_id"]
        record[role]["pid"] = (pids or {}).get(role, record[role]["pid"])
    path.write_text(json.dumps(record))


def test_clock_set_back(row: Row) -> None:
    """The clock set back an hour under server, template, runner and jobs"""
    clock = _other_clock(row)
    server = row.server("--TracksideApp.cpus=1")
    _start_template_with(row, server)
    job = row.submit(server, row.until_file("go", 4))
    limited = row.submit(server, "exec sleep 600", time=1.5, grace=0)
    last = row.submit(server, "true")
    row.marked(job)
    row.before(job, limited, last)
    clock.write_text("-3600")
    row.say("the clock is set back an hour")
    again = server.post("jobs", json={"command": ["true"]}, headers={"Idempotency-Key": "one"}).json()
    assert (
        server.post("jobs", json={"command": ["true"]}, headers={"Idempotency-Key": "one"}).json()["id"] == again["id"]
    )
    row.go("go")
    first, second, third = server.ended(job), server.ended(limited), server.ended(last)
    server.ended(again["id"])
    row.after(job, limited, last)
    assert (first["status"], first["exit_code"]) == ("failed", 4)
    assert first["finished_at"] < first["started_at"], "the clock of this row does not work"
    assert second["reason"]["code"] == "time_limit", "wall time does not count on a monotonic clock"
    assert third["status"] == "completed"
    for one in (job, limited):
        duration = server.get(f"runs/{one}").json()["duration_seconds"]
        assert 0 <= duration < 120, f"{one} took {duration} s"


def _other_clock(row: Row) -> Path:
    library, clock = row.place.root / "other_clock.so", row.place.root / "clock"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, _OTHER_CLOCK, "-ldl"], check=True)
    clock.write_text("0")
    row.environment |= {"LD_PRELOAD": str(library), "OTHER_CLOCK": str(clock)}
    return clock


_TEMPLATE = """
import asyncio, sys
from pathlib import Path
from trackside_server.executors import template_link
template_link._KEPT_VARIABLES += ("LD_PRELOAD", "OTHER_CLOCK")
asyncio.run(template_link.TemplateLink(Path(sys.argv[1])).connect()).close()
"""


def _start_template_with(row: Row, server: LiveServer) -> None:
    """Templates get few variables; this one gets the other clock too, and its runners with it."""
    environment = row.place.environment(**row.environment)
    subprocess.run([sys.executable, "-c", _TEMPLATE, row.place.home], env=environment, check=True, timeout=60)


def test_upgrade(row: Row) -> None:
    """Upgrade of the package under running jobs: a template of the new version, the old one ends with its last runner"""
    server = row.server("--TracksideApp.cpus=4")
    old = row.submit(server, row.until_file("go", 6))
    row.marked(old)
    row.before(old)
    first = row.record(old)["template"]["pid"]
    server.stop()
    new = row.place.root / "new"
    for package in (trackside, trackside_server):
        source = Path(package.__path__[0])
        shutil.copytree(source, new / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (new / "trackside-99.1.dist-info").mkdir()
    (new / "trackside-99.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: trackside\nVersion: 99.1\n"
    )
    server.environment["PYTHONPATH"] = str(new)
    server.start()
    assert server.get("health").json()["version"] == "99.1"
    row.say("the server is of version 99.1 now")
    fresh = row.submit(server, "true")
    assert server.ended(fresh)["status"] == "completed"
    second = row.record(fresh)["template"]["pid"]
    assert second != first
    assert alive(first)
    row.go("go")
    assert server.ended(old)["exit_code"] == 6
    until(lambda: not alive(first), "the end of the old template with its last runner", 10)
    row.after(old, fresh)
