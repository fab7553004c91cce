"""Limits of real jobs: what each engine of this machine holds, and what watches where no engine does."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import CANCEL, PLAIN, Yard, eventually, kill, python
from tests.serving import LiveServer, below, until
from trackside.models import Limit
from trackside_server.domain.attempt import Exit
from trackside_server.executors import template_link
from trackside_server.executors.base import AttemptRef
from trackside_server.isolation import bases, limits
from trackside_server.isolation.groups import Group
from trackside_server.runner.spawn import spawn

MEGABYTE = 2**20
GROUPS = {facts.name: facts for facts in limits.engines() if facts.name in {"systemd", "cgroup2", "cgroup1"}}
WANTED = limits.wanted_engine()
ENGINE = next((name for name, facts in GROUPS.items() if facts.available and WANTED in {"auto", name}), "watchdog")
HELD = set(GROUPS[ENGINE].limits) if ENGINE in GROUPS else set()

WORKER_EATS = """
import os, sys
pid = os.fork()
if pid == 0:
    held = bytearray(b"x" * 200_000_000)
    os._exit(0)
status = os.waitpid(pid, 0)[1]
sys.exit(3 if status and "strict" in sys.argv else 0)
"""
ENGINE_WORDS = {"memory": 64 * MEGABYTE, "cpus": 2.0, "cores": [0], "max_iops": 500, "max_processes": 40}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.ENGINE, "watchdog")


def run(root: Path, argv: list[str], **launch: object) -> tuple[Exit, str, dict[str, Limit]]:
    """Run one attempt; return how it ended, what it printed, and its limits by name."""

    async def scenario() -> tuple[Exit, dict[str, Limit]]:
        async with Yard(root) as yard:
            ref, record = await yard.start(argv, **launch)
            return await yard.ended(ref), {limit.name: limit for limit in record.limits}

    how, told = asyncio.run(scenario())
    return how, (root / "home/runs/job-1/output.log").read_text(), told


def groups_of(root: Path) -> list[str]:
    """Return the folders of all control groups that belong to jobs of this home."""
    prefix = limits.group_name(root / "home", "", 0).removesuffix(".0")
    return [str(path) for mount in bases.mounts() for path in below(Path(mount.point)) if path.name.startswith(prefix)]


def test_each_limit_is_held_by_the_best_engine_that_holds_it_or_said_not_to_be(root: Path) -> None:
    source = "import time; print(open('/proc/self/cgroup').read(), flush=True); time.sleep(60)"

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(source), **ENGINE_WORDS)
            told = {limit.name: limit.by for limit in record.limits if limit.name != "max_output"}
            fallback = {
                "memory": "watchdog",
                "max_processes": "watchdog",
                "cores": "affinity",
                "cpus": "",
                "max_iops": "",
            }
            assert told == {name: ENGINE if name in HELD else by for name, by in fallback.items()}
            assert all(limit.enforced == bool(limit.by) for limit in record.limits)
            assert bool(groups_of(root)) == bool(HELD)
            if HELD:
                name = limits.group_name(yard.home, "job-1", 1)
                said = await eventually(ref.folder.log.read_text, "what the job says of its own group")
                assert name in said
            await yard.executor.stop(ref, CANCEL, 0.0)
            await yard.ended(ref)

    asyncio.run(scenario())
    assert groups_of(root) == []


def test_a_job_that_asks_for_no_such_limit_gets_no_group(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(["sleep", "60"], time=60.0, cpus=1.0, max_output=2**30)
            assert groups_of(root) == []
            await yard.executor.stop(ref, CANCEL, 0.0)
            await yard.ended(ref)

    asyncio.run(scenario())


def test_a_worker_that_is_over_the_memory_of_its_job_makes_the_job_out_of_memory(root: Path) -> None:
    how, _, told = run(root, [*python(WORKER_EATS), "strict"], memory=80 * MEGABYTE)
    assert told["memory"].enforced
    assert how.status == "failed"
    assert how.reason is not None
    assert how.reason.code == "out_of_memory"
    assert "limit of 80.0 MB" in how.reason.message
    assert how.peak_memory is not None
    assert how.peak_memory > 70 * MEGABYTE
    assert groups_of(root) == []


@pytest.mark.skipif(
    "memory" not in HELD, reason="no control group of this machine holds memory: a watchdog ends the job"
)
def test_a_job_that_survives_the_loss_of_a_worker_is_completed(root: Path) -> None:
    how, _, _ = run(root, python(WORKER_EATS), memory=80 * MEGABYTE)
    assert (how.status, how.exit_code) == ("completed", 0)


def test_a_job_over_its_memory_takes_no_other_job_with_it(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            calm, record = await yard.start(["sleep", "60"], "job-2", memory=80 * MEGABYTE)
            hungry, _ = await yard.start([*python(WORKER_EATS), "strict"], "job-1", memory=80 * MEGABYTE)
            assert (await yard.ended(hungry)).status == "failed"
            assert record.process is not None
            assert record.process.is_alive()
            assert record.runner.is_alive()
            await yard.executor.stop(calm, CANCEL, 0.0)
            assert (await yard.ended(calm)).status == "cancelled"

    asyncio.run(scenario())


ASK_FOR_ALL = (
    "import os\n"
    "try: os.sched_setaffinity(0, range(os.cpu_count()))\n"
    "except OSError: pass\n"
    "print(sorted(os.sched_getaffinity(0)))"
)


@pytest.mark.skipif("cores" not in HELD, reason="no control group of this machine holds cores: a job could undo it")
def test_a_job_cannot_leave_its_cores(root: Path) -> None:
    core = max(os.sched_getaffinity(0))
    _, said, _ = run(root, python(ASK_FOR_ALL), cores=[core])
    assert said == f"[{core}]\n"


FORKS = """
import os, time
count = 0
try:
    while count < 100:
        if os.fork() == 0:
            time.sleep(60)
        count += 1
except BlockingIOError:
    print("refused after", count)
os.kill(0, 9)
"""


@pytest.mark.skipif("max_processes" not in HELD, reason="no control group of this machine counts processes")
def test_a_group_refuses_the_process_that_is_one_too_many(root: Path) -> None:
    _, said, _ = run(root, [sys.executable, "-u", "-I", "-S", "-c", FORKS], max_processes=20)
    assert said == "refused after 19\n"


@pytest.mark.skipif("max_iops" not in HELD, reason="no control group of this machine counts accesses to disks")
def test_reading_past_the_limit_waits(root: Path) -> None:
    source = (
        "import mmap, os, time\n"
        "page = mmap.mmap(-1, 4096)\n"
        "with open('data', 'wb') as file: file.write(b'x' * 4096 * 40); os.fsync(file.fileno())\n"
        "disk = os.open('data', os.O_RDONLY | os.O_DIRECT)\n"
        "began = time.monotonic()\n"
        "for number in range(40): os.preadv(disk, [page], number * 4096)\n"
        "print(time.monotonic() - began)"
    )
    _, said, _ = run(root, python(source), max_iops=40)
    assert float(said) > 0.6


ESCAPE = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve("/bin/sleep", ["sleep", "654"], {})
    os._exit(0)
os.wait()
print("away", flush=True)
time.sleep(60)
"""


def survivors() -> list[Path]:
    """Return the processes that got away from their job and its environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if path.read_bytes() == b"sleep\x00654\x00" else []
        except OSError:
            continue
    return found


def test_when_the_runner_is_killed_the_limits_hold_and_nothing_gets_away(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(ESCAPE), memory=80 * MEGABYTE)
            await eventually(lambda: "away" in ref.folder.log.read_text(), "the process that gets away")
            await eventually(survivors, "the process that has left its environment behind")
            await kill(record.runner, "the runner")
            await yard.executor.stop(ref, CANCEL, 0.2)
            assert (await yard.ended(ref)).status == "cancelled"
            await eventually(lambda: not survivors(), "the end of what got away", state=survivors)
            await eventually(lambda: not groups_of(root), "the end of its group", state=lambda: groups_of(root))

    asyncio.run(scenario())


@pytest.mark.skipif("memory" not in HELD, reason="without a control group nothing names a process that got away")
def test_when_nobody_guards_it_any_more_a_stop_still_finds_what_got_away(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(ESCAPE), memory=80 * MEGABYTE)
            await eventually(lambda: "away" in ref.folder.log.read_text(), "the process that gets away")
            await eventually(survivors, "the process that has left its environment behind")
            await kill(record.template, "the template")
            await kill(record.runner, "the runner")
            await yard.executor.stop(ref, CANCEL, 0.2)
            await eventually(lambda: not survivors(), "the end of what got away", state=survivors)
            for folder in groups_of(root):
                until(Group("", [folder]).remove, "the removal of the group that nobody looks after")

    asyncio.run(scenario())


def test_when_the_runner_is_killed_too_much_memory_is_still_the_reason(root: Path) -> None:
    source = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\n"
    eats = "held = bytearray(b'x' * 200_000_000)\ntime.sleep(60)"

    async def scenario() -> Exit:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(source + eats), memory=80 * MEGABYTE)
            await kill(record.runner, "the runner")
            (yard.home.parent / "go").touch()
            how = await yard.ended(ref)
            await eventually(lambda: not groups_of(root), "the end of its group", state=lambda: groups_of(root))
            return how

    how = asyncio.run(scenario())
    assert how.reason is not None
    assert (how.reason.code, how.exit_code) == ("out_of_memory", -9)


def test_a_group_is_gone_when_the_program_could_not_be_started(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            started = await yard.try_start(["/no/such/program"], memory=80 * MEGABYTE)
            assert "does not exist" in str(started)

    asyncio.run(scenario())
    assert groups_of(root) == []


def test_starting_in_a_group_is_like_starting_without(root: Path) -> None:
    source = (
        "import os, signal, sys; print(os.getcwd(), os.environ['LANG'], os.getsid(0) == os.getpid(), sys.stdin.read() == '',"
        " signal.getsignal(signal.SIGPIPE), signal.pthread_sigmask(signal.SIG_BLOCK, []),"
        " sorted(os.listdir('/proc/self/fd'))[:4])"
    )
    _, plain, _ = run(root, [sys.executable, "-I", "-c", source])
    (root / "home/runs/job-1/attempts/1.json").unlink()
    (root / "home/runs/job-1/output.log").unlink()
    _, grouped, _ = run(root, [sys.executable, "-I", "-c", source], max_processes=50)
    assert grouped == plain


def test_the_watchdog_ends_a_job_with_too_many_processes(root: Path, watchdog: None) -> None:
    how, _, told = run(root, python(FORKS.replace("os.kill(0, 9)", "time.sleep(60)")), max_processes=20)
    assert told["max_processes"].by == "watchdog"
    assert how.reason is not None
    assert how.reason.code == "process_limit"
    assert "more than its limit of 20" in how.reason.message


def test_without_groups_a_job_starts_on_its_cores(root: Path, watchdog: None) -> None:
    core = max(os.sched_getaffinity(0))
    _, said, told = run(root, python("import os; print(sorted(os.sched_getaffinity(0)))"), cores=[core])
    assert said == f"[{core}]\n"
    assert told["cores"] == Limit("cores", 1, True, "affinity")


def test_cores_that_this_machine_does_not_have_are_said_not_to_hold(root: Path) -> None:
    _, _, told = run(root, ["/bin/true"], cores=[4000])
    assert told["cores"] == Limit("cores", 1, False, "")


def test_a_watchdog_holds_no_share_and_no_accesses_and_says_so(root: Path, watchdog: None) -> None:
    _, _, told = run(root, ["/bin/true"], cpus=2.0, max_iops=100)
    assert told["cpus"] == Limit("cpus", 2.0, False, "")
    assert told["max_iops"] == Limit("max_iops", 100, False, "")


def test_output_below_a_raised_bound_is_kept_whole(root: Path) -> None:
    source = (
        "import sys, time\nfor _ in range(300): sys.stdout.write('x' * 100_000)\nsys.stdout.flush()\ntime.sleep(1.3)"
    )
    run(root, python(source), max_output=40 * MEGABYTE)
    found = AttemptRef("job-1", root / "home/runs/job-1", 1).folder.log.stat()
    assert found.st_size == 30_000_000
    assert found.st_blocks * 512 >= 30_000_000


def test_the_server_tells_of_each_job_what_held(live: LiveServer) -> None:
    def by(answer: dict[str, Any]) -> dict[str, str]:
        return {limit["name"]: limit["by"] for limit in answer["limits"]}

    asked = {"command": ["sleep", "60"], "memory": "64M", "max_processes": 40, "cores": "0", "time": "5m"}
    job = live.running(live.submit(**asked)["id"])
    best = {"memory": "watchdog", "max_processes": "watchdog", "cores": "affinity"} | dict.fromkeys(HELD, ENGINE)
    held = {name: best[name] for name in ("memory", "max_processes", "cores")} | {"time": "runner"}
    assert by(job) == held | {"max_output": "runner"}
    until(lambda: by(live.post("jobs", params={"dry_run": 1}, json=asked).json()) == held, "what a dry run expects")
    live.post(f"jobs/{job['id']}/cancel")
    assert live.ended(job["id"])["status"] == "cancelled"


def test_a_job_over_its_memory_says_so_to_everybody(live: LiveServer) -> None:
    job = live.ended(live.submit(command=[*python(WORKER_EATS), "strict"], memory="80M")["id"])
    assert (job["status"], job["reason"]["code"]) == ("failed", "out_of_memory")
    assert job["peak_memory"] > 70 * MEGABYTE
    assert "limit of 80.0 MB" in job["message"]


def _second_version() -> Path | None:
    points = [Path(mount.point) for mount in bases.mounts() if mount.version == 2]
    return next((point for point in points if os.access(point / "cgroup.procs", os.W_OK)), None)


@pytest.mark.skipif(_second_version() is None, reason="no control groups of version 2 that this user may write")
def test_a_real_group_of_version_2_is_entered_killed_at_once_and_removed(tmp_path: Path) -> None:
    point = _second_version()
    assert point is not None
    group = Group("cgroup2", [str(point / f"trackside-test-{os.getpid()}")])
    Path(group.folders[0]).mkdir()
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
    try:
        pid = spawn(["sh", "-c", "sleep 60 & sleep 60"], PLAIN, "/", log, group=group)
        assert pid in group.pids()
        assert not group.remove()
        group.kill()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    finally:
        os.close(log)
        group.kill()
        until(group.remove, "the removal of the group")


@pytest.mark.skipif(_second_version() is None, reason="no control groups of version 2 that this user may write")
def test_a_template_in_a_scope_of_its_own_leaves_room_for_the_groups_of_jobs(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = _second_version()
    assert point is not None
    scope = point / f"trackside-test-{os.getpid()}.scope"
    program = root / "systemd-run"
    program.write_text(f'#!/bin/sh\nmkdir {scope}\necho $$ > {scope}/cgroup.procs\nexec "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(template_link, "scopes", lambda: [[str(program)], []])

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "60"])
            for process in (record.template, record.runner, record.process):
                assert process is not None
                groups = Path(f"/proc/{process.pid}/cgroup").read_text()
                assert f"/{scope.name}/{bases.KEEPERS}\n" in groups
            assert (scope / "cgroup.procs").read_text() == ""
            await yard.executor.stop(ref, CANCEL, 0.0)
            await yard.ended(ref)

    try:
        asyncio.run(scenario())
    finally:
        until(Group("cgroup2", [str(scope)]).remove, "the removal of the scope")
