"""Rows: a disk is full - that of the home, of the store, of the run folders - or a run folder is gone."""

from __future__ import annotations

from pathlib import Path

from tests.faults.disks import fill, make_room, small_disk
from tests.faults.row import Row, alive
from tests.serving import until


def test_home_full(row: Row) -> None:
    """Disk full in the home: refused in a sentence, nothing half made; what ran is recorded once there is room"""
    home = small_disk(row, row.place.home, "24m")
    server = row.server("--TracksideApp.cpus=1")
    job = row.submit(server, row.until_file("go", 3))
    queued = row.submit(server, "true")
    row.marked(job)
    row.before(job, queued)
    fill(home)
    row.say("the disk of the home is full")
    refused = server.post("jobs", json={"command": ["true"], "workdir": "/tmp"})
    assert refused.status_code == 503, refused.text
    assert "space" in refused.json()["error"]["message"] + refused.json()["error"]["hint"]
    fill(home)  # what the submit gave back
    row.go("go")
    _tried_in_vain(row, job)
    assert server.get("health").status_code == 200
    make_room(home)
    row.say("there is room again")
    ended, after = server.ended(job), server.ended(queued)
    row.after(job, queued)
    assert (ended["status"], ended["exit_code"]) == ("failed", 3)
    assert after["status"] == "completed"
    again = row.submit(server, "true")
    assert server.ended(again)["status"] == "completed"


def test_store_full(row: Row) -> None:
    """Disk full in the store: a job that ends meanwhile has its end as soon as there is room"""
    home = small_disk(row, row.place.home, "16m")
    small_disk(row, home / "runs", "64m")
    server = row.server("--TracksideApp.cpus=2")
    job = row.submit(server, row.until_file("go", 3))
    row.marked(job)
    row.before(job)
    fill(home)
    row.say("the disk of the store is full")
    refused = server.post("jobs", json={"command": ["true"], "workdir": "/tmp"})
    assert refused.status_code == 503, refused.text
    row.go("go")
    until(lambda: row.record(job)["exit"], "the exit in the run folder")
    assert server.get("health").status_code == 200
    make_room(home)
    row.say("there is room again")
    ended = server.ended(job)
    row.after(job)
    assert (ended["status"], ended["exit_code"]) == ("failed", 3)
    assert server.ended(row.submit(server, "true"))["status"] == "completed"


def test_run_folder_full(row: Row) -> None:
    """Disk full in the run folder, by the job's own log: the job goes on, its exit is written once there is room"""
    runs = small_disk(row, row.place.home / "runs", "8m")
    server = row.server("--TracksideApp.cpus=2")
    waits = f"while [ ! -e {row.place.root / 'fill'} ]; do sleep 0.05; done"
    job = row.submit(server, f"{waits}; head -c 40M /dev/zero; {row.until_file('go', 3)}")
    row.marked(job)
    row.record(job)  # that it runs is written down before the disk is full
    row.go("fill")
    log = runs / job / "output.log"
    until(lambda: log.stat().st_size > 1 << 20 and fill(runs), "the log to fill the disk")
    row.before(job)
    row.say("the disk of the run folders is full")
    row.go("go")
    _tried_in_vain(row, job)
    make_room(runs)
    log.write_bytes(b"")
    row.say("there is room again")
    ended = server.ended(job)
    row.after(job)
    assert (ended["status"], ended["exit_code"]) == ("failed", 3)


def test_run_folder_deleted(row: Row) -> None:
    """Run folder deleted under a running job"""
    server = row.server("--TracksideApp.cpus=1")
    job = row.submit(server, row.until_file("go"))
    following = row.submit(server, "true")
    row.marked(job)
    row.before(job, following)
    row.remove_folder(job)
    row.go("go")
    ended = server.ended(job)
    assert server.ended(following)["status"] == "completed"
    row.after(job, following)
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "lost", None), ended


def _tried_in_vain(row: Row, job: str) -> None:
    """Wait until the job's process has ended and its runner has woken more than once to write that down."""
    record = row.record(job)
    until(lambda: not alive(record["process"]["pid"]), "the end of the job's process")
    runner = Path(f"/proc/{record['runner']['pid']}/status")
    begun = _wakings(runner)
    until(lambda: not runner.exists() or _wakings(runner) >= begun + 3, f"the runner to try again: {runner}")


def _wakings(status: Path) -> int:
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["voluntary_ctxt_switches"])
