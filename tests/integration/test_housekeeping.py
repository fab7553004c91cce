"""A home is kept in order: old runs go when somebody says so, doctor tells what is wrong, cullers leave work alone."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kernels import ServerKernel
from tests.quick_culler import LOOKED
from tests.serving import LiveServer, Place, stop_templates, until


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of this file's own: what is pruned or made wrong here is nobody else's."""
    live = LiveServer(Place(tmp_path_factory.mktemp("own"))).start()
    yield live
    live.stop()
    stop_templates(live.place.home)


@pytest.fixture
def server(own: LiveServer) -> Iterator[LiveServer]:
    """The server with an empty home."""
    yield own
    for job in own.get("jobs", params={"status": "pending,scheduled,running"}).json()["jobs"]:
        own.post(f"jobs/{job['id']}/cancel")
        own.ended(job["id"])
    for run in own.get("runs", params={"limit": 500}).json()["runs"]:
        assert own.request("DELETE", f"runs/{run['id']}").status_code == 204, run


def done(server: LiveServer, **fields: Any) -> dict[str, Any]:
    """Run a job to its end."""
    return server.ended(server.submit(**{"command": ["true"], **fields})["id"])


def prune(server: LiveServer, **rule: Any) -> dict[str, Any]:
    answer = server.post("prune", json=rule)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(pruned: dict[str, Any]) -> list[str]:
    return [run["id"] for run in pruned["runs"]]


# Prune


def test_a_dry_run_names_what_would_go_and_deletes_nothing(server: LiveServer) -> None:
    job = done(server, command="head -c 300000 /dev/urandom")
    planned = prune(server, keep=0)
    assert ids(planned) == [job["id"]]
    assert planned["dry_run"]
    assert planned["freed"] >= 300_000
    assert Path(job["run_dir"]).is_dir()
    assert server.job(job["id"])["status"] == "completed"


def test_what_goes_is_gone_with_its_folder_and_said_to_all(server: LiveServer) -> None:
    jobs = [done(server, name=f"old-{number}") for number in range(3)]
    with server.events("events", params={"since": 0}) as events:
        gone = prune(server, keep=1, dry_run=False)
        assert ids(gone) == [jobs[0]["id"], jobs[1]["id"]]
        told = set()
        for _, _, data in events:
            if data.get("job_id") in ids(gone):
                told.add(data["job_id"])
            if told == set(ids(gone)):
                break
    assert [path.name for path in (server.place.home / "runs").iterdir()] == [jobs[2]["id"]]
    assert [run["id"] for run in server.get("runs").json()["runs"]] == [jobs[2]["id"]]
    assert prune(server, keep=1, dry_run=False)["runs"] == []
    assert int(done(server)["id"][4:]) == int(jobs[2]["id"][4:]) + 1, "numbers do not come back"


def test_what_runs_waits_is_needed_or_pinned_stays(server: LiveServer) -> None:
    pinned = done(server, tags=["keep"])
    needed = done(server, command=["false"])
    running = server.submit(command=["sleep", "600"], cpus=os.cpu_count())
    waiting = server.submit(command=["true"], after=[f"{running['id']}:any"])
    server.running(running["id"])
    local = _local_run(server)
    assert ids(prune(server, keep=0, dry_run=False)) == [needed["id"]]
    left = {run["id"] for run in server.get("runs").json()["runs"]}
    assert {pinned["id"], running["id"], waiting["id"], local.run_id} <= left
    local.end()
    server.post(f"jobs/{running['id']}/cancel")
    server.ended(waiting["id"])
    assert set(ids(prune(server, keep=0, dry_run=False))) >= {running["id"], waiting["id"]}
    assert [run["id"] for run in server.get("runs").json()["runs"]] == [pinned["id"]]


class _Local:
    """A run without a job, in a process that ends when it is told to."""

    def __init__(self, process: subprocess.Popen[bytes], gate: Path, run_id: str) -> None:
        self.process, self.gate, self.run_id = process, gate, run_id

    def end(self) -> None:
        self.gate.write_text("end")
        assert self.process.wait(30) == 0


def _local_run(server: LiveServer) -> _Local:
    gate = server.place.root / "gate"
    gate.unlink(missing_ok=True)
    os.mkfifo(gate)
    program = "import os, trackside; trackside.init(); open(os.environ['GATE']).read()"
    process = subprocess.Popen([sys.executable, "-c", program], env=server.place.environment(GATE=str(gate)))

    def local() -> str | None:
        found = [run["id"] for run in server.get("runs").json()["runs"] if run["id"].startswith("local-")]
        return found[0] if found else None

    return _Local(process, gate, until(local, "the local run") or "")


def test_a_job_that_a_held_one_waits_for_stays(server: LiveServer) -> None:
    base = done(server, name="base")
    blocker = server.submit(command=["sleep", "600"], cpus=os.cpu_count())
    server.running(blocker["id"])
    after = server.submit(command=["true"], after=["base"])
    assert prune(server, keep=0, dry_run=False)["runs"] == []
    server.post(f"jobs/{blocker['id']}/cancel")
    assert server.ended(after["id"])["status"] == "completed"
    assert base["id"] in ids(prune(server, keep=0))


def test_two_who_prune_at_once_delete_each_run_once(server: LiveServer) -> None:
    made = server.post("jobs", json=[{"command": ["true"], "workdir": "/tmp"}] * 30).json()
    for job in made:
        server.ended(job["id"])
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(prune(server, keep=0, dry_run=False))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    gone = [*ids(answers[0]), *ids(answers[1])]
    assert sorted(gone) == sorted(job["id"] for job in made)
    assert list((server.place.home / "runs").iterdir()) == []


def test_by_size_the_oldest_go_first(server: LiveServer) -> None:
    jobs = [done(server, command="head -c 1000000 /dev/urandom") for _ in range(3)]
    planned = prune(server, max_size="2200K")
    assert ids(planned) == [jobs[0]["id"]]
    assert planned["total"] > 3_000_000


def test_nothing_goes_without_a_rule(server: LiveServer) -> None:
    job = done(server)
    for rule in ({}, {"dry_run": False}, {"status": "running"}, {"keep": "many"}):
        assert server.post("prune", json=rule).status_code == 400, rule
    assert Path(job["run_dir"]).is_dir()


def trackside(server: LiveServer, *words: str, code: int = 0) -> str:
    """Run the program in a terminal's place."""
    ran = subprocess.run(
        [sys.executable, "-m", "trackside.cli", *words],
        env=server.place.environment(), capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_in_a_terminal_nothing_is_deleted_without_a_yes(server: LiveServer) -> None:
    job = done(server, name="old")
    assert "Nothing says which runs may go. Give --older-than 30d" in trackside(server, "prune", code=3)
    said = trackside(server, "prune", "--keep", "0")
    assert "1 run would go" in said
    assert "--yes deletes them" in said
    assert Path(job["run_dir"]).is_dir()
    assert "1 run deleted" in trackside(server, "prune", "--keep", "0", "--yes")
    assert not Path(job["run_dir"]).exists()
    assert "No run goes." in trackside(server, "prune", "--keep", "0", "--yes")
    assert json.loads(trackside(server, "prune", "--keep", "0", "--json"))["data"]["runs"] == []


# Doctor


def findings(server: LiveServer) -> list[dict[str, str]]:
    answer = server.get("doctor")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()["findings"]
    return found


def test_doctor_finds_a_working_home_in_order(server: LiveServer) -> None:
    found = findings(server)
    assert not [finding for finding in found if finding["level"] == "problem"], found
    names = {finding["name"] for finding in found}
    assert {"versions", "scheduler", "home", "disk", "store", "template", "GPUs", "limits"} <= names
    assert next(finding for finding in found if finding["name"] == "home")["message"] == str(server.place.home)
    said = trackside(server, "doctor")
    assert f"ok       home              {server.place.home}" in said
    assert "ok       server extension  enabled" in said


def test_doctor_tells_that_a_template_runs(server: LiveServer) -> None:
    done(server)
    (template,) = [finding for finding in findings(server) if finding["name"] == "template"]
    assert template["message"].startswith("runs")


@pytest.mark.parametrize(
    ("path", "mode", "fix"),
    [(".", 0o755, "chmod 700"), ("vault.key", 0o644, "chmod 600"), ("trackside.db", 0o640, "chmod 600")],
)
def test_doctor_finds_what_others_could_read_and_how_to_mend_it(
    server: LiveServer, path: str, mode: int, fix: str
) -> None:
    done(server, secrets={"KEY": "opensesame"})
    target = server.place.home / path
    before = target.stat().st_mode & 0o777
    target.chmod(mode)
    (problem,) = [finding for finding in findings(server) if finding["level"] == "problem"]
    assert problem["fix"] == f"{fix} {target.resolve() if path != '.' else server.place.home}"
    assert f"→ {problem['fix']}" in trackside(server, "doctor", code=1)
    target.chmod(before)
    assert "problem" not in trackside(server, "doctor")


def test_doctor_finds_what_was_left_behind(server: LiveServer) -> None:
    home, old = server.place.home, 1_600_000_000
    for name in ("staging/0123456789abcdef", "runs/job-4711"):
        folder = home / name
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text('{"status": "completed"}')
        os.utime(folder, (old, old))
    said = [finding for finding in findings(server) if finding["name"] == "leftovers"]
    assert {"one submission" in finding["message"] or "job-4711" in finding["message"] for finding in said} == {True}
    assert len(said) == 2


def test_doctor_works_without_a_server(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    bare = LiveServer(place)
    assert "does not exist yet" in trackside(bare, "doctor")
    place.home.mkdir(parents=True, mode=0o755)
    place.home.chmod(0o755)
    said = trackside(bare, "doctor", code=1)
    assert "problem  home" in said
    assert f"→ chmod 700 {place.home}" in said
    assert not (place.home / "trackside.db").exists(), "it looks and changes nothing"


# Cullers


@pytest.fixture
def culled(tmp_path: Path) -> Iterator[LiveServer]:
    """A server that is shut down when nothing happened for a second, and that ends kernels idle for three."""
    options = (
        "--ServerApp.shutdown_no_activity_timeout=1",
        "--MappingKernelManager.cull_idle_timeout=3",
        "--MappingKernelManager.cull_interval=1",
    )
    found = {"PYTHONPATH": str(Path(__file__).parents[2])}
    live = LiveServer(Place(tmp_path / "place"), ("tests.quick_culler",), options, environment=found)
    yield live
    live.stop()
    stop_templates(live.place.home)


def looks(server: LiveServer) -> int:
    """How often the culler has looked."""
    return (server.place.root / "server.log").read_text().count(LOOKED)


def status(server: LiveServer) -> dict[str, Any]:
    headers = {"Authorization": f"token {server.token}"}
    answer: dict[str, Any] = server.client.get(server.url + "api/status", headers=headers).json()
    return answer


def ended(server: LiveServer) -> bool:
    assert server.process is not None
    return server.process.poll() is not None


def test_a_server_lives_while_a_job_does_and_is_culled_after_it(culled: LiveServer) -> None:
    """Its last activity, which is all that a hub's culler sees, moves on with the job; our own requests are none."""
    gate = culled.place.root.parent / "gate"
    os.mkfifo(gate)
    culled.start()
    job = culled.submit(command=f"cat {gate}")
    culled.running(job["id"])
    before, looked = status(culled)["last_activity"], looks(culled)
    until(lambda: looks(culled) >= looked + 8, "eight looks of the culler, four times what it allows")
    assert not ended(culled)
    assert status(culled)["last_activity"] > before
    gate.write_text("end")
    culled.ended(job["id"])

    def culled_in_spite_of_requests() -> bool:
        with contextlib.suppress(httpx.TransportError):
            culled.get("jobs")
        return ended(culled)

    until(culled_in_spite_of_requests, "the end of a server that nobody but panels asks", pause=0.1)


def test_a_culled_kernel_takes_no_job_with_it(culled: LiveServer) -> None:
    """A kernel whose job runs is idle and may be culled: the job has its own life, and keeps the server's."""
    gate = culled.place.root.parent / "gate"
    os.mkfifo(gate)
    culled.start()
    culled.submit(command=["sleep", "600"], name="keeps the server while the kernel starts")
    kernel = ServerKernel(culled)
    kernel.execute(f"import trackside\njob = trackside.submit('cat {gate}', name='survivor')")
    culled.running("survivor")
    kernel.disconnect()
    headers = {"Authorization": f"token {culled.token}"}
    until(
        lambda: culled.client.get(culled.url + "api/kernels", headers=headers).json() == [], "the kernel to be culled"
    )
    assert culled.job("survivor")["status"] == "running"
    gate.write_text("end")
    assert culled.ended("survivor")["status"] == "completed"
