"""The value of a secret is in the job's own environment and, if the job prints it, in its raw log: nowhere else."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.kernels import ServerKernel
from tests.serving import LiveServer, Place, below, stop_templates, until
from tests.window import Window

_PRINTS = """
import base64, os, sys, urllib.parse
value = os.environ["KEY"]
print("key", value, flush=True)
print("basic", base64.b64encode(f"user:{value}".encode()).decode(), urllib.parse.quote(value, safe=""), flush=True)
sys.stdout.write("half " + value[:9]); sys.stdout.flush()
open(os.environ["GATE"]).read()
sys.stdout.write(value[9:] + " whole\\n")
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of its own: its log and its home are searched."""
    live = LiveServer(Place(tmp_path / "place"), options=("--TracksideApp.retry_pause=0.1",)).start()
    yield live
    live.stop()
    stop_templates(live.place.home)


@pytest.fixture
def value() -> str:
    return f"s3cr/t+{secrets.token_hex(8)}"


class Gate:
    """A pipe that keeps a job where it is until it is opened."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"gate-{secrets.token_hex(4)}"
        os.mkfifo(self.path)

    def open(self) -> None:
        self.path.write_text("go on")


def spellings(value: str) -> list[bytes]:
    return [value.encode(), quote(value, safe="").encode(), base64.b64encode(value.encode())[:-4]]


def files_with(value: str, *folders: Path) -> set[str]:
    """Every file below these folders that holds the value, by its name in its folder."""
    found = set()
    for folder in folders:
        for path in below(folder):
            with contextlib.suppress(OSError):
                if path.is_file() and any(spelt in path.read_bytes() for spelt in spellings(value)):
                    found.add(str(path.relative_to(folder)))
    return found


def processes_with(value: str, what: str) -> set[int]:
    """Every process whose command line or environment holds the value, this one left out."""
    found = set()
    for path in Path("/proc").glob(f"[0-9]*/{what}"):
        with contextlib.suppress(OSError):
            if value.encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found - {os.getpid()}


def every_answer(server: LiveServer, job: dict[str, Any]) -> dict[str, str]:
    """What every route that reads answers about this job and its run."""
    name = job["id"]
    paths = [
        "health", "jobs", f"jobs?name={job['name']}", f"jobs/{name}", f"jobs/{name}/explain", f"jobs/{name}/log",
        f"jobs/{name}/log?tail=2", f"jobs/{name}/log?offset=7&limit=9", f"jobs/{name}/log?offset=11", "runs",
        f"runs/{name}", f"runs/{name}/metrics", f"runs/{name}/outputs", f"runs/{name}/artifacts",
        f"runs/{name}/artifacts?root=run", f"runs/compare?ids={name}", "system", "gpus", "jobs/no-such-job",
    ]  # fmt: skip
    answers = {path: server.get(path).text for path in paths}
    listed = json.loads(answers[f"runs/{name}/artifacts?root=run"])["artifacts"]
    for path in [artifact["path"] for artifact in listed]:
        answers[path] = server.get(f"runs/{name}/artifacts/{path}?root=run").text
    body = {"command": ["true"], "secrets": job["secrets"], "environment": job["secrets"]}
    answers["dry run"] = server.post("jobs?dry_run=1", json=body).text
    answers["refused"] = server.post("jobs", json={**body, "cores": [-1]}).text
    answers["refused retry"] = server.post(
        f"jobs/{name}/retry", json={"secrets": {"OTHER": "x", **job["secrets"]}}
    ).text
    return answers


def assert_hidden(value: str, answers: dict[str, str]) -> None:
    for path, text in answers.items():
        for spelt in spellings(value):
            assert spelt.decode() not in text, f"{path} answers {text}"


def followed(server: LiveServer, path: str, **params: Any) -> str:
    """Everything that a stream says until it is done."""
    said = []
    with server.events(path, params=params) as events:
        for kind, _, data in events:
            said.append(json.dumps(data))
            if kind == "done":
                break
    return "\n".join(said)


def test_a_secret_is_nowhere_but_in_the_job_and_what_it_prints(server: LiveServer, value: str, tmp_path: Path) -> None:
    """Queued, running, retried, over a restart of the server, and ended."""
    home = server.place.home
    blocker = server.submit(command=["sleep", "600"], cpus=os.cpu_count())
    gate = Gate(tmp_path)
    carried = {"PATH": os.environ["PATH"], "KEY": value, "GATE": str(gate.path)}
    fields = {"command": ["python3", "-c", _PRINTS], "name": "keyed", "environment": carried}
    job = {**server.submit(**fields, secrets={"KEY": value}), "secrets": {"KEY": value}}
    assert job["status"] == "pending"
    assert "KEY" not in job["spec"]["environment"], "what is kept for a retry is without the secret"

    def nowhere(*allowed: str) -> None:
        # The home, the store with its log of writes, the locks, Jupyter's files and the server's own log:
        assert files_with(value, home, server.place.root) <= {*allowed, *(f"home/{path}" for path in allowed)}
        assert processes_with(value, "cmdline") == set()

    nowhere()
    assert processes_with(value, "environ") == set()
    assert_hidden(value, every_answer(server, job))
    assert stat.S_IMODE((home / "vault.key").stat().st_mode) == 0o600

    server.kill()  # the queue keeps the secret, encrypted
    server.start()
    nowhere()
    server.post(f"jobs/{blocker['id']}/cancel")
    server.running(job["id"])
    log = f"runs/{job['id']}/output.log"
    until(lambda: b"half" in (home / log).read_bytes(), "the job's words")
    record = json.loads((home / f"runs/{job['id']}/attempts/1.json").read_text())
    assert processes_with(value, "environ") == {record["process"]["pid"]}
    nowhere(log)
    assert_hidden(value, every_answer(server, job))
    shown = server.get(f"jobs/{job['id']}/log").text
    assert shown.startswith("key " + "*" * len(value) + "\n")
    assert shown.endswith("half "), "a value that is half printed is held back"

    server.stop()
    server.start()  # this server learns the value from the job's own process
    assert_hidden(value, every_answer(server, job))
    streams: list[str] = []
    reading = [
        threading.Thread(target=lambda: streams.append(followed(server, f"jobs/{job['id']}/log", follow=1))),
        threading.Thread(target=lambda: streams.append(followed(server, f"runs/{job['id']}/stream"))),
    ]
    with Window(server) as window:
        window.subscribe("log", "log", run=job["id"])
        for thread in reading:
            thread.start()
        gate.open()
        server.ended(job["id"])
        for thread in reading:
            thread.join(30)
        streams.append(json.dumps(window.until("done", "log")))
    assert len(streams) == 3
    for text in streams:
        assert_hidden(value, {"stream": text})
        assert "whole" in text
    ended = server.get(f"jobs/{job['id']}/log").text
    assert ended.endswith("half " + "*" * len(value) + " whole\n")
    assert len(ended.encode()) == (home / log).stat().st_size

    assert server.post(f"jobs/{job['id']}/retry").status_code == 400
    again = Gate(tmp_path)
    retried = server.post(
        f"jobs/{job['id']}/retry",
        json={"secrets": {"KEY": value}, "environment": {**carried, "GATE": str(again.path)}},
    )
    assert retried.status_code == 201, retried.text
    server.running(job["id"])
    assert_hidden(value, every_answer(server, job))
    again.open()
    server.ended(job["id"])
    server.stop()
    server.start()  # nobody knows the value any more; where it stands is written down
    assert_hidden(value, every_answer(server, job))
    assert_hidden(value, {"follow": followed(server, f"jobs/{job['id']}/log", follow=1)})
    assert server.get(f"jobs/{job['id']}/log").text.count("whole") == 2
    nowhere(log)
    assert processes_with(value, "environ") == set()
    assert_hidden(value, {"events": told(server, job["id"], 2)})


def told(server: LiveServer, job: str, attempt: int) -> str:
    """Every event that the store keeps, up to the end of this attempt."""
    said = []
    with server.events("events", params={"since": 0}) as events:
        for _, _, data in events:
            said.append(json.dumps(data))
            about = data.get("job", {})
            if (about.get("id"), about.get("attempt"), about.get("status")) == (job, attempt, "completed"):
                break
    return "\n".join(said)


_SHOWS = """
import os
value = os.environ["KEY"]
display(value)
{"token": value}
"""
_RAISES = """
import os
raise ValueError("refused: " + os.environ["KEY"])
"""


def finished(server: LiveServer, value: str, **fields: Any) -> dict[str, Any]:
    """Run a job with the secret to its end."""
    job = server.submit(name="keyed", secrets={"KEY": value}, **fields)
    return {**server.ended(job["id"]), "secrets": {"KEY": value}}


def test_rich_outputs_are_written_without_the_secret(live: LiveServer, value: str) -> None:
    job = finished(live, value, cell=_SHOWS, outputs=["value"])
    assert job["status"] == "completed", live.get(f"jobs/{job['id']}/log").text
    records = live.get(f"runs/{job['id']}/outputs").text
    assert "*" * len(value) in records
    folder = Path(job["run_dir"])
    carried_out = "results/value.pkl"  # the job was told to bring it back
    assert files_with(value, folder) <= {"output.log", carried_out}
    answers = every_answer(live, job)
    assert answers.pop(carried_out)
    assert_hidden(value, answers)


@pytest.mark.parametrize("how", ["cell", "script", "notebook"])
def test_an_exception_is_told_without_the_secret(live: LiveServer, value: str, how: str, tmp_path: Path) -> None:
    """Its message is the job's reason: it goes to the record, the store, the events and every answer."""
    script, notebook = tmp_path / "train.py", tmp_path / "train.ipynb"
    script.write_text(_RAISES)
    cell = {"cell_type": "code", "source": _RAISES, "metadata": {}, "outputs": [], "execution_count": None}
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    work = {"cell": _RAISES, "script": str(script), "notebook": str(notebook)}[how]
    job = finished(live, value, **{how: work})
    assert job["reason"]["message"].endswith("refused: " + "*" * len(value))
    assert files_with(value, live.place.home) <= {f"runs/{job['id']}/output.log"}
    assert_hidden(value, every_answer(live, job))


def test_a_program_that_tracks_itself_leaves_no_secret_in_its_run(live: LiveServer, value: str) -> None:
    code = "import trackside; run = trackside.init(); trackside.log({'loss': 1.0})" + _RAISES
    job = finished(live, value, command=[sys.executable, "-c", code], environment=dict(os.environ))
    assert job["status"] == "failed"
    assert (Path(job["run_dir"]) / "metrics.jsonl").exists()
    assert files_with(value, live.place.home) <= {f"runs/{job['id']}/output.log"}


def test_a_log_whose_runner_was_killed_is_hidden_by_the_server_that_knows(live: LiveServer, value: str) -> None:
    job = live.submit(command="echo $KEY; exec sleep 600", secrets={"KEY": value})
    live.running(job["id"])
    folder = Path(job["run_dir"])
    until(lambda: value in (folder / "output.log").read_text(), "the job's words")
    record = json.loads((folder / "attempts/1.json").read_text())
    os.kill(record["runner"]["pid"], signal.SIGKILL)
    live.post(f"jobs/{job['id']}/cancel")
    live.ended(job["id"])
    assert live.get(f"jobs/{job['id']}/log").text == "*" * len(value) + "\n"
    assert json.loads((folder / "attempts/1.masked").read_text()) == [[0, len(value)]]


def test_a_secret_is_not_found_in_a_log(live: LiveServer, value: str) -> None:
    """Else a search would tell letter by letter what stars cover."""
    job = live.ended(live.submit(command="echo key $KEY", secrets={"KEY": value})["id"])
    searched = f"jobs/{job['id']}/log/search"
    assert live.get(searched, params={"text": value[:4]}).json()["matches"] == []
    (match,) = live.get(searched, params={"text": "key"}).json()["matches"]
    assert match["line"] == "key " + "*" * len(value)


def test_a_log_of_which_nobody_knows_the_secrets_is_not_shown(live: LiveServer, value: str) -> None:
    """Fails closed: rather no log than one with a secret in it."""
    job = live.submit(command="echo harmless; echo $KEY", secrets={"KEY": value})
    live.ended(job["id"])
    assert live.get(f"jobs/{job['id']}/log").text == "harmless\n" + "*" * len(value) + "\n"
    (Path(job["run_dir"]) / "attempts/1.masked").unlink()
    assert live.get(f"jobs/{job['id']}/log").text == "********\n" + "*" * len(value) + "\n"


def test_a_secret_that_a_retry_does_not_know_is_refused(live: LiveServer, value: str) -> None:
    job = finished(live, value, command=["true"])
    answer = live.post(f"jobs/{job['id']}/retry", json={"secrets": {"KEY": value, "OTHER": value}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_secret")
    assert value not in answer.text


def test_attempts_that_follow_by_themselves_have_the_secret_and_show_it_as_little(
    server: LiveServer, value: str, tmp_path: Path
) -> None:
    """It is kept, encrypted, until the last attempt is over, and then erased."""
    work = f"echo $KEY >&2; test -e {tmp_path}/been && exit 0; touch {tmp_path}/been; exit 3"
    job = finished(server, value, command=work, retries=1)
    assert (job["status"], job["attempt"]) == ("completed", 2)
    assert server.get(f"jobs/{job['id']}/log").text == ("*" * len(value) + "\n") * 2
    assert files_with(value, server.place.root) <= {f"home/runs/{job['id']}/output.log"}
    assert server.post(f"jobs/{job['id']}/retry").json()["error"]["code"] == "secrets_needed"


class AskedKernel(ServerKernel):
    """A kernel whose front end types an answer when it is asked; it keeps all that it was asked and told."""

    def __init__(self, server: LiveServer, answer: str) -> None:
        self._answer = answer
        self.asked: list[dict[str, Any]] = []
        self.told: list[str] = []
        super().__init__(server)

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        return super()._send(kind, {**content, "allow_stdin": True} if kind == "execute_request" else content)

    def _messages(self, number: str, timeout: float) -> Iterator[dict[str, Any]]:
        """Answer what is asked on the way."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._socket.settimeout(max(0.1, deadline - time.monotonic()))
            message = json.loads(self._socket.recv())
            if message["channel"] == "stdin" and message["msg_type"] == "input_request":
                self.asked.append(message["content"])
                self._reply(message["header"])
                continue
            self.told.append(json.dumps(message))
            if message["parent_header"].get("msg_id") == number and message["channel"] == "iopub":
                yield message
        raise AssertionError(f"the cell did not end within {timeout:g} s")

    def _reply(self, asked_by: dict[str, Any]) -> None:
        header = {**asked_by, "msg_id": secrets.token_hex(8), "msg_type": "input_reply"}
        message = {"header": header, "parent_header": asked_by, "metadata": {}, "content": {"value": self._answer}}
        self._socket.send(json.dumps({**message, "channel": "stdin", "buffers": []}))


def test_a_notebook_asks_for_a_secret_unseen_and_keeps_it_nowhere(live: LiveServer, value: str) -> None:
    """Neither in history nor in the cell's outputs nor in what it leaves in the namespace."""
    kernel = AskedKernel(live, value)
    try:
        kernel.execute("%load_ext trackside")
        kernel.execute('%%submit --secret TYPED_KEY --name typed\nimport os\nprint(len(os.environ["TYPED_KEY"]))')
        assert kernel.asked == [{"prompt": "TYPED_KEY: ", "password": True}]
        job = live.ended("typed")
        assert job["spec"]["secrets"] == ["TYPED_KEY"]
        assert live.get("jobs/typed/log").text == f"{len(value)}\n"
        kernel.execute("%history -g\nprint(repr(_job), In, Out, vars(_job))")
        assert not [message for message in kernel.told if value in message]
    finally:
        kernel.close()


@pytest.mark.parametrize("line", ["%%submit --secret KEY={value}\n1", "%submit --secret KEY={value} -- true"])
def test_a_value_on_the_line_is_refused_and_not_repeated(live: LiveServer, value: str, line: str) -> None:
    kernel = ServerKernel(live)
    try:
        kernel.execute("%load_ext trackside")
        refused = kernel.execute(line.format(value=value), check=False)
        said = refused.text + refused.error
        assert "--secret NAME" in said
        assert value not in said
        nobody = kernel.execute("%submit --secret NO_SUCH_KEY -- true", check=False)
        assert "nobody can be asked for its value" in nobody.text + nobody.error
    finally:
        kernel.close()
