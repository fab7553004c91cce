"""The routes of jobs, the machine and uploads, against a running server."""

from __future__ import annotations

import json
import os
import stat
import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.serving import LiveServer, below, until
from trackside import models
from trackside.models.job import DryRun

_FULL = os.cpu_count() or 1


def _error(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    found: dict[str, str] = answer.json()["error"]
    assert found["code"] == code, found
    return found


def _together(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Make all calls at the same time."""
    start = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def one(index: int) -> None:
        start.wait()
        answers[index] = calls[index]()

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def _folders(server: LiveServer) -> set[str]:
    return {path.name for path in (server.place.home / "runs").iterdir()}


# Submit


def test_a_submission_is_answered_with_the_job_and_its_folder_is_there(live: LiveServer) -> None:
    answer = live.post(
        "jobs", json={"command": ["sleep", "0"], "name": "first", "tags": ["a"], "workdir": "/tmp", "time": "2m"}
    )
    assert answer.status_code == 201
    job = msgspec.json.decode(answer.content, type=models.Job)
    assert (job.id, job.name, job.run_id) == (f"job-{job.id[4:]}", "first", job.id)
    assert (job.spec.time, job.spec.tags, job.spec.workdir) == (120.0, ["a"], "/tmp")
    assert {"name": "time", "value": 120.0, "enforced": True, "by": "runner"} in answer.json()["limits"]
    folder = Path(job.run_dir)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    written = json.loads((folder / "job.json").read_text())
    assert (written["id"], written["uuid"], written["command"]) == (job.id, job.uuid, ["sleep", "0"])
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["run_id"], meta["id"], meta["job_id"], meta["name"]) == (job.id, job.id, job.id, "first")
    live.ended(job.id)


def test_a_list_is_taken_whole_and_in_order(live: LiveServer) -> None:
    answer = live.post("jobs", json=[{"command": ["/bin/true"], "name": f"of-list-{n}"} for n in range(4)])
    assert answer.status_code == 201
    assert [job["name"] for job in answer.json()] == [f"of-list-{n}" for n in range(4)]
    numbers = [int(job["id"][4:]) for job in answer.json()]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    for job in answer.json():
        assert live.ended(job["id"])["status"] == "completed"


def test_of_a_list_with_one_bad_job_nothing_is_made(live: LiveServer) -> None:
    before, folders = live.get("jobs").json()["counts"], _folders(live)
    good: dict[str, Any] = {"command": ["/bin/true"]}
    for bad in ({"command": ["/bin/true"], "memory": "8X"}, {"script": "/no/such/file.py"}, "no object", {}):
        error = _error(live.post("jobs", json=[good, good, bad]), 400, _code_of(bad))
        assert error["message"].startswith("Job 3 of 3:"), error
    assert sum(live.get("jobs").json()["counts"].values()) == sum(before.values())
    assert _folders(live) == folders


def _code_of(bad: object) -> str:
    return "missing_file" if isinstance(bad, dict) and "script" in bad else "invalid_input"


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(live: LiveServer) -> None:
    before, folders = sum(live.get("jobs").json()["counts"].values()), _folders(live)
    answer = live.post("jobs", params={"dry_run": 1}, json={"command": "echo", "memory": "1G", "cpus": 1})
    assert answer.status_code == 200
    said = msgspec.json.decode(answer.content, type=DryRun)
    assert (said.spec.memory, said.explanation.status) == (2**30, "pending")
    assert {limit.name for limit in said.limits} >= {"memory"}
    _error(live.post("jobs", params={"dry_run": 1}, json={"command": "echo", "memory": 1.5}), 400, "invalid_input")
    _error(live.post("jobs", params={"dry_run": 1}, json=[{"command": "echo"}]), 400, "invalid_input")
    _error(live.post("jobs", params={"dry_run": "maybe"}, json={"command": "echo"}), 400, "invalid_input")
    assert sum(live.get("jobs").json()["counts"].values()) == before
    assert _folders(live) == folders


def test_dry_run_0_is_a_submission(live: LiveServer) -> None:
    answer = live.post("jobs", params={"dry_run": 0}, json={"command": ["/bin/true"]})
    assert answer.status_code == 201
    live.ended(answer.json()["id"])


def test_the_same_key_makes_the_same_jobs_only_once(live: LiveServer) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = live.post("jobs", json=[{"command": ["/bin/true"]}] * 2, headers=headers)
    again = live.post("jobs", json=[{"command": ["/bin/true"]}] * 2, headers=headers)
    assert [job["id"] for job in again.json()] == [job["id"] for job in first.json()]
    for job in first.json():
        live.ended(job["id"])
        assert live.request("DELETE", f"jobs/{job['id']}").status_code == 204
    _error(live.post("jobs", json={"command": ["/bin/true"]}, headers=headers), 409, "conflict")


def test_two_requests_with_one_key_at_the_same_time_make_one_job(live: LiveServer) -> None:
    for number in range(5):
        staging = _stage(live, "value")
        body = {"cell": "pass", "staging": staging, "name": f"once-{number}"}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answers = _together(*[partial(live.post, "jobs", json=body, headers=headers)] * 3)
        assert [answer.status_code for answer in answers] == [201, 201, 201], [answer.text for answer in answers]
        assert len({answer.json()["id"] for answer in answers}) == 1
        found = live.get("jobs", params={"name": f"once-{number}"}).json()["jobs"]
        assert len(found) == 1
        live.post(f"jobs/{found[0]['id']}/cancel")


def _stage(server: LiveServer, content: str) -> str:
    staging = uuid.uuid4().hex
    answer = server.request("PUT", f"uploads/{staging}/a.pkl", content=content.encode())
    assert answer.status_code == 204, answer.text
    return staging


def test_secrets_are_answered_and_written_by_name_alone(live: LiveServer) -> None:
    job = live.submit(command='printf %s "$KEY" | wc -c', secrets={"KEY": "hush-hush"})
    assert job["spec"]["secrets"] == ["KEY"]
    assert live.ended(job["id"])["status"] == "completed"
    assert live.get(f"jobs/{job['id']}/log").text == "9\n"
    for path in below(live.place.home):
        if path.is_file():
            assert b"hush-hush" not in path.read_bytes(), path
    error = _error(live.post(f"jobs/{job['id']}/retry"), 400, "secrets_needed")
    assert "KEY" in error["message"]
    assert live.post(f"jobs/{job['id']}/retry", json={"secrets": {"KEY": "hush-hush"}}).status_code == 201
    assert live.ended(job["id"])["attempt"] == 2


# One job


def test_a_job_is_found_by_id_number_and_name(live: LiveServer) -> None:
    job = live.ended(live.submit(command=["/bin/true"], name="found by 3 ways")["id"])
    for text in (job["id"], job["id"][4:], "found by 3 ways", "found%20by%203%20ways"):
        assert live.job(text)["uuid"] == job["uuid"]
    error = _error(live.get("jobs/found by 3 way"), 404, "job_not_found")
    assert "'found by 3 ways'" in error["hint"]


def test_of_several_jobs_with_one_name_whoever_looks_gets_the_newest(live: LiveServer) -> None:
    jobs = [live.ended(live.submit(command=["echo", str(n)], name="twins")["id"]) for n in range(2)]
    assert live.job("twins")["id"] == jobs[1]["id"]
    assert live.get("jobs/twins/log").text == "1\n"
    assert live.get("runs/twins").json()["id"] == jobs[1]["id"]


def test_of_several_jobs_with_one_name_a_verb_takes_the_only_one_that_it_can_be_about(live: LiveServer) -> None:
    ended = live.ended(live.submit(command=["/bin/true"], name="namesake")["id"])
    running = live.submit(command=["sleep", "60"], name="namesake", grace=0)
    assert live.post("jobs/namesake/retry").json()["id"] == ended["id"]
    live.ended(ended["id"])
    assert live.post("jobs/namesake/cancel").json()["id"] == running["id"]
    live.ended(running["id"])
    for answer in (live.post("jobs/namesake/retry"), live.request("DELETE", "jobs/namesake")):
        error = _error(answer, 404, "ambiguous_name")
        assert ended["id"] in error["message"]
        assert running["id"] in error["message"]
        assert error["hint"]
    _error(live.post("jobs/namesake/cancel"), 409, "already_ended")


@pytest.mark.parametrize("text", ["job-0", "0", "job-999999999", "-1", "nobody", "job-", "9" * 30, "%00", "a%2Fb"])
def test_what_is_no_job_is_not_found(live: LiveServer, text: str) -> None:
    _error(live.get(f"jobs/{text}"), 404, "job_not_found")
    _error(live.post(f"jobs/{text}/cancel"), 404, "job_not_found")
    _error(live.request("DELETE", f"jobs/{text}"), 404, "job_not_found")


def test_what_still_runs_is_neither_deleted_nor_retried(live: LiveServer) -> None:
    job = live.submit(command=["sleep", "60"], grace=0)
    live.running(job["id"])
    assert "running" in _error(live.request("DELETE", f"jobs/{job['id']}"), 409, "not_ended")["message"]
    assert "running" in _error(live.request("DELETE", f"runs/{job['id']}"), 409, "not_ended")["message"]
    _error(live.post(f"jobs/{job['id']}/retry"), 409, "not_ended")
    assert live.post(f"jobs/{job['id']}/cancel").status_code == 202
    live.ended(job["id"])


def test_two_retries_at_the_same_time_begin_one_attempt(live: LiveServer, tmp_path: Path) -> None:
    slow_again = (
        "test -e before && sleep 3; touch before; exit 3"  # over before the last retry is heard, it could be retried
    )
    job = live.ended(live.submit(command=slow_again, workdir=str(tmp_path))["id"])
    retry = [lambda: live.post(f"jobs/{job['id']}/retry")] * 4
    assert sorted(answer.status_code for answer in _together(*retry)) == [201, 409, 409, 409]
    until(lambda: live.job(job["id"])["status"] == "failed", "the second attempt")
    assert live.job(job["id"])["attempt"] == 2


def test_a_retry_refuses_what_it_cannot_change(live: LiveServer) -> None:
    job = live.ended(live.submit(command="exit 3")["id"])
    _error(live.post(f"jobs/{job['id']}/retry", json={"name": "other"}), 400, "unknown_field")
    _error(live.post(f"jobs/{job['id']}/retry", json={"gpus": 1}), 400, "no_gpus")
    _error(live.post(f"jobs/{job['id']}/retry", json={"cpus": 4000}), 400, "too_many_cpus")
    _error(live.post(f"jobs/{job['id']}/retry", json={"environment": ["A=b"]}), 400, "invalid_input")
    _error(live.post(f"jobs/{job['id']}/retry", json=[]), 400, "invalid_input")
    assert live.job(job["id"])["status"] == "failed"


def test_a_job_that_could_not_start_starts_at_its_retry(live: LiveServer, tmp_path: Path) -> None:
    program = tmp_path / "program"
    job = live.ended(live.submit(command=[str(program)])["id"])
    assert (job["status"], job["reason"]["code"]) == ("failed", "start_failed")
    program.write_text("#!/bin/sh\necho here now\n")
    program.chmod(0o700)
    assert live.post(f"jobs/{job['id']}/retry").status_code == 201
    again = until(lambda: (now := live.job(job["id"]))["status"] in models.FINAL and now, "the second attempt")
    assert (again["status"], again["attempt"]) == ("completed", 2), again
    assert live.get(f"jobs/{job['id']}/log").text == "here now\n"


def test_meta_json_says_what_rest_says_however_a_job_ended(live: LiveServer) -> None:
    ended = [
        live.ended(live.submit(command=["/bin/true"])["id"]),
        live.ended(live.submit(command=["no-such-program-here"])["id"]),
        live.ended(live.submit(command="kill -9 $$")["id"]),
    ]
    blocking = live.submit(command=["sleep", "60"], cpus=_FULL, grace=0)
    waiting = live.submit(command=["/bin/true"], cpus=_FULL)
    live.post(f"jobs/{waiting['id']}/cancel")
    live.post(f"jobs/{blocking['id']}/cancel")
    ended += [live.ended(waiting["id"]), live.ended(blocking["id"])]
    assert [job["status"] for job in ended] == ["completed", "failed", "failed", "cancelled", "cancelled"]
    for job in ended:
        meta = _meta_when(job, job["status"])
        assert (meta["reason"], meta["exit_code"]) == (job["reason"], job["exit_code"])


def _meta_when(job: dict[str, Any], status: str) -> dict[str, Any]:
    return until(lambda: (meta := _meta(job))["status"] == status and meta, f"{status} in meta.json: {_meta(job)}")


def _meta(job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(job["run_dir"], "meta.json").read_text())
    return found


# Lists


def test_pages_neither_repeat_nor_leave_out_while_jobs_are_added(live: LiveServer) -> None:
    tag = uuid.uuid4().hex
    made = [live.submit(command=["/bin/true"], tags=[tag])["id"] for _ in range(7)]
    seen, cursor = [], None
    for _ in range(4):
        page = live.get("jobs", params={"tag": tag, "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [job["id"] for job in page["jobs"]]
        cursor = page["next"]
        live.submit(command=["/bin/true"], tags=[tag])
    assert cursor is None
    assert seen == made[::-1]


def test_jobs_are_filtered_by_status_tag_and_name(live: LiveServer) -> None:
    tag = uuid.uuid4().hex
    good = live.ended(live.submit(command=["/bin/true"], tags=[tag, "x"], name="filtered-good")["id"])
    bad = live.ended(live.submit(command=["/bin/false"], tags=[tag], name="filtered-bad")["id"])

    def ids(**params: str) -> list[str]:
        return [job["id"] for job in live.get("jobs", params={"tag": tag, **params}).json()["jobs"]]

    assert ids() == [bad["id"], good["id"]]
    assert ids(status="failed") == [bad["id"]]
    assert ids(status="failed, completed") == [bad["id"], good["id"]]
    assert ids(status="running") == []
    assert ids(name="filtered-good") == [good["id"]]
    assert ids(name="FILTERED-*") == [bad["id"], good["id"]]


@pytest.mark.parametrize("what", ["jobs", "runs"])
@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "many"},
        {"limit": -1},
        {"status": "runing"},
        {"cursor": "!"},
        {"cursor": "e30"},
    ],
)
def test_a_list_refuses_what_it_cannot_read(live: LiveServer, what: str, params: dict[str, Any]) -> None:
    answer = live.get(what, params=params)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert str(next(iter(params))) in error["message"], error
    if "status" in params:
        assert "'running'" in error["hint"]


def test_counts_are_of_the_whole_home(live: LiveServer) -> None:
    live.ended(live.submit(command=["/bin/true"])["id"])
    page = live.get("jobs", params={"limit": 1}).json()
    assert len(page["jobs"]) == 1
    assert set(page["counts"]) == set(models.STATUSES)
    assert page["counts"]["completed"] >= 1


# Waiting


def test_a_waiting_job_names_who_is_in_its_way(live: LiveServer) -> None:
    first = live.submit(command=["sleep", "60"], cpus=_FULL, grace=0, name="in the way", time="1h")
    live.running(first["id"])
    second = live.submit(command=["/bin/true"], cpus=_FULL)
    third = live.submit(command=["/bin/true"], cpus=1)
    said = msgspec.json.decode(live.get(f"jobs/{third['id']}/explain").content, type=models.Explanation)
    assert [blocker.code for blocker in said.blockers] == ["cpus", "order"]
    assert f"in the way ({first['id']}) until " in said.message
    assert "1 job before it in the queue" in said.message
    assert live.job(second["id"])["message"].startswith(f"needs {_FULL} CPU")
    listed = {job["id"]: job["message"] for job in live.get("jobs").json()["jobs"]}
    assert listed[third["id"]] == said.message
    live.post(f"jobs/{first['id']}/cancel")
    assert live.ended(second["id"])["finished_at"] <= live.ended(third["id"])["finished_at"]
    assert live.get(f"jobs/{third['id']}/explain").json()["blockers"] == []


def test_a_more_urgent_job_goes_first(live: LiveServer) -> None:
    first = live.submit(command=["sleep", "60"], cpus=_FULL, grace=0)
    live.running(first["id"])
    usual = live.submit(command=["/bin/true"], cpus=_FULL)
    urgent = live.submit(command=["/bin/true"], cpus=_FULL, priority=5)
    live.post(f"jobs/{first['id']}/cancel")
    assert live.ended(urgent["id"])["finished_at"] <= live.ended(usual["id"])["started_at"]


# The machine


def test_health_system_and_gpus_are_what_their_models_say(live: LiveServer) -> None:
    health = msgspec.json.decode(live.get("health").content, type=models.Health)
    assert (health.ok, health.pid, health.schedules, health.home) == (True, live.pid, True, str(live.place.home))
    sample = msgspec.json.decode(live.get("system").content, type=models.SystemSample)
    assert 0 < sample.memory_used < sample.memory_total
    assert 0 <= sample.cpu_percent <= 100
    assert set(sample.jobs) == set(models.STATUSES)
    report = msgspec.json.decode(live.get("gpus").content, type=models.GpuReport)
    assert report.gpus or report.message


# Uploads


def test_a_file_is_carried_in_piece_by_piece_and_lands_in_the_job(live: LiveServer) -> None:
    staging = uuid.uuid4().hex
    pieces = [os.urandom(70_000) for _ in range(3)]
    place = 0
    for piece in pieces:
        answer = live.request("PUT", f"uploads/{staging}/deep/er/a.bin", params={"offset": place}, content=piece)
        assert answer.status_code == 204, answer.text
        place = int(answer.headers["X-Trackside-Next"])
        again = live.request("PUT", f"uploads/{staging}/deep/er/a.bin", params={"offset": place - 5}, content=b"twice")
        assert f"Go on from {place}" in _error(again, 409, "conflict")["hint"]
    job = live.submit(command='cat "$TRACKSIDE_RUN_DIR"/inputs/deep/er/a.bin', staging=staging)
    assert live.ended(job["id"])["status"] == "completed"
    assert live.get(f"jobs/{job['id']}/log").content == b"".join(pieces)
    assert not (live.place.home / "staging" / staging).exists()


def test_pieces_sent_at_the_same_time_land_once(live: LiveServer) -> None:
    staging = uuid.uuid4().hex
    live.request("PUT", f"uploads/{staging}/a", content=b"begin")
    piece = [lambda: live.request("PUT", f"uploads/{staging}/a", params={"offset": 5}, content=b"x" * 1000)] * 4
    assert sorted(answer.status_code for answer in _together(*piece)) == [204, 409, 409, 409]
    assert (live.place.home / "staging" / staging / "a").stat().st_size == 1005


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e/x",
        "a/%2e%2e/%2e%2e/x",
        "..%2fx",
        "%2fetc%2fx",
        "a%00b",
        "link/x",
        "n" * 300,
        "file/below",
        "folder",
        "link",
    ],
)
def test_an_upload_stays_below_its_folder(live: LiveServer, path: str, tmp_path: Path) -> None:
    staging = uuid.uuid4().hex
    folder = live.place.home / "staging" / staging
    (folder / "folder").mkdir(parents=True)
    (folder / "file").touch()
    (folder / "link").symlink_to(tmp_path)
    answer = live.request("PUT", f"uploads/{staging}/{path}", content=b"x")
    assert answer.status_code in {400, 404}, answer.text
    assert not list(tmp_path.iterdir())
    assert not (folder.parent / "x").exists()


@pytest.mark.parametrize("staging", ["short", "UPPER-CASE-NAME", "with%2fslash-1", "..........", "x" * 65])
def test_a_staging_folder_has_a_plain_name(live: LiveServer, staging: str) -> None:
    _error(live.request("PUT", f"uploads/{staging}/a", content=b"x"), 400, "invalid_input")


def test_what_was_staged_is_kept_when_the_submission_is_refused(live: LiveServer) -> None:
    staging = _stage(live, "precious")
    live_one = {"cell": "pass", "staging": staging}
    _error(live.post("jobs", json={**live_one, "memory": "lots"}), 400, "invalid_input")
    _error(live.post("jobs", json=[live_one, live_one]), 400, "missing_staging")
    assert (live.place.home / "staging" / staging / "a.pkl").read_text() == "precious"
    job = live.submit(**live_one)
    assert live.ended(job["id"])["status"] == "completed", live.get(f"jobs/{job['id']}/log").text
    _error(live.post("jobs", json=live_one), 400, "missing_staging")


def test_lines_of_a_log_are_searched_from_its_end(live: LiveServer) -> None:
    job = live.ended(live.submit(command="for n in 1 2 3; do echo loss $n; echo done; done; echo LOSS")["id"])
    first = live.get(f"jobs/{job['id']}/log/search", params={"text": "loss", "limit": 2}).json()
    assert [match["line"] for match in first["matches"]] == ["loss 3", "loss 2"]
    again = {"text": "loss", "before": first["next"]}
    rest = live.get(f"jobs/{job['id']}/log/search", params=again).json()
    assert ([match["line"] for match in rest["matches"]], rest["next"]) == (["loss 1"], None)
    both = live.get(f"jobs/{job['id']}/log/search", params={"text": "loss", "limit": 1, "ignore_case": 1}).json()
    assert both["matches"][0]["line"] == "LOSS"
    _error(live.get(f"jobs/{job['id']}/log/search"), 400, "invalid_input")
    _error(live.get(f"jobs/{job['id']}/log/search", params={"text": "x", "before": -1}), 400, "invalid_input")
    _error(live.get("jobs/nobody/log/search", params={"text": "x"}), 404, "job_not_found")
