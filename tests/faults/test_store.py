"""Rows: the store's file is damaged or deleted; ``trackside reindex`` builds it anew from the run folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults.row import Row, alive
from tests.serving import LiveServer


def test_store_damaged(row: Row) -> None:
    """Store file damaged: refused in a sentence, restored by reindex; what ran goes on, what waited is held"""
    _rebuilt(row, _damage, "store_damaged")


def test_store_deleted(row: Row) -> None:
    """Store file deleted: refused in a sentence, restored by reindex; ids go on above the highest"""
    _rebuilt(row, _delete, "store_missing")


def _rebuilt(row: Row, harm: Any, code: str) -> None:
    server = row.server("--TracksideApp.cpus=1")
    ended = row.submit(server, "exit 7")
    server.ended(ended)
    running = row.submit(server, row.until_file("go", 4))
    row.marked(running)
    queued = row.submit(server, "true", name="queued")
    secret = row.submit(server, 'test "$TOKEN" = again', secrets={"TOKEN": "value"}, name="secret")
    known = [server.job(job) for job in (ended, running, queued, secret)]
    last = _last_event(server)
    row.before(ended, running, queued, secret)
    assert _reindex(row, 1)["error"]["code"] == "server_runs"
    row.kill_server(server)
    harm(row)
    server.healthy = False
    server.start()
    refused = server.get("jobs")
    row.say(f"the server answers {refused.status_code}: {refused.json()['error']['message']}")
    assert refused.json()["error"]["code"] == code
    assert "trackside reindex" in refused.json()["error"]["hint"]
    said = _reindex(row, 0)["data"]
    row.say(f"reindex: {said}")
    server.stop()
    server.healthy = True
    server.start()
    row.after(ended, running, queued, secret)
    again = [server.job(job) for job in (ended, running, queued, secret)]
    assert [(job["id"], job["uuid"], job["name"]) for job in again] == [
        (job["id"], job["uuid"], job["name"]) for job in known
    ]
    assert (again[0]["status"], again[0]["exit_code"]) == ("failed", 7)
    assert alive(row.record(running)["process"]["pid"])
    row.go("go")
    assert server.ended(running)["exit_code"] == 4
    assert "trackside resume" in server.get("jobs/queued/explain").json()["message"]
    _goes_on(row, server, queued, secret, last)


def _goes_on(row: Row, server: LiveServer, queued: str, secret: str, last: int) -> None:
    """Held jobs start when somebody lets them, ids are new, and clients with old event ids hear what comes."""
    fresh = row.submit(server, "true")
    assert int(fresh[4:]) > int(secret[4:])
    assert server.ended(fresh)["status"] == "completed"
    assert server.job(queued)["status"] == "pending", "what is held must not start by itself"
    assert server.post(f"jobs/{secret}/retry").json()["error"]["code"] == "secrets_needed"
    row.say("the held jobs are let go")
    with server.events(f"events?since={last}") as stream:
        assert server.post(f"jobs/{queued}/retry").status_code == 201
        assert _trackside(row, "resume", secret, TOKEN="again").returncode == 0
        wanted = {queued, secret}
        for kind, _, data in stream:
            if kind == "event" and data["type"] == "job" and data["job"]["status"] == "completed":
                wanted.discard(data["job"]["id"])
            if not wanted:
                break
    assert [server.ended(job)["status"] for job in (queued, secret)] == ["completed", "completed"]
    row.after(queued, secret)


def _last_event(server: LiveServer) -> int:
    with server.events("events") as stream:
        return int(next(stream)[1])


def _damage(row: Row) -> None:
    for end in ("-wal", "-shm"):
        Path(f"{row.place.home}/trackside.db{end}").unlink(missing_ok=True)
    with (row.place.home / "trackside.db").open("r+b") as file:
        file.write(b"\xa5" * 4096)
    row.say("the first page of the store is overwritten")


def _delete(row: Row) -> None:
    for path in row.place.home.glob("trackside.db*"):
        path.unlink()
    row.say("the store is deleted")


def _reindex(row: Row, code: int) -> dict[str, Any]:
    done = _trackside(row, "reindex")
    assert done.returncode == code, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _trackside(row: Row, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does in a terminal."""
    command = [sys.executable, "-m", "trackside.cli", *words, "--json"]
    environment = row.place.environment(**variables)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    print(done.stdout, done.stderr)
    return done
