import json

import httpx
import msgspec
import pytest
from tests.talking import Recorder, job

from trackside.client import Client
from trackside.errors import InvalidInput
from trackside.models import JobSpec
from trackside.models.job import DryRun


def plain(value):
    return msgspec.to_builtins(value)


def speaking(*answers):
    wire = Recorder(*answers)
    return Client("http://127.0.0.1:1/", "t", transport=wire), wire


def answered(value, status=200):
    return httpx.Response(status, json=plain(value))


def path(request):
    return request.url.raw_path.decode().removeprefix("/trackside/api/v1/")


def test_submit_posts_the_fields_and_returns_the_job():
    client, wire = speaking(answered(job(), 201))
    assert client.jobs.submit({"command": ["true"], "gpus": "a100:2", "name": None}) == job()
    assert (wire.last.method, path(wire.last)) == ("POST", "jobs")
    assert json.loads(wire.last.content) == {"command": ["true"], "gpus": "a100:2"}


def test_each_submission_has_a_key_of_its_own_that_stays_when_it_is_sent_again():
    client, wire = speaking(httpx.ReadError("x"), answered(job(), 201))
    client.jobs.submit({"command": ["true"]})
    client.jobs.submit({"command": ["true"]})
    first, again, second = (request.headers["Idempotency-Key"] for request in wire.requests)
    assert first == again != second


def test_a_key_of_the_caller_is_sent_as_given():
    client, wire = speaking(answered(job(), 201))
    client.jobs.submit({"command": ["true"]}, idempotency_key="nightly-7")
    assert wire.last.headers["Idempotency-Key"] == "nightly-7"
    for wrong in ("", "ä", "a\nb", "x" * 256):
        with pytest.raises(InvalidInput, match="idempotency_key"):
            client.jobs.submit({"command": ["true"]}, idempotency_key=wrong)


def test_a_dry_run_makes_nothing_and_has_no_key():
    plan = {
        "spec": {"command": ["true"]},
        "limits": [],
        "explanation": {"id": "", "status": "pending", "message": "starts now"},
    }
    client, wire = speaking(httpx.Response(200, json=plan))
    told = client.jobs.submit({"command": ["true"]}, dry_run=True)
    assert isinstance(told, DryRun)
    assert told.explanation.message == "starts now"
    assert path(wire.last) == "jobs?dry_run=1"
    assert "Idempotency-Key" not in wire.last.headers


def test_several_are_submitted_in_one_request_and_none_in_none():
    client, wire = speaking(answered([job(1), job(2)], 201))
    assert [made.id for made in client.jobs.submit_many([{"command": "a"}, JobSpec(command="b")])] == ["job-1", "job-2"]
    assert json.loads(wire.last.content) == [{"command": "a"}, {"command": "b"}]
    assert client.jobs.submit_many([]) == []
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("name", "segment"),
    [(41, "41"), ("job-41", "job-41"), ("a b/c?d", "a%20b%2Fc%3Fd"), (job(7), "job-7"), ("..", "%2E%2E"), (" x ", "x")],
)
def test_a_job_is_named_by_number_id_name_or_value(name, segment):
    client, wire = speaking(answered(job()))
    client.jobs.get(name)
    assert path(wire.last) == f"jobs/{segment}"


@pytest.mark.parametrize("name", ["", "  ", 0, -1, True, None, 1.5, ["a"]])
def test_what_names_no_job_is_refused_before_it_is_sent(name):
    client, wire = speaking(answered(job()))
    with pytest.raises(InvalidInput, match="names no job"):
        client.jobs.get(name)
    assert wire.requests == []


def test_a_list_is_narrowed_by_what_is_given():
    client, wire = speaking(httpx.Response(200, json={"jobs": [], "next": None, "counts": {}}))
    client.jobs.list(status=["running", "pending"], tag="a&b", limit=5, cursor="c")
    assert dict(wire.last.url.params) == {"status": "running,pending", "tag": "a&b", "limit": "5", "cursor": "c"}


def test_iterate_takes_page_after_page_and_no_more_than_it_must():
    pages = [{"jobs": [plain(job(number))], "next": cursor} for number, cursor in [(3, "a"), (2, "b"), (1, None)]]
    client, wire = speaking(*(httpx.Response(200, json=page) for page in pages))
    found = client.jobs.iterate(status="running")
    assert next(found).id == "job-3"
    assert len(wire.requests) == 1
    assert [job.id for job in found] == ["job-2", "job-1"]
    assert [request.url.params.get("cursor") for request in wire.requests] == [None, "a", "b"]


@pytest.mark.parametrize(
    ("call", "method", "url"),
    [
        (lambda jobs: jobs.cancel(4), "POST", "jobs/4/cancel"),
        (lambda jobs: jobs.retry(4), "POST", "jobs/4/retry"),
        (lambda jobs: jobs.get(4), "GET", "jobs/4"),
    ],
)
def test_verbs_have_their_routes(call, method, url):
    client, wire = speaking(answered(job(), 201))
    assert call(client.jobs) == job()
    assert (wire.last.method, path(wire.last)) == (method, url)


def test_a_retry_names_what_changes_and_nothing_else():
    client, wire = speaking(answered(job(), 201))
    client.jobs.retry(4, secrets={"KEY": "v"}, memory="16G", time=None)
    assert json.loads(wire.last.content) == {"secrets": {"KEY": "v"}, "memory": "16G"}
    client, wire = speaking(answered(job(), 201))
    client.jobs.retry(4)
    assert wire.last.content == b""


def test_the_queue_is_looked_at_paused_resumed_and_limited():
    paused = {"paused": True, "since": "2026-11-22T09:30:00Z", "by": "alice", "tag_limits": {"data": 1}}
    client, wire = speaking(*(httpx.Response(200, json=paused) for _ in range(4)))
    assert client.queue.get().by == "alice"
    assert (wire.last.method, path(wire.last)) == ("GET", "queue")
    assert client.queue.pause().paused
    assert (wire.last.method, path(wire.last)) == ("POST", "queue/pause")
    client.queue.resume()
    assert (wire.last.method, path(wire.last)) == ("POST", "queue/resume")
    client.queue.limit("data", 1)
    assert (wire.last.method, path(wire.last)) == ("PATCH", "queue")
    assert json.loads(wire.last.content) == {"tag_limits": {"data": 1}}


def test_delete_and_explain_have_their_routes():
    client, wire = speaking(
        httpx.Response(204), httpx.Response(200, json={"id": "job-4", "status": "pending", "message": "m"})
    )
    assert client.jobs.delete(4) is None
    assert (wire.last.method, path(wire.last)) == ("DELETE", "jobs/4")
    assert client.jobs.explain(4).message == "m"
    assert path(wire.last) == "jobs/4/explain"
