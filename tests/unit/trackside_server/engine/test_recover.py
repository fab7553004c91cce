"""What is swept away: leftovers of submits and deletes that were cut short, and nothing that may still be wanted."""

import asyncio
import json
import os
import time
from types import SimpleNamespace

import pytest

from trackside_server.engine.board import Board
from trackside_server.engine.recover import sweep

OLD = time.time() - 3600


@pytest.fixture
def home(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "staging").mkdir()
    return tmp_path


def folder(home, name, *, age=3600.0, status="pending", attempted=False):
    path = home / "runs" / name
    (path / "attempts").mkdir(parents=True)
    if attempted:
        (path / "attempts" / "1.json").write_text("{}")
    if status is not None:
        (path / "meta.json").write_text(json.dumps({"status": status}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def swept(home, known=(), board=()):
    async def query(ask):
        return ask(SimpleNamespace(job=lambda name: object() if name in known else None))

    core = SimpleNamespace(home=home, board=Board(), query=query)
    for record in board:
        core.board.put(record)
    asyncio.run(sweep(core))
    return sorted(path.name for path in (home / "runs").iterdir())


def test_a_folder_of_a_job_that_nobody_knows_and_that_never_began_goes(home):
    folder(home, "job-1")
    folder(home, "job-2", status=None)
    assert swept(home) == []


def test_a_folder_that_may_be_a_submission_under_way_stays(home):
    folder(home, "job-1", age=5)
    assert swept(home) == ["job-1"]


def test_what_the_store_or_the_board_knows_stays(home, job):
    for number in (1, 2):
        folder(home, f"job-{number}")
    assert swept(home, known={"job-1"}, board=[job(2)]) == ["job-1", "job-2"]


def test_what_ever_began_or_ended_stays(home):
    folder(home, "job-1", attempted=True)
    folder(home, "job-2", status="completed")
    assert swept(home) == ["job-1", "job-2"]


def test_runs_without_a_job_and_what_is_not_ours_stay(home):
    for name in ("local-20261122-093000-k3f9x2", "7", "notes"):
        folder(home, name)
    assert swept(home) == ["7", "local-20261122-093000-k3f9x2", "notes"]


def test_what_a_delete_left_goes_whatever_its_age(home):
    folder(home, ".trash-job-1-77", age=1, status="completed")
    assert swept(home) == []


def test_values_that_nobody_came_for_go_after_a_week(home):
    for name, age in (("0" * 32, 8 * 86400), ("1" * 32, 3600)):
        (home / "staging" / name).mkdir()
        os.utime(home / "staging" / name, (time.time() - age,) * 2)
    swept(home)
    assert [path.name for path in (home / "staging").iterdir()] == ["1" * 32]


def test_a_home_without_any_folder_is_no_trouble(tmp_path):
    core = SimpleNamespace(home=tmp_path, board=Board(), query=None)

    async def query(ask):
        return ask(None)

    core.query = query
    asyncio.run(sweep(core))
    assert list(tmp_path.iterdir()) == []
