"""Somebody outside is told that a job has ended: once, by a command, by a webhook, also after the server was away."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.serving import LiveServer, Place, until


class Hook:
    """A webhook that fails as often as it is told to and keeps what it got."""

    def __init__(self, failures: int) -> None:
        self.got: list[dict[str, Any]] = []
        self.failures = failures
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.failures -= 1
                if hook.failures < 0:
                    hook.got.append(json.loads(body))
                self.send_response(200 if hook.failures < 0 else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook(failures=1)
    yield made
    made.close()


def serve(place: Place, **settings: object) -> LiveServer:
    options = tuple(
        f"--TracksideApp.{name}={one}"
        for name, value in settings.items()
        for one in (value if isinstance(value, list) else [value])
    )
    return LiveServer(place, options=options).start()


def test_a_command_and_a_webhook_are_told_once_with_the_facts(place: Place, hook: Hook, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.mkdir()
    script = f"import os, sys; open('{told}/' + os.environ['TRACKSIDE_ID'], 'x').write(sys.stdin.read())"
    server = serve(place, notify_command=[sys.executable, "-c", script], notify_url=hook.url)
    quiet = server.submit(command="true")
    good = server.submit(command="true", name="good", notify=True)
    bad = server.submit(command="exit 3", name="bad", notify=True)
    for job in (quiet, good, bad):
        server.ended(job["id"])
    until(lambda: len(hook.got) == 2 and len(list(told.iterdir())) == 2, "both to be told")
    facts = {each["name"]: each for each in hook.got}
    assert facts["good"]["status"] == "completed"
    assert facts["good"]["text"].startswith(f"good ({good['id']}) on ")
    assert (facts["bad"]["status"], facts["bad"]["exit_code"]) == ("failed", 3)
    assert json.loads((told / bad["id"]).read_text()) == facts["bad"]
    assert not (told / quiet["id"]).exists()
    server.stop()


def test_an_end_while_no_server_lived_is_told_by_the_next(place: Place, hook: Hook, tmp_path: Path) -> None:
    go = tmp_path / "go"
    server = serve(place, notify_url=hook.url)
    job = server.submit(command=f"until [ -e {go} ]; do sleep 0.02; done", notify=True)
    server.running(job["id"])
    server.kill()
    go.touch()
    server.start()
    server.ended(job["id"])
    until(lambda: hook.got, "the webhook")
    assert [each["status"] for each in hook.got] == ["completed"]
    server.stop()


def test_what_fails_harms_nothing_and_is_logged(place: Place) -> None:
    server = serve(place, notify_command=["/nowhere/to/be/found"])
    job = server.submit(command="true", notify=True)
    assert server.ended(job["id"])["status"] == "completed"
    log = place.root / "server.log"
    until(lambda: f"the notify_command for {job['id']}" in log.read_text(errors="replace"), "the log")
    server.stop()


def test_where_nobody_can_be_told_it_is_refused_before_anything_is_made(server: LiveServer) -> None:
    answer = server.post("jobs", json={"command": "true", "notify": True})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "no_notify"
    assert "notify_url" in answer.json()["error"]["hint"]


def test_a_command_may_write_more_than_memory_holds_and_leave_somebody_behind(place: Place, tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"setsid sleep 20 & head -c 600000000 /dev/zero >&2; echo $TRACKSIDE_ID >> {told}; echo wrong >&2; exit 1"
    server = serve(place, notify_command=["sh", "-c", script])
    before = resident(server.pid)
    jobs = [server.submit(command="true", notify=True)["id"] for _ in range(5)]
    for job in jobs:
        server.ended(job)
    until(lambda: told.exists() and len(told.read_text().split()) == 5, "all to be told, more than go at once", 15)
    until(lambda: (place.root / "server.log").read_text().count("ended with 1: ") == 5, "the last words")
    assert resident(server.pid) - before < 200
    server.stop()


def test_a_webhook_whose_answer_never_ends_keeps_nobody_waiting(place: Place) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[socket.socket] = []

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                asked.append(listener.accept()[0])
                asked[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")

    threading.Thread(target=answer, daemon=True).start()
    server = serve(place, notify_url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
    for _ in range(5):
        server.submit(command="true", notify=True)
    until(lambda: len(asked) == 5, "all to be told, more than go at once", 15)
    server.stop()
    listener.close()


def test_a_new_name_tells_nobody_again_after_a_restart(place: Place, tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = ["sh", "-c", f"echo $TRACKSIDE_NAME >> {told}"]
    server = serve(place, notify_command=command)
    job = server.submit(command="true", name="one", notify=True)
    server.ended(job["id"])
    until(told.exists, "it to be told")
    server.stop()
    server = serve(place, notify_command=command)
    server.request("PATCH", f"runs/{job['run_id']}", json={"name": "two"})
    server.ended(server.submit(command="true", name="three", notify=True)["id"])
    until(lambda: "three" in told.read_text(), "the next one to be told")
    assert told.read_text().split() == ["one", "three"]
    server.stop()


def resident(pid: int) -> int:
    """Megabytes of memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024
