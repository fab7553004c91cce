"""What becomes of an attempt when those who look after it are killed with SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

import pytest

from tests.running import CANCEL, Yard, eventually, kill, python
from tests.serving import SLACK
from trackside_server.executors.base import Ended, Launched, Starting


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path


def until_file(path: Path, code: int) -> list[str]:
    """A command that ends with this code as soon as the file is there."""
    return ["sh", "-c", f"while [ ! -e {path} ]; do sleep 0.02; done; exit {code}"]


def test_stop_still_works_after_kill_9_of_the_runner_for_the_whole_tree(root: Path) -> None:
    source = f"trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ > {root}/pid; while :; do sleep 0.1; done' & wait; sleep 60"

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sh", "-c", source])
            daemon = int(await eventually(lambda: (root / "pid").exists() and (root / "pid").read_text(), "a daemon"))
            await kill(record.runner, "runner")
            began = time.monotonic()
            await yard.executor.stop(ref, CANCEL, 0.3)
            how = await yard.ended(ref)
            assert 0.3 <= time.monotonic() - began < 1.3 + SLACK
            assert (how.status, how.exit_code, how.reason) == ("cancelled", -9, CANCEL)
            assert not Path(f"/proc/{daemon}").exists()

    asyncio.run(scenario())


def test_the_exit_of_a_process_that_dies_together_with_its_runner_is_recorded(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            for number in range(10):
                ref, record = await yard.start(["sleep", "60"], f"job-{number}")
                assert record.process is not None
                print(f"kill -9 {record.process.pid} {record.runner.pid} (process and runner at once)")
                os.kill(record.process.pid, 9)
                with contextlib.suppress(ProcessLookupError):  # it may have written the exit already
                    os.kill(record.runner.pid, 9)
                how = await yard.ended(ref)
                assert how.exit_code == -9, how

    asyncio.run(scenario())


def test_runners_that_are_killed_at_once_each_get_the_exit_of_their_own_job(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            started = [await yard.start(until_file(root / "go", number), f"job-{number}") for number in range(1, 5)]
            for _, record in started:
                print(f"kill -9 {record.runner.pid} (runner)")
                os.kill(record.runner.pid, 9)
            (root / "go").touch()
            codes = [(await yard.ended(ref)).exit_code for ref, _ in started]
            assert codes == [1, 2, 3, 4]

    asyncio.run(scenario())


def test_a_daemon_that_a_killed_runners_job_leaves_behind_is_ended_too(root: Path) -> None:
    source = f"setsid sleep 60 & echo $! > {root}/pid; while [ ! -e {root}/go ]; do sleep 0.02; done"

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sh", "-c", source], grace=0.2)
            daemon = int(await eventually(lambda: (root / "pid").exists() and (root / "pid").read_text(), "a daemon"))
            await kill(record.runner, "runner")
            (root / "go").touch()
            assert (await yard.ended(ref)).status == "completed"
            assert not Path(f"/proc/{daemon}").exists()

    asyncio.run(scenario())


def test_a_runner_that_is_killed_before_it_started_the_job_is_a_failed_start(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            _, first = await yard.start(["/bin/true"])
            assert first.template is not None
            ref = yard.ref("job-2")
            os.mkfifo(ref.folder.log)  # the runner waits for a reader of the output, after its claim
            starting = asyncio.create_task(yard.try_start(["/bin/true"], "job-2"))
            await eventually(lambda: isinstance(yard.executor.look(ref), Starting), "the claim")
            seen = yard.executor.look(ref)
            assert isinstance(seen, Starting)
            await kill(seen.record.runner, "runner")
            await starting
            how = await yard.ended(ref)
            assert how.reason is not None
            assert (how.status, how.reason.code, how.exit_code) == ("failed", "start_failed", None)

    asyncio.run(scenario())


def test_a_job_whose_template_was_killed_can_be_stopped(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "60"])
            await kill(record.template, "template")
            await yard.executor.stop(ref, CANCEL, 5.0)
            assert (await yard.ended(ref)).status == "cancelled"

    asyncio.run(scenario())


@pytest.mark.parametrize("written", [True, False])
def test_a_job_that_nobody_looks_after_can_still_be_stopped_with_its_daemons(root: Path, written: bool) -> None:
    """Also when both were killed in its first moments, before its process was written down."""
    source = f"trap '' TERM; setsid sleep 60 & echo $! > {root}/pid; sleep 60; sleep 60"

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref = yard.ref("job-1")
            environment = {"PATH": "/usr/bin:/bin", "TRACKSIDE_RUN_DIR": str(ref.run_dir), "TRACKSIDE_ATTEMPT": "1"}
            _, record = await yard.start(["sh", "-c", source], environment=environment)
            daemon = int(await eventually(lambda: (root / "pid").exists() and (root / "pid").read_text(), "a daemon"))
            if written:
                await eventually(
                    lambda: '"process": {' in ref.folder.attempt(1).read_text(), "the record of the process"
                )
            await kill(record.template, "template")
            await kill(record.runner, "runner")
            await yard.executor.stop(ref, CANCEL, 0.2)
            await yard.lost(ref)
            await eventually(lambda: not Path(f"/proc/{daemon}").exists(), "the end of the daemon")

    asyncio.run(scenario())


def test_another_server_follows_a_running_attempt_to_its_end(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(until_file(root / "go", 9))
            await yard.executor.close()
            yard.changes.clear()
            yard.executor = yard.another()
            yard.executor.watch(ref)
            yard.executor.watch(ref)
            (root / "go").touch()
            assert (await yard.ended(ref)).exit_code == 9
            await eventually(lambda: yard.changes == [ref], "one word of the end", state=lambda: yard.changes)

    asyncio.run(scenario())


def test_another_server_that_comes_after_the_end_is_told_of_it(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(until_file(root / "go", 9))
            await yard.executor.close()
            yard.changes.clear()
            (root / "go").touch()
            await eventually(lambda: isinstance(yard.executor.look(ref), Ended), "the end")
            assert yard.changes == []
            yard.executor = yard.another()
            yard.executor.watch(ref)
            assert (await yard.ended(ref)).exit_code == 9

    asyncio.run(scenario())


def test_another_server_follows_an_attempt_whose_runner_was_killed_meanwhile(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(until_file(root / "go", 9))
            await yard.executor.close()
            await kill(record.runner, "runner")
            yard.changes.clear()
            yard.executor = yard.another()
            yard.executor.watch(ref)
            (root / "go").touch()
            assert (await yard.ended(ref)).exit_code == 9

    asyncio.run(scenario())


def test_a_server_that_vanishes_in_the_middle_of_an_order_leaves_nothing_behind(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            _, record = await yard.start(["/bin/true"])
            link = yard.executor._template
            for garbage in (b"", b"R", b"R\x00\x00\x01\x00{", b"R\x00\x00\x00\x02{}", b"X" * 100, b"R\xff\xff\xff\xff"):
                connection = await link.connect()
                connection.send(garbage) if garbage else None
                connection.close()
            await yard.run(["/bin/true"], "job-2")
            assert record.template is not None
            children = Path(f"/proc/{record.template.pid}/task/{record.template.pid}/children")
            await eventually(lambda: len(children.read_text().split()) <= 1, "only the spare", state=children.read_text)

    asyncio.run(scenario())


def test_a_silent_connection_holds_nobody_up_and_is_dropped(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            silent = await yard.executor._template.connect()
            try:
                began = time.monotonic()
                await yard.run(["/bin/true"])
                assert time.monotonic() - began < 2.0
                loop = asyncio.get_running_loop()
                assert await asyncio.wait_for(loop.sock_recv(silent, 1), 8.0) == b""
            finally:
                silent.close()

    asyncio.run(scenario())


def test_servers_that_start_together_share_one_template(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            executors = [yard.another() for _ in range(6)]
            try:
                launches = [yard.launch(["/bin/true"], f"job-{number}") for number in range(6)]
                started = await asyncio.gather(
                    *(one.start(launch) for one, launch in zip(executors, launches, strict=True))
                )
                templates = {
                    one.record.template.pid for one in started if isinstance(one, Launched) and one.record.template
                }
                yard.seen += [one.record for one in started if isinstance(one, Launched)]
                assert len(templates) == 1
                for launch in launches:
                    await yard.ended(launch.ref)
            finally:
                for executor in executors:
                    await executor.close()

    asyncio.run(scenario())


def test_an_idle_template_ends_and_the_next_start_makes_another(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            yard.executor = yard.another(idle=0.3)
            _, record = await yard.start(["sleep", "0.6"])
            assert record.template is not None
            template = record.template
            await yard.ended(yard.ref("job-1"))
            await eventually(lambda: not template.is_alive(), "the end of the template")
            assert list((root / "home/run").glob("*.sock")) == []
            _, second = await yard.start(["/bin/true"], "job-2")
            assert second.template != template
            await yard.ended(yard.ref("job-2"))

    asyncio.run(scenario())


def test_a_template_whose_socket_was_removed_ends_with_its_last_runner(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(until_file(root / "go", 0))
            assert record.template is not None
            print(f"kill -TERM {record.template.pid} (template)")
            os.kill(record.template.pid, 15)
            await eventually(lambda: not list((root / "home/run").glob("*.sock")), "the socket being removed")
            assert record.template.is_alive()
            (root / "go").touch()
            assert (await yard.ended(ref)).status == "completed"
            await eventually(lambda: not record.template.is_alive(), "the end of the template")

    asyncio.run(scenario())


def test_a_home_with_a_very_long_path_works(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root / ("d" * 100) / ("e" * 100)) as yard:
            yard.home.mkdir(parents=True)
            assert (await yard.run(["/bin/true"])).status == "completed"

    asyncio.run(scenario())


def test_a_fork_bomb_of_short_lived_daemons_is_stopped(root: Path) -> None:
    source = (
        "import os, time\n"
        "while True:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(0.5); os._exit(0)\n"
        "        os._exit(0)\n"
        "    os.wait(); time.sleep(0.01)\n"
    )

    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(source))
            assert record.process is not None
            children = Path(f"/proc/{record.runner.pid}/task/{record.runner.pid}/children")
            await eventually(lambda: len(children.read_text().split()) > 10, "orphans", state=children.read_text)
            await yard.executor.stop(ref, CANCEL, 0.1)
            assert (await yard.ended(ref)).status == "cancelled"
            tagged = "import os, time\nwhile True"
            left = [folder.name for folder in Path("/proc").glob("[0-9]*") if tagged in command(folder.name)]
            assert left == []

    asyncio.run(scenario())


def command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
