"""``meta.json`` says in the end what the store says, whoever was slow."""

import asyncio
from types import SimpleNamespace

import pytest

from trackside.tracking.folder import RunFolder
from trackside_server.engine.folder import lay_out, note_status
from trackside_server.engine.noted import note


@pytest.fixture
def made(tmp_path, job):
    (tmp_path / "runs").mkdir()
    record = job(1, run_dir=str(tmp_path / "runs/job-1"))
    lay_out(record, tmp_path, "h")
    return record


def core_of(*stored):
    """A server whose store answers these, one after another."""
    answers = list(stored)

    async def query(ask):
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return ask(SimpleNamespace(job=lambda _: found))

    return SimpleNamespace(query=query)


def test_what_another_wrote_meanwhile_is_put_back(made, job):
    """A retry notes ``pending`` late, when its attempt has failed and that was noted already."""
    ended = job(1, "failed", run_dir=made.run_dir)
    note_status(ended)
    asyncio.run(note(core_of(ended), made))
    assert RunFolder(made.run_dir).read_meta()["status"] == "failed"


def test_the_store_is_asked_again_until_it_agrees(made, job):
    later = [job(1, status, run_dir=made.run_dir) for status in ("running", "completed")]
    note_status(later[1])
    asyncio.run(note(core_of(*later), made))
    assert RunFolder(made.run_dir).read_meta()["status"] == "completed"


def test_a_file_that_says_so_already_asks_nobody(made):
    asyncio.run(note(SimpleNamespace(), made))


def test_a_job_that_was_deleted_meanwhile_needs_no_note(made, job):
    asyncio.run(note(core_of(None), job(1, "failed", run_dir=made.run_dir)))
