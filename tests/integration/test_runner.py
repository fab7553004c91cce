"""One attempt from start to end: what the process gets, and what is written about it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.running import PLAIN, Yard, eventually, python
from trackside_server.domain.attempt import Exit
from trackside_server.executors.base import Absent, Ended, Launched, StartFailed


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path


def run(root: Path, argv: list[str], **launch: object) -> tuple[Exit, str]:
    """Run one attempt; return how it ended and what it printed."""

    async def scenario() -> Exit:
        async with Yard(root) as yard:
            return await yard.run(argv, **launch)

    return asyncio.run(scenario()), (root / "home/runs/job-1/output.log").read_text()


def failure(root: Path, argv: list[str], **launch: object) -> str:
    """Start what cannot start; return the reason's sentence."""

    async def scenario() -> str:
        async with Yard(root) as yard:
            started = await yard.try_start(argv, **launch)
            assert isinstance(started, StartFailed), started
            seen = yard.executor.look(yard.ref("job-1"))
            assert isinstance(seen, Ended), seen
            assert seen.record.exit is not None
            assert (seen.record.exit.status, seen.record.exit.exit_code) == ("failed", None)
            assert seen.record.exit.reason == started.reason
            assert started.reason.code == "start_failed"
            return started.reason.message

    return asyncio.run(scenario())


def test_exit_0_is_completed_without_a_reason(root: Path) -> None:
    how, _ = run(root, ["/bin/true"])
    assert (how.status, how.reason, how.exit_code) == ("completed", None, 0)


def test_another_exit_code_is_failed_and_named(root: Path) -> None:
    how, _ = run(root, ["sh", "-c", "exit 3"])
    assert (how.status, how.exit_code) == ("failed", 3)
    assert how.reason is not None
    assert (how.reason.code, how.reason.message) == ("exit_code", "ended with exit code 3")


def test_a_signal_is_failed_and_named(root: Path) -> None:
    how, _ = run(root, ["sh", "-c", "kill -SEGV $$"])
    assert (how.status, how.exit_code) == ("failed", -11)
    assert how.reason is not None
    assert (how.reason.code, how.reason.message) == ("signal", "was killed by SIGSEGV (signal 11)")


def test_the_record_and_meta_tell_the_same_story(root: Path) -> None:
    how, _ = run(root, ["sh", "-c", "exit 4"])
    meta = json.loads((root / "home/runs/job-1/meta.json").read_text())
    record = json.loads((root / "home/runs/job-1/attempts/1.json").read_text())
    assert (meta["status"], meta["exit_code"]) == ("failed", 4)
    assert meta["reason"] == record["exit"]["reason"]
    assert meta["started_at"] == record["started_at"] < meta["finished_at"] == record["exit"]["finished_at"]
    assert meta["duration_seconds"] == how.duration_seconds


def test_output_and_errors_go_to_one_file_in_the_order_they_were_written(root: Path) -> None:
    _, log = run(root, ["sh", "-c", "echo 1; echo 2 >&2; echo 3; echo 4 >&2"])
    assert log == "1\n2\n3\n4\n"


def test_a_second_attempt_appends_to_the_output(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            await yard.run(["echo", "first"])
            await yard.run(["echo", "second"], ref=yard.ref("job-1", attempt=2))

    asyncio.run(scenario())
    assert (root / "home/runs/job-1/output.log").read_text() == "first\nsecond\n"


def test_input_is_empty_and_says_so(root: Path) -> None:
    how, log = run(root, python("input()"))
    assert how.exit_code == 1
    assert "EOFError" in log


def test_the_environment_is_exactly_the_one_given(root: Path) -> None:
    _, log = run(root, ["/usr/bin/env"], environment={"A": "1", "EMPTY": "", "ODD NAME": "x=y", "NEWLINE": "a\\nb"})
    assert sorted(log.splitlines()) == ["A=1", "EMPTY=", "NEWLINE=a\\nb", "ODD NAME=x=y"]


def test_undecodable_bytes_in_the_environment_arrive_as_they_were(root: Path) -> None:
    _, log = run(root, python("import os; print(os.environb[b'ODD'])"), environment={"ODD": "\udcff"})
    assert log == "b'\\xff'\n"


def test_the_process_starts_in_its_workdir_as_leader_of_its_own_session(root: Path) -> None:
    _, log = run(root, python("import os; print(os.getcwd(), os.getsid(0) == os.getpid() == os.getpgid(0))"))
    assert log == f"{root} True\n"


def test_the_process_inherits_three_descriptors(root: Path) -> None:
    _, log = run(root, ["ls", "-1", "/proc/self/fd"])
    assert log.split() == ["0", "1", "2", "3"]  # the last is the folder that ls reads


def test_the_process_inherits_no_ignored_and_no_blocked_signal(root: Path) -> None:
    _, log = run(root, ["cat", "/proc/self/status"])
    facts = dict(line.split(":\t", 1) for line in log.splitlines())
    named = 2**31 - 1  # glibc's posix_spawn leaves its two internal signals, 32 and 33, ignored
    assert int(facts["SigIgn"], 16) & named == 0
    assert int(facts["SigBlk"], 16) & named == 0


def test_a_program_that_is_nowhere_on_the_path_is_named(root: Path) -> None:
    message = failure(root, ["no-such-program"])
    assert message == "There is no program 'no-such-program' on the job's PATH. Install it, or write its full path."


def test_a_path_that_is_not_there_is_named(root: Path) -> None:
    assert failure(root, ["/no/such/program"]).startswith("The program '/no/such/program' does not exist.")


def test_a_file_that_may_not_be_executed_is_named_with_the_way_out(root: Path) -> None:
    (root / "script.sh").write_text("#!/bin/sh\n")
    message = failure(root, [str(root / "script.sh")])
    assert "script.sh' may not be executed. Run 'chmod +x' on it" in message


def test_a_script_without_its_first_line_is_named_with_the_way_out(root: Path) -> None:
    script = root / "script.sh"
    script.write_text("echo hi\n")
    script.chmod(0o755)
    assert "its first line does not begin with '#!'" in failure(root, [str(script)])


def test_a_script_whose_interpreter_is_missing_is_told_from_a_missing_script(root: Path) -> None:
    script = root / "script.sh"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert "the interpreter named in its first line does not" in failure(root, [str(script)])


def test_a_missing_workdir_is_named_with_the_way_out(root: Path) -> None:
    message = failure(root, ["/bin/true"], workdir=root / "gone")
    assert message == f"The working directory '{root}/gone' does not exist. Make it, or submit with another workdir."


def test_a_workdir_that_is_a_file_is_named(root: Path) -> None:
    (root / "file").write_text("")
    assert "is not a directory" in failure(root, ["/bin/true"], workdir=root / "file")


def test_an_environment_that_is_too_large_is_said_to_be(root: Path) -> None:
    message = failure(root, ["/bin/true"], environment={f"V{n}": "x" * 100_000 for n in range(60)})
    assert "larger than the system allows" in message


def test_a_run_folder_that_is_gone_starts_nothing(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            launch = yard.launch(["touch", str(root / "ran")])
            launch.ref.run_dir.rmdir()
            started = await yard.executor.start(launch)
            assert isinstance(started, StartFailed), started
            assert "cannot be written" in started.reason.message
            assert isinstance(yard.executor.look(launch.ref), Absent)

    asyncio.run(scenario())
    assert not (root / "ran").exists()


def test_an_attempt_that_is_started_twice_runs_once(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            argv = ["sh", "-c", "echo once; sleep 0.2"]
            both = await asyncio.gather(yard.try_start(argv), yard.try_start(argv))
            assert [type(started) for started in both] == [Launched, Launched]
            assert (await yard.ended(yard.ref("job-1"))).status == "completed"

    asyncio.run(scenario())
    assert (root / "home/runs/job-1/output.log").read_text() == "once\n"


def test_secrets_are_in_no_file_and_on_no_command_line(root: Path) -> None:
    secret = "pQ7-sesame-" + os.urandom(8).hex()

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "30"], environment={**PLAIN, "TOKEN": secret})
            assert record.process is not None
            assert record.template is not None
            for pid in (record.process.pid, record.runner.pid, record.template.pid):
                assert secret not in Path(f"/proc/{pid}/cmdline").read_text()
            for pid in (record.runner.pid, record.template.pid):
                assert secret not in Path(f"/proc/{pid}/environ").read_text()
            assert secret in Path(f"/proc/{record.process.pid}/environ").read_text()
            assert not in_memory(record.template.pid, secret)
            os.kill(record.process.pid, 9)
            await yard.ended(ref)

    asyncio.run(scenario())
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


def in_memory(pid: int, text: str) -> bool:
    """Whether this text is anywhere in the writable memory of a process."""
    folder = Path(f"/proc/{pid}")
    with (folder / "maps").open() as maps, (folder / "mem").open("rb", buffering=0) as memory:
        for line in maps:
            place, rights, *_ = line.split()
            if "w" in rights:
                start, end = (int(part, 16) for part in place.split("-"))
                memory.seek(start)
                if text.encode() in memory.read(end - start):
                    return True
    return False


def test_a_running_attempt_is_seen_running_and_beats(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "30"])
            assert record.process is not None
            assert record.process.is_alive()
            await eventually(lambda: ref.folder.alive(1).exists(), "the heartbeat's file")
            meta = ref.folder.meta
            await eventually(
                lambda: meta.exists() and '"status": "running"' in meta.read_text(), "the start in meta.json"
            )
            os.kill(record.process.pid, 9)
            await yard.ended(ref)

    asyncio.run(scenario())


def test_the_machine_is_sampled_while_a_job_runs(root: Path) -> None:
    run(root, ["sh", "-c", "sleep 1.5"])
    samples = [json.loads(line) for line in (root / "home/runs/job-1/system.jsonl").read_text().splitlines()]
    assert samples
    assert 0 <= samples[0]["cpu_percent"] <= 100
    assert 0 < samples[0]["memory_percent"] < 100
    assert samples[0]["_timestamp"].endswith("Z")


def test_a_job_that_is_over_at_once_costs_no_sample(root: Path) -> None:
    run(root, ["/bin/true"])
    assert not (root / "home/runs/job-1/system.jsonl").exists()


def test_a_cell_exception_left_in_results_is_the_reason(root: Path) -> None:
    async def scenario() -> Exit:
        async with Yard(root) as yard:
            ref = yard.ref("job-1")
            ref.folder.results.mkdir()
            left = json.dumps({"type": "ValueError", "message": "too large"})
            return await yard.run(["sh", "-c", f"echo '{left}' > {ref.folder.results}/exception.json; exit 1"])

    how = asyncio.run(scenario())
    assert how.reason is not None
    assert (how.reason.code, how.reason.message, how.exit_code) == ("exception", "ValueError: too large", 1)


def test_an_exception_of_an_earlier_attempt_is_not_taken_for_the_reason(root: Path) -> None:
    async def scenario() -> Exit:
        async with Yard(root) as yard:
            ref = yard.ref("job-1")
            ref.folder.results.mkdir()
            (ref.folder.results / "exception.json").write_text('{"type": "ValueError", "message": "old"}')
            return await yard.run(["sh", "-c", "exit 2"])

    how = asyncio.run(scenario())
    assert how.reason is not None
    assert how.reason.code == "exit_code"


def test_what_the_main_process_leaves_running_is_ended_before_the_exit_is_written(root: Path) -> None:
    pids = root / "pids"
    source = (
        f"(trap '' TERM; sleep 60 & echo $! >> {pids}; wait) & setsid sleep 60 & echo $! >> {pids}; sleep 0.2; exit 5"
    )
    how, _ = run(root, ["sh", "-c", source], grace=0.5)
    assert how.exit_code == 5
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []


def test_a_hundred_jobs_at_two_slots_are_quick(root: Path) -> None:
    count = 100

    async def scenario() -> float:
        async with Yard(root) as yard:
            await yard.run(["/bin/true"], "warm-up")
            slots = asyncio.Semaphore(2)

            async def one(number: int) -> None:
                async with slots:
                    await yard.run(["/bin/true"], f"job-{number}")

            began = time.monotonic()
            await asyncio.gather(*(one(number) for number in range(count)))
            return count / (time.monotonic() - began)

    rate = asyncio.run(scenario())
    print(f"{rate:.0f} jobs/s on {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    assert rate > 20
