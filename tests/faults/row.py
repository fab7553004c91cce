"""One row of the table of faults: what is killed and when, the state before and after, and what holds after every row."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import LiveServer, Place, until

__all__ = ["FINAL", "Row", "cannot"]

FINAL = {"completed", "failed", "cancelled"}


def cannot(why: str) -> None:
    """End a row that this machine has not the means for; the table says so, and is not green."""
    pytest.skip(why)


class Row:
    """Servers and jobs of one row. Every job leaves a mark when it starts, so that none runs unseen or twice."""

    def __init__(self, place: Place, title: str) -> None:
        self.place = place
        self.title = title
        self.story: list[str] = []
        self.servers: list[LiveServer] = []
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self._known: set[str] = set()
        self.gone: set[str] = set()
        """Jobs whose run folder the row itself took away."""
        self.afterwards: list[list[str]] = []
        """Commands that undo what the row did to the machine."""
        self.environment: dict[str, str] = {}
        """Variables for every process that the row starts."""
        self._began = time.monotonic()
        place.root.mkdir(parents=True, exist_ok=True)

    # The story

    def say(self, line: str) -> None:
        """Tell what happens, with the time since the row began."""
        told = f"{time.monotonic() - self._began:5.1f} s  {line}"
        print(told)
        self.story.append(told)

    def before(self, *jobs: str) -> None:
        """Tell the state before the fault."""
        self.say(f"before: {self._states(jobs)}")

    def after(self, *jobs: str) -> None:
        """Tell the state after it."""
        self.say(f"after:  {self._states(jobs)}")

    def _states(self, jobs: Iterable[str]) -> str:
        server = self.servers[-1]
        if not jobs:
            counts = server.get("jobs?limit=1").json()["counts"]
            return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no jobs"
        return ", ".join(_state(server.job(job)) for job in jobs)

    # What a row does

    def server(self, *options: str, environment: dict[str, str] | None = None, **more: Any) -> LiveServer:
        """Start one more server of this place; it takes part in the check at the end."""
        server = LiveServer(self.place, options=options, **more)
        server.environment = {**self.environment, **(environment or {})}
        self.servers.append(server)
        return server.start()

    @property
    def marks(self) -> Path:
        """The file into which every job writes its id and attempt as it starts."""
        return self.place.root / "marks"

    def shell(self, script: str) -> list[str]:
        """Return a command that leaves its mark and then runs ``script``."""
        return ["sh", "-c", f'echo "$TRACKSIDE_JOB_ID $TRACKSIDE_ATTEMPT" >> {self.marks}\n{script}']

    def submit(self, server: LiveServer, script: str, **fields: Any) -> str:
        """Submit a job that runs this script; what is acknowledged must have its end when the row is over."""
        made = server.submit(command=self.shell(script), **fields)
        self.acknowledged[made["id"]] = made
        return str(made["id"])

    def until_file(self, name: str, code: int = 0) -> str:
        """Return a script that ends with this code as soon as ``go(name)`` is called."""
        return f"while [ ! -e {self.place.root / name} ]; do sleep 0.05; done; exit {code}"

    def go(self, name: str) -> None:
        """Let the jobs go on that wait for this file."""
        (self.place.root / name).touch()

    def marked(self, job: str, attempt: int = 1) -> None:
        """Wait until a job has left its mark, so that it runs beyond doubt, and the server has seen it."""
        until(lambda: f"{job} {attempt}" in self._marks(), f"the mark of {job}", pause=0.05)
        server = self.servers[-1]
        until(lambda: server.job(job)["attempt"] >= attempt, f"the server to know that {job} runs", pause=0.05)

    def record(self, job: str, attempt: int = 1) -> dict[str, Any]:
        """Return what ``attempts/N.json`` says, once it names the process."""
        path = self.place.home / "runs" / job / "attempts" / f"{attempt}.json"

        def read() -> dict[str, Any] | None:
            with contextlib.suppress(FileNotFoundError, ValueError):
                found: dict[str, Any] = json.loads(path.read_text())
                return found if found.get("process") or found.get("exit") else None
            return None

        return until(read, f"{path} to name the process") or {}

    def kill(self, identity: dict[str, Any] | int, what: str) -> None:
        """Send SIGKILL and wait until the process is gone or a zombie."""
        pid = identity if isinstance(identity, int) else int(identity["pid"])
        self.say(f"SIGKILL to {what}, process {pid}")
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), f"the end of {what} {pid}")

    def kill_server(self, server: LiveServer) -> None:
        """Kill a server with SIGKILL."""
        self.say(f"SIGKILL to server, process {server.pid}")
        server.kill()

    # What holds after every row

    def check(self) -> None:
        """Every acknowledged job has its one true end, nothing ran twice, and nothing is left over."""
        server = self._anyone()
        self._check_jobs(server)
        for one in self.servers:
            one.stop()
        self._retire_templates()
        self._check_processes()
        self._check_locks()
        self._check_folders()

    def close(self) -> None:
        """End what is left, however the row went."""
        for server in self.servers:
            server.stop()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for command in reversed(self.afterwards):
            subprocess.run(command, check=True)
        self.afterwards.clear()

    def _anyone(self) -> LiveServer:
        living = [one for one in self.servers if one.process is not None and one.process.poll() is None]
        if living:
            return living[-1]
        self.servers[-1].options = ()
        return self.servers[-1].start()

    def _check_jobs(self, server: LiveServer) -> None:
        listed: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = server.get(f"jobs?limit=500{cursor}").json()
            listed += page["jobs"]
            if not page["next"]:
                break
            cursor = f"&cursor={page['next']}"
        found = {job["id"]: job for job in listed}
        self._known = set(found)
        missing = self.acknowledged.keys() - found.keys()
        assert not missing, f"acknowledged and lost: {sorted(missing)}"
        unfinished = [_state(job) for job in listed if job["status"] not in FINAL]
        assert not unfinished, f"without an end: {unfinished}"
        marks = Counter(self._marks())
        twice = {mark: count for mark, count in marks.items() if count > 1}
        assert not twice, f"ran twice: {twice}"
        strangers = {mark.split()[0] for mark in marks} - found.keys()
        assert not strangers, f"ran without being known: {strangers}"
        for job in listed:
            self._check_end(job, marks)

    def _check_end(self, job: dict[str, Any], marks: Counter[str]) -> None:
        name, attempt = job["id"], job["attempt"]
        if name in self.gone:
            return
        code = (job["reason"] or {}).get("code")
        ran = marks[f"{name} {attempt}"] == 1
        never = attempt == 0 or code in {"start_failed", "cancelled_by_user", "machine_restarted"}
        assert ran or never or name not in self.acknowledged, f"{_state(job)} left no mark"
        assert (job["status"] == "completed") == (job["exit_code"] == 0), _state(job)
        folder = Path(job["run_dir"])
        meta = json.loads((folder / "meta.json").read_text())
        assert meta["status"] == job["status"], f"{_state(job)}, but meta.json says {meta['status']}"
        record = folder / "attempts" / f"{attempt}.json"
        if record.exists():
            ended = json.loads(record.read_text())["exit"]
            said = None if ended is None else (ended["status"], ended["exit_code"])
            assert said in {None, (job["status"], job["exit_code"])}, f"{_state(job)}, but the runner says {said}"
            assert said is not None or code in {"lost", "machine_restarted"}, f"{_state(job)} without an exit"

    def _marks(self) -> list[str]:
        return self.marks.read_text().splitlines() if self.marks.exists() else []

    def _retire_templates(self) -> None:
        """Templates stay for ten minutes when nothing is left to do; asked to end, they wait for their last runner."""
        for pid in self.processes():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "trackside-tmpl":
                    os.kill(pid, signal.SIGTERM)

    def _check_processes(self) -> None:
        until(lambda: not self.processes(), f"the end of all processes; left: {self._left()}", 15)

    def _left(self) -> list[str]:
        return [f"{pid} {_command(pid)}" for pid in self.processes()]

    def processes(self) -> list[int]:
        """Return the living processes that belong to this place, by their environment."""
        wanted = os.fsencode(str(self.place.root)) + b"/"
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if folder.name != str(os.getpid()) and wanted in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return [pid for pid in found if alive(pid)]

    def _check_locks(self) -> None:
        files = [*(self.place.root / "locks").glob("gpu-*"), self.place.home / "scheduler.lock"]
        for path in files:
            if path.suffix == ".json" or not path.exists():
                continue
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise AssertionError(f"the lock {path} is still held") from None

    def _check_folders(self) -> None:
        home = self.place.home
        known = {job for job in self.acknowledged if job not in self.gone}
        runs = {entry.name for entry in (home / "runs").iterdir()} if (home / "runs").exists() else set()
        assert known <= runs, f"folders of acknowledged jobs are missing: {sorted(known - runs)}"
        assert not runs - self._known, f"left over in runs: {sorted(runs - self._known)}"
        assert not list((home / "staging").glob("*")), "left over in staging"
        assert not list(home.glob("runs/*/attempts/.*")), "left over among attempts"
        left = [path.name for pattern in ("servers/*.sock", "run/trackside-*.json") for path in home.glob(pattern)]
        left += [path.name for path in home.glob("run/template-*.sock")][1:]  # the next template takes the place of one
        assert not left, f"addresses of processes that are no more: {left}"

    def remove_folder(self, job: str) -> None:
        """Delete the run folder of a job, as a person would."""
        self.say(f"rm -r of the run folder of {job}")
        self.gone.add(job)
        shutil.rmtree(self.place.home / "runs" / job)


def alive(pid: int) -> bool:
    """Whether this process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    return "(gone)"


def _state(job: dict[str, Any]) -> str:
    code = "" if job["reason"] is None else f" ({job['reason']['code']})"
    ended = "" if job["exit_code"] is None else f", exit {job['exit_code']}"
    return f"{job['id']} {job['status']}{code}{ended}, attempt {job['attempt']}"
