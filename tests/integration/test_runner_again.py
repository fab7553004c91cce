"""A runner takes another order as soon as its attempt is over, unless it held something that must not outlive it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.running import PLAIN, Yard, eventually, kill, python
from trackside.tracking import read_meta


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path


def test_one_runner_looks_after_one_attempt_after_the_other(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            runners = set()
            for number in range(5):
                ref, record = await yard.start(["sh", "-c", f"echo {number}; exit {number}"], f"job-{number}")
                how = await yard.ended(ref)
                assert (how.exit_code, ref.folder.log.read_text()) == (number, f"{number}\n")
                assert read_meta(ref.run_dir)["status"] == how.status
                runners.add(record.runner.pid)
            assert len(runners) == 1

    asyncio.run(scenario())


def test_a_long_queue_wears_no_runner_out(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            runners = []
            for number in range(40):
                ref, record = await yard.start(["/bin/true"], f"job-{number}")
                assert (await yard.ended(ref)).exit_code == 0
                runners.append(record.runner.pid)
            assert 3 <= len(set(runners)) <= 6

    asyncio.run(scenario())


def test_a_runner_that_knew_a_secret_takes_no_other_order(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, first = await yard.start(
                ["/bin/true"], environment={**PLAIN, "KEY": "a-long-secret"}, secrets=("KEY",)
            )
            await yard.ended(ref)
            await eventually(lambda: not first.runner.is_alive(), "the end of a runner that knew a secret")
            _, second = await yard.start(["/bin/true"], "job-2")
            assert second.runner.pid != first.runner.pid

    asyncio.run(scenario())


def test_a_runner_that_nobody_needs_ends_and_the_next_job_gets_another(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, first = await yard.start(["/bin/true"])
            await yard.ended(ref)
            await eventually(lambda: not first.runner.is_alive(), "the end of an idle runner", seconds=5)
            assert (await yard.run(["sh", "-c", "exit 3"], "job-2")).exit_code == 3

    asyncio.run(scenario())


def test_an_idle_runner_that_is_killed_costs_the_next_job_nothing(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, first = await yard.start(["/bin/true"])
            await yard.ended(ref)
            await kill(first.runner, "an idle runner")
            assert (await yard.run(["sh", "-c", "exit 3"], "job-2")).exit_code == 3

    asyncio.run(scenario())


def test_the_exit_of_a_later_attempt_is_not_taken_for_that_of_an_earlier_one(root: Path) -> None:
    """What the runner told the template of the first job must be forgotten when it is killed over the second."""

    async def scenario() -> None:
        async with Yard(root) as yard:
            first, _ = await yard.start(["sh", "-c", "exit 5"])
            assert (await yard.ended(first)).exit_code == 5
            source = f"import os, time\nwhile not os.path.exists({str(root / 'go')!r}): time.sleep(0.01)\nraise SystemExit(7)"
            second, record = await yard.start(python(source), "job-2")
            await kill(record.runner, "the runner of the second job")
            (root / "go").touch()
            assert (await yard.ended(second)).exit_code == 7

    asyncio.run(scenario())


def test_a_runner_without_its_template_takes_no_other_order(root: Path) -> None:
    """Nobody would take over the next job, should this runner be killed too."""

    async def scenario() -> None:
        async with Yard(root) as yard:
            first, record = await yard.start(["sh", "-c", f"while [ ! -e {root}/go ]; do sleep 0.02; done"])
            await kill(record.template, "the template")
            (root / "go").touch()
            await yard.ended(first)
            second, other = await yard.start(["sh", "-c", "exit 4"], "job-2")
            assert other.template is not None
            assert other.template.is_alive()
            assert (await yard.ended(second)).exit_code == 4

    asyncio.run(scenario())


def test_a_job_whose_exception_holds_half_a_character_ends(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref = yard.ref("job-1")
            ref.folder.results.mkdir()
            left = '{"type": "ValueError", "message": "\\udc80"}'
            await yard.start(["sh", "-c", f"echo '{left}' > {ref.folder.results}/exception.json; exit 1"])
            how = await yard.ended(ref)
            assert how.reason is not None
            assert how.reason.message.endswith("ValueError: ?")

    asyncio.run(scenario())
