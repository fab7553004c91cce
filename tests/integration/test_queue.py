"""The queue with real jobs: dependencies, times, retries, a pause, limits of tags; over restarts of the server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.serving import LiveServer, Place, stop_templates, until
from trackside.client import Client

_OPTIONS = ("--TracksideApp.cpus=8", "--TracksideApp.retry_pause=0.2", "--TracksideApp.memory=4G")


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with short pauses between retries."""
    server = LiveServer(Place(tmp_path_factory.mktemp("queue")), options=_OPTIONS).start()
    yield server
    server.stop()
    stop_templates(server.place.home)


def _why(server: LiveServer, job: dict[str, object]) -> str:
    return str(server.get(f"jobs/{job['id']}/explain").json()["message"])


def _gate(folder: Path) -> list[str]:
    """A command that ends when the file is there; its content is the exit code."""
    return ["sh", "-c", f"until [ -s {folder}/gate ]; do sleep 0.02; done; exit $(cat {folder}/gate)"]


# Dependencies


def test_a_job_waits_for_another_by_name_and_starts_when_that_completed(queue: LiveServer, tmp_path: Path) -> None:
    first = queue.submit(command=_gate(tmp_path), name="baseline", time="1h")
    second = queue.submit(command=["/bin/true"], after="baseline")
    assert second["spec"]["after"] == [{"job": first["id"], "condition": "ok"}]
    queue.running(first["id"])
    said = _why(queue, second)
    assert said.startswith(f"waits for baseline ({first['id']}) to complete; it is running, until "), said
    (tmp_path / "gate").write_text("0")
    ended = queue.ended(second["id"])
    assert ended["status"] == "completed"
    assert ended["started_at"] >= queue.job(first["id"])["finished_at"]


def test_a_failure_is_handed_on_to_all_who_wait_for_success(queue: LiveServer, tmp_path: Path) -> None:
    first = queue.submit(command=_gate(tmp_path), name="root")
    second = queue.submit(command=["/bin/true"], after=[first["id"]], name="middle")
    third = queue.submit(command=["/bin/true"], after=second["id"][4:])
    cleanup = queue.submit(command=["/bin/true"], after=f"{first['id']}:failed")
    always = queue.submit(command=["/bin/true"], after=[f"{first['id']}:any"])
    (tmp_path / "gate").write_text("3")
    reasons = [queue.ended(job["id"])["reason"] for job in (second, third)]
    assert [reason["code"] for reason in reasons] == ["dependency_failed"] * 2
    assert reasons[0]["message"] == f"root ({first['id']}), which it waited for, failed: ended with exit code 3"
    assert f"middle ({second['id']})" in reasons[1]["message"]
    assert [queue.ended(job["id"])["status"] for job in (cleanup, always)] == ["completed"] * 2
    meta = json.loads(Path(second["run_dir"], "meta.json").read_text())
    assert (meta["status"], meta["reason"]["code"]) == ("failed", "dependency_failed")


def test_a_job_that_has_ended_is_judged_at_once(queue: LiveServer) -> None:
    good, bad = (queue.ended(queue.submit(command=[f"/bin/{word}"])["id"]) for word in ("true", "false"))
    assert queue.ended(queue.submit(command=["/bin/true"], after=good["id"])["id"])["status"] == "completed"
    assert queue.ended(queue.submit(command=["/bin/true"], after=bad["id"])["id"])["status"] == "failed"
    unmet = queue.ended(queue.submit(command=["/bin/true"], after=f"{good['id']}:failed")["id"])
    assert "completed, and it waited for its failure" in unmet["reason"]["message"]


def test_an_unknown_job_to_wait_for_is_refused_with_the_near_names(queue: LiveServer) -> None:
    queue.submit(command=["/bin/true"], name="preparation")
    answer = queue.post("jobs", json={"command": ["/bin/true"], "after": "preparatio", "workdir": "/tmp"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unknown_dependency"
    assert "'preparation'" in answer.json()["error"]["hint"]


def test_a_job_that_others_wait_for_is_not_deleted_and_its_cancel_ends_them(queue: LiveServer, tmp_path: Path) -> None:
    first = queue.submit(command=_gate(tmp_path), grace=0)
    held = queue.submit(command=["/bin/true"], after=[f"{first['id']}:any"], at="+1h")
    second = queue.submit(command=["/bin/true"], after=first["id"])
    queue.post(f"jobs/{first['id']}/cancel")
    assert "was cancelled" in queue.ended(second["id"])["reason"]["message"]
    refused = queue.request("DELETE", f"jobs/{first['id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "awaited")
    queue.post(f"jobs/{held['id']}/cancel")
    queue.ended(held["id"])
    assert queue.request("DELETE", f"jobs/{first['id']}").status_code == 204


def test_a_dry_run_says_what_it_would_wait_for(queue: LiveServer, tmp_path: Path) -> None:
    first = queue.submit(command=_gate(tmp_path), grace=0)
    fields = {"command": ["/bin/true"], "after": first["id"], "workdir": "/tmp"}
    said = queue.post("jobs?dry_run=1", json=fields).json()["explanation"]["message"]
    assert said.startswith(f"waits for {first['id']} to complete"), said
    queue.post(f"jobs/{first['id']}/cancel")


# Times


def test_a_job_starts_by_itself_when_its_time_has_come(queue: LiveServer) -> None:
    at = datetime.now(UTC) + timedelta(seconds=2)
    job = queue.submit(command=["/bin/true"], at=at.isoformat())
    assert job["status"] == "scheduled"
    assert _why(queue, job).startswith(f"starts at {at.astimezone():%H:%M}, in ")
    ended = queue.ended(job["id"])
    assert ended["status"] == "completed"
    assert datetime.fromisoformat(ended["started_at"]) >= at


def test_a_time_that_has_passed_is_now_and_a_scheduled_job_can_be_cancelled(queue: LiveServer) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    assert queue.ended(queue.submit(command=["/bin/true"], at=past.isoformat())["id"])["status"] == "completed"
    later = queue.submit(command=["/bin/true"], at="+2h")
    assert queue.post(f"jobs/{later['id']}/cancel").json()["status"] == "cancelled"


# Retries


def test_a_job_that_fails_is_started_again_by_itself_so_often_and_is_not_final_in_between(
    queue: LiveServer, tmp_path: Path
) -> None:
    command = ["sh", "-c", f"echo try; echo x >> {tmp_path}/tries; [ $(wc -l < {tmp_path}/tries) -ge 3 ]"]
    with queue.events("events") as stream:
        job = queue.submit(command=command, retries=5)
        statuses: list[str] = []
        for kind, _, data in stream:
            if kind == "event" and data["type"] == "job" and data["job"]["id"] == job["id"]:
                statuses.append(data["job"]["status"])
                if statuses[-1] in {"completed", "failed", "cancelled"}:
                    break
    ended = queue.job(job["id"])
    assert (ended["status"], ended["attempt"], ended["retried"]) == ("completed", 3, 2), ended
    assert statuses.count("scheduled") == 2
    assert "failed" not in statuses
    assert queue.get(f"jobs/{job['id']}/log").text == "try\ntry\ntry\n"
    offsets = [json.loads(Path(job["run_dir"], "attempts", f"{n}.json").read_text())["log_offset"] for n in (1, 2, 3)]
    assert offsets == [0, 4, 8]


def test_whoever_waits_or_follows_the_log_is_not_told_of_an_end_between_two_attempts(
    queue: LiveServer, tmp_path: Path
) -> None:
    command = ["sh", "-c", f"echo try; echo x >> {tmp_path}/tries; [ $(wc -l < {tmp_path}/tries) -ge 2 ]"]
    with Client(queue.url, queue.token) as client:
        job = client.jobs.submit({"command": command, "retries": 2, "workdir": "/tmp"})
        assert "".join(client.jobs.logs(job, follow=True)) == "try\ntry\n"
        ended = client.jobs.wait(job, timeout=60)
    assert (ended.status, ended.attempt) == ("completed", 2)


def test_after_the_last_retry_the_job_has_failed(queue: LiveServer) -> None:
    job = queue.ended(queue.submit(command=["sh", "-c", "exit 7"], retries=1)["id"])
    assert (job["status"], job["exit_code"], job["attempt"], job["retried"]) == ("failed", 7, 2, 1)
    assert job["reason"]["code"] == "exit_code"
    assert job["not_before"] is None


def test_neither_a_time_limit_nor_a_cancel_is_retried(queue: LiveServer) -> None:
    slow = queue.submit(command=["sleep", "60"], time=0.3, grace=0, retries=3)
    stopped = queue.submit(command=["sleep", "60"], grace=0, retries=3)
    queue.running(stopped["id"])
    queue.post(f"jobs/{stopped['id']}/cancel")
    assert [queue.ended(job["id"])["attempt"] for job in (slow, stopped)] == [1, 1]
    assert queue.job(slow["id"])["reason"]["code"] == "time_limit"


def test_a_job_that_waits_for_its_retry_says_so_and_can_be_cancelled(place: Place) -> None:
    server = LiveServer(place, options=("--TracksideApp.retry_pause=300",)).start()
    job = server.submit(command=["sh", "-c", "exit 1"], retries=2)
    until(lambda: server.job(job["id"])["status"] == "scheduled", f"the pause: {server.job(job['id'])}")
    assert _why(server, job).startswith("attempt 2 of 3 in 5 min: ended with exit code 1"), _why(server, job)
    assert json.loads(Path(job["run_dir"], "meta.json").read_text())["status"] == "scheduled"
    server.kill()
    server.start()
    assert server.job(job["id"])["status"] == "scheduled"
    assert server.post(f"jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    server.stop()


def test_a_secret_is_there_for_a_retry_and_gone_after_the_last(queue: LiveServer, tmp_path: Path) -> None:
    command = ["sh", "-c", f"echo $WORD >> {tmp_path}/words; [ $(wc -l < {tmp_path}/words) -ge 2 ]"]
    job = queue.ended(queue.submit(command=command, retries=2, secrets={"WORD": "xyzzy"})["id"])
    assert job["status"] == "completed"
    assert (tmp_path / "words").read_text() == "xyzzy\nxyzzy\n"
    refused = queue.post(f"jobs/{job['id']}/retry")
    assert refused.json()["error"]["code"] == "secrets_needed"


def test_a_retry_may_ask_for_more_and_keeps_the_log(queue: LiveServer) -> None:
    job = queue.ended(queue.submit(command=["sh", "-c", "echo once; exit 1"], memory="1G", cpus=1)["id"])
    answer = queue.post(f"jobs/{job['id']}/retry", json={"memory": "2G", "time": "1h", "priority": 5, "cpus": 2})
    assert answer.status_code == 201, answer.text
    again = queue.ended(job["id"])
    assert (again["attempt"], again["spec"]["memory"], again["spec"]["time"]) == (2, 2 << 30, 3600)
    written = json.loads(Path(job["run_dir"], "job.json").read_text())
    assert (written["memory"], written["cpus"], written["id"]) == (2 << 30, 2, job["id"])
    assert queue.get(f"jobs/{job['id']}/log").text == "once\nonce\n"
    too_much = queue.post(f"jobs/{job['id']}/retry", json={"memory": "64G"})
    assert (too_much.status_code, too_much.json()["error"]["code"]) == (400, "too_much_memory")


# The queue as a whole


def test_a_paused_queue_starts_nothing_and_says_so_also_after_a_restart(place: Place) -> None:
    server = LiveServer(place, options=_OPTIONS).start()
    with server.events("events") as stream:
        paused = server.post("queue/pause").json()
        event = next(data for kind, _, data in stream if kind == "event" and data["type"] == "queue")
    assert paused["paused"] is event["queue"]["paused"] is True
    assert server.post("queue/pause").json() == paused, "a second pause changes nothing"
    job = server.submit(command=["/bin/true"])
    assert _why(server, job).startswith("the queue is paused since "), _why(server, job)
    server.kill()
    server.start()
    assert server.get("queue").json() == paused
    assert server.job(job["id"])["status"] == "pending"
    assert "resume it with `trackside resume`" in server.get("jobs").json()["paused"]
    assert server.post("queue/resume").json()["paused"] is False
    assert server.ended(job["id"])["status"] == "completed"
    server.stop()


def test_a_waiting_job_is_put_before_another_and_starts_before_it(place: Place) -> None:
    server = LiveServer(place, options=("--TracksideApp.cpus=1",)).start()
    with Client(server.url, server.token) as client:
        holder = server.submit(command=["sleep", "600"], grace=0)
        server.running(holder["id"])
        first, second, third = (server.submit(command=["/bin/true"], name=name)["id"] for name in "abc")
        assert [(job.id, job.spec.priority) for job in client.jobs.move(third, before=first)] == [(third, 1)]
        assert json.loads(Path(server.job(third)["run_dir"], "job.json").read_text())["priority"] == 1
        assert [job.id for job in client.jobs.list(order="queue")] == [third, first, second]
        page = client.jobs.list(order="queue", limit=2)
        assert [job.id for job in page] == [third, first]
        assert [job.id for job in client.jobs.list(order="queue", cursor=page.next)] == [second]
        assert [job.id for job in client.jobs.list(order="queue", name="B*")] == [second]
        assert server.get("jobs", params={"order": "rank"}).status_code == 400
        assert [job.id for job in client.jobs.move("b", before=None)] == []
        assert server.post(f"jobs/{holder['id']}/move", json={"before": first}).json()["error"]["code"] == "not_waiting"
        assert server.post(f"jobs/{first}/move", json={}).status_code == 400
        server.post(f"jobs/{holder['id']}/cancel")
        began = [server.ended(job)["started_at"] for job in (third, first, second)]
    server.stop()
    assert began == sorted(began)


def test_a_pause_holds_for_every_server_of_the_home(place: Place) -> None:
    first = LiveServer(place, options=_OPTIONS).start()
    second = LiveServer(place, options=_OPTIONS).start()
    second.post("queue/pause")
    until(lambda: first.get("queue").json()["paused"], "the pause at the other server")
    job = second.submit(command=["/bin/true"])
    second.post("queue/resume")
    assert first.ended(job["id"])["status"] == "completed"
    second.stop()
    first.stop()


def test_a_tag_at_its_limit_holds_others_of_it_back_and_names_who_runs(queue: LiveServer, tmp_path: Path) -> None:
    limits = {"tag_limits": {"data": 1}}
    assert queue.request("PATCH", "queue", json=limits).json()["tag_limits"] == {"data": 1}
    first = queue.submit(command=_gate(tmp_path), tags=["data"])
    queue.running(first["id"])
    second = queue.submit(command=["/bin/true"], tags=["data"])
    other = queue.submit(command=["/bin/true"], tags=["else"])
    assert queue.ended(other["id"])["status"] == "completed"
    assert _why(queue, second).startswith(f"1 of 1 job tagged 'data' runs ({first['id']})"), _why(queue, second)
    (tmp_path / "gate").write_text("0")
    assert queue.ended(second["id"])["started_at"] >= queue.ended(first["id"])["finished_at"]
    assert queue.request("PATCH", "queue", json={"tag_limits": {"data": None}}).json()["tag_limits"] == {}
    refused = queue.request("PATCH", "queue", json={"tag_limits": {"data": -1}})
    assert refused.status_code == 400
    half = queue.request("PATCH", "queue", content=b'{"tag_limits": {"\\ud800": 1}}')
    assert (half.status_code, half.json()["error"]["code"]) == (400, "invalid_input")


def test_memory_that_was_asked_for_is_counted(queue: LiveServer, tmp_path: Path) -> None:
    first = queue.submit(command=_gate(tmp_path), memory="3G", time="1h")
    queue.running(first["id"])
    second = queue.submit(command=["/bin/true"], memory="2G")
    said = _why(queue, second)
    assert "needs 2.0 GB of memory, 1.0 GB of 4.0 GB are free" in said, said
    assert "; starts at " in said
    assert queue.get(f"jobs/{second['id']}/explain").json()["starts_about"] is not None
    (tmp_path / "gate").write_text("0")
    assert queue.ended(second["id"])["status"] == "completed"


def test_dependencies_and_times_live_through_a_killed_server(place: Place, tmp_path: Path) -> None:
    server = LiveServer(place, options=_OPTIONS).start()
    done = server.ended(server.submit(command=["/bin/true"])["id"])
    first = server.submit(command=_gate(tmp_path))
    server.running(first["id"])
    second = server.submit(command=["/bin/true"], after=[first["id"], done["id"]])
    soon = server.submit(command=["/bin/true"], at="+2s")
    server.kill()
    (tmp_path / "gate").write_text("0")
    server.start()
    assert [server.ended(job["id"])["status"] for job in (second, soon)] == ["completed"] * 2
    assert [server.job(job["id"])["attempt"] for job in (first, second, soon)] == [1, 1, 1]
    server.stop()


@pytest.mark.parametrize("requeue", [True, False])
def test_after_a_restart_of_the_machine_a_job_is_queued_again_where_asked(place: Place, requeue: bool) -> None:
    server = LiveServer(place, options=_OPTIONS).start()
    job = server.running(server.submit(command=["sleep", "600"], requeue=requeue)["id"])
    path = Path(job["run_dir"], "attempts", "1.json")
    record = json.loads(path.read_text())
    server.kill()
    for role in ("runner", "template", "process"):  # everything dies with the machine
        _end(record[role]["pid"])
        record[role]["boot_id"] = "0" * 36
    path.write_text(json.dumps(record))
    server.start()
    if requeue:
        again = until(
            lambda: (found := server.job(job["id"]))["attempt"] == 2 and found["status"] == "running" and found,
            f"the second attempt: {server.job(job['id'])}",
        )
        assert again["retried"] == 0
        server.post(f"jobs/{job['id']}/cancel")
        server.ended(job["id"])
    else:
        assert server.ended(job["id"])["reason"]["code"] == "machine_restarted"
    server.stop()


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
