"""What is streamed: logs, events, metrics; resumed exactly, no gap and no repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import LiveServer, until
from tests.window import Message, Window

_Frame = tuple[str, str, dict[str, Any]]


def _log_of(frames: list[_Frame]) -> str:
    return "".join(data["text"] for kind, _, data in frames if kind == "log")


def _joined(frames: list[_Frame]) -> bool:
    """Whether each piece begins where the one before it ended."""
    pieces = [data for kind, _, data in frames if kind == "log"]
    return all(before["next"] == after["offset"] for before, after in pairwise(pieces))


def _take(events: Iterator[_Frame], kind: str) -> list[_Frame]:
    """The frames up to the first of a kind."""
    found = []
    for frame in events:
        found.append(frame)
        if frame[0] == kind:
            return found
    raise AssertionError(f"the stream ended before {kind!r}: {found}")


# The log


def test_a_log_is_read_in_parts_from_any_byte(live: LiveServer) -> None:
    text = "".join(f"line {n} é\n" for n in range(1000))
    job = live.ended(live.submit(command=["printf", "%s", text])["id"])
    data = text.encode()
    whole = live.get(f"jobs/{job['id']}/log")
    assert whole.content == data
    assert whole.headers["X-Trackside-Next"] == str(len(data))
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    part = live.get(f"jobs/{job['id']}/log", params={"offset": 7, "limit": 100})
    assert (part.content, part.headers["X-Trackside-Next"]) == (data[7:107], "107")
    beyond = live.get(f"jobs/{job['id']}/log", params={"offset": len(data) + 5})
    assert (beyond.content, beyond.headers["X-Trackside-Next"]) == (b"", str(len(data) + 5))
    tail = live.get(f"jobs/{job['id']}/log", params={"tail": 2})
    assert tail.text == "line 998 é\nline 999 é\n"
    assert int(tail.headers["X-Trackside-Offset"]) + len(tail.content) == len(data)
    assert live.get(f"jobs/{job['id']}/log", params={"tail": 0}).content == b""
    assert live.get(f"jobs/{job['id']}/log", params={"tail": 10**9}).content == data


@pytest.mark.parametrize(
    "params",
    [{"offset": -1}, {"tail": -1}, {"limit": 0}, {"limit": -1}, {"offset": "x"}, {"offset": 2**70}, {"follow": "y"}],
)
def test_a_log_refuses_positions_that_are_none(live: LiveServer, params: dict[str, Any]) -> None:
    job = live.ended(live.submit(command=["/bin/true"])["id"])
    answer = live.get(f"jobs/{job['id']}/log", params=params)
    assert answer.status_code == 400, answer.text
    assert next(iter(params)) in answer.json()["error"]["message"]


def test_a_character_is_never_split_however_it_was_written(live: LiveServer) -> None:
    pieces = r"printf 'a\342'; sleep 0.15; printf '\202'; sleep 0.15; printf '\254b\360\237'; sleep 0.15; printf '\230\200\n'"
    job = live.submit(command=pieces)
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        frames = _take(events, "done")
    assert _log_of(frames) == "a€b😀\n"
    assert _joined(frames)
    assert len([frame for frame in frames if frame[0] == "log"]) > 1, "it was not followed, but read at its end"


def test_what_is_no_text_is_replaced_and_nothing_is_left_out(live: LiveServer) -> None:
    job = live.ended(live.submit(command=r"printf 'a\377b\360\237'")["id"])
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        frames = _take(events, "done")
    assert _log_of(frames) == "a�b�"
    assert frames[-1][2]["next"] == 5


def test_a_followed_log_ends_with_how_the_job_ended(live: LiveServer) -> None:
    job = live.submit(command="echo one; exit 3")
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        frames = _take(events, "done")
        assert list(events) == []
    assert frames[0][0] == "subscribed"
    done = frames[-1][2]
    assert (done["status"], done["reason"]["code"]) == ("failed", "exit_code")


def test_a_broken_log_stream_goes_on_where_it_stopped(live: LiveServer) -> None:
    job = live.submit(command="for i in $(seq 40); do echo line $i; sleep 0.02; done")
    text, place = "", ""
    for _ in range(60):
        headers = {"Last-Event-ID": place} if place else {}
        with live.events(f"jobs/{job['id']}/log?follow=1", headers=headers) as events:
            taken = 0
            for kind, number, data in events:
                place = number or place
                text += data["text"] if kind == "log" else ""
                taken += kind == "log"
                if kind == "done" or taken == 3:
                    break
        if kind == "done":
            break
    assert text == "".join(f"line {n}\n" for n in range(1, 41))


def test_a_log_is_followed_from_so_many_lines_before_its_end(live: LiveServer) -> None:
    job = live.submit(command="seq 100; sleep 0.3; echo last")
    until(lambda: live.get(f"jobs/{job['id']}/log").text.endswith("100\n"), "100 lines")
    with live.events(f"jobs/{job['id']}/log?follow=1&tail=2") as events:
        assert _log_of(_take(events, "done")) == "99\n100\nlast\n"


def test_a_log_that_became_shorter_is_read_from_its_start(live: LiveServer) -> None:
    job = live.submit(command="echo a long line; sleep 0.4; : > /dev/stdout; echo short; sleep 0.2")
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        frames = _take(events, "done")
    kinds = [kind for kind, _, _ in frames]
    assert "truncated" in kinds, frames
    after = frames[kinds.index("truncated") :]
    assert _log_of(after) == "short\n"
    assert _log_of(frames[: kinds.index("truncated")]) == "a long line\n"


def test_the_log_of_a_job_that_is_deleted_while_followed_ends(live: LiveServer) -> None:
    job = live.submit(command="echo going; sleep 60", grace=0)
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        _take(events, "log")
        live.post(f"jobs/{job['id']}/cancel")
        live.ended(job["id"])
        assert live.request("DELETE", f"jobs/{job['id']}").status_code == 204
        assert _take(events, "done")[-1][2]["status"] == "cancelled"
    assert live.get(f"jobs/{job['id']}/log").status_code == 404


def test_a_megabyte_of_log_arrives_whole_while_it_is_written(live: LiveServer) -> None:
    job = live.submit(command=["sh", "-c", "seq 150000"])
    with live.events(f"jobs/{job['id']}/log?follow=1") as events:
        frames = _take(events, "done")
    assert _log_of(frames) == "".join(f"{n}\n" for n in range(1, 150001))
    assert _joined(frames)


# Events


def test_events_resume_with_no_gap_and_no_repeat(live: LiveServer) -> None:
    seen, ended, place, first = [], set[str](), "", 0
    jobs: set[str] = set()
    while not jobs or not ended >= jobs:
        with live.events("events", headers={"Last-Event-ID": place} if place else {}) as events:
            place = next(events)[1]
            first = first if seen else int(place)
            if not jobs:
                jobs = {live.submit(command=["/bin/true"])["id"] for _ in range(5)}
            for _, place, data in islice(events, 2):
                assert data["id"] == int(place)
                seen.append(int(place))
                if data["type"] == "job" and data["job"]["status"] == "completed":
                    ended.add(data["job"]["id"])
                if ended >= jobs:
                    break
    assert seen == list(range(first + 1, first + 1 + len(seen)))


def test_since_and_last_event_id_are_the_same_and_the_header_wins(live: LiveServer) -> None:
    for options in ({"path": "events?since=1"}, {"path": "events?since=7", "headers": {"Last-Event-ID": "1"}}):
        with live.events(**options) as events:
            assert next(events)[2]["next"] == 1
            assert next(events)[1] == "2"


def test_a_position_of_a_store_that_is_no_more_begins_now(live: LiveServer) -> None:
    """The home was replaced: whoever comes with its old position hears what happens, and where that began."""
    with live.events("events?since=123456789") as events:
        begin = next(events)[2]["next"]
        assert begin < 123456789
        job = live.submit(command=["/bin/true"])
        heard = [next(events)]
        assert int(heard[0][1]) == begin + 1
        while heard[-1][2].get("job", {}).get("id") != job["id"]:
            heard.append(next(events))
        assert [int(number) for _, number, _ in heard] == list(range(begin + 1, begin + 1 + len(heard)))
    live.ended(job["id"])


@pytest.mark.parametrize("since", ["-1", "x", str(2**70)])
def test_events_refuse_positions_that_are_none(live: LiveServer, since: str) -> None:
    answer = live.get("events", params={"since": since})
    assert answer.status_code == 400
    assert "since" in answer.json()["error"]["message"]


def test_events_tell_a_job_from_its_submission_to_its_deletion(live: LiveServer) -> None:
    with live.events("events") as events:
        next(events)
        job = live.ended(live.submit(command=["sleep", "0.1"])["id"])
        live.request("DELETE", f"jobs/{job['id']}")
        told = []
        for _, _, data in events:
            if data["type"] == "job" and data["job"]["id"] == job["id"]:
                told.append(data["job"]["status"])
            if data["type"] == "job_deleted" and data["job_id"] == job["id"]:
                told.append("job_deleted")
                break
    assert told == ["pending", "running", "completed", "job_deleted"]


def test_the_machine_is_streamed(live: LiveServer) -> None:
    with live.events("system/stream?interval=0.5") as events:
        frames = _take(events, "system") + _take(events, "system")
    assert [kind for kind, _, _ in frames] == ["subscribed", "system", "system"]
    assert frames[1][2]["system"]["memory_total"] > 0
    for wrong in ("nan", "x"):
        assert live.get("system/stream", params={"interval": wrong}).status_code == 400


# One run


_LOGS = """
import trackside
for i in range(5):
    trackside.log({"loss": 1 / (i + 1)}, step=i)
    print("step", i, flush=True)
"""


def test_one_runs_stream_has_its_metrics_its_log_its_status_and_one_end(live: LiveServer) -> None:
    job = live.submit(cell=_LOGS)
    with live.events(f"runs/{job['id']}/stream") as events:
        frames = _take(events, "done")
        assert list(events) == []
    assert [record["step"] for kind, _, data in frames if kind == "metrics" for record in data["records"]] == list(
        range(5)
    )
    assert _log_of(frames) == "".join(f"step {i}\n" for i in range(5))
    statuses = [data["job"]["status"] for kind, _, data in frames if kind == "event"]
    assert statuses in (["running", "completed"], ["running"]), statuses
    assert [kind for kind, _, _ in frames].count("done") == 1


def test_a_broken_run_stream_goes_on_where_it_stopped(live: LiveServer) -> None:
    job = live.ended(live.submit(cell=_LOGS)["id"])
    with live.events(f"runs/{job['id']}/stream") as events:
        whole = _take(events, "done")
    for cut in range(1, len(whole)):
        place = next((number for _, number, _ in reversed(whole[:cut]) if number), "")
        with live.events(f"runs/{job['id']}/stream", headers={"Last-Event-ID": place}) as events:
            rest = _take(events, "done")
        got = whole[:cut] + rest
        assert _log_of(got) == _log_of(whole), f"cut after {cut} messages at {place!r}"
        assert _steps(got) == _steps(whole), f"cut after {cut} messages at {place!r}"


def _steps(frames: list[_Frame]) -> list[int]:
    return [record["step"] for kind, _, data in frames if kind == "metrics" for record in data["records"]]


def test_a_run_stream_begins_at_its_end_or_start_and_nowhere_else(live: LiveServer) -> None:
    job = live.ended(live.submit(cell=_LOGS)["id"])
    with live.events(f"runs/{job['id']}/stream?from=end") as events:
        assert _log_of(_take(events, "done")) == ""
    answer = live.get(f"runs/{job['id']}/stream", params={"from": "middle"})
    assert (answer.status_code, "middle" in answer.json()["error"]["message"]) == (400, True)


# The WebSocket


def _texts(messages: list[Message]) -> str:
    return "".join(message["text"] for message in messages if message["type"] == "log")


def test_one_window_holds_all_its_subscriptions(live: LiveServer) -> None:
    with Window(live) as window:
        window.subscribe("e", "events")
        window.until("subscribed", "e")
        jobs = [live.submit(cell=_LOGS) for _ in range(2)]
        for number, job in enumerate(jobs):
            window.subscribe(f"log{number}", "log", run=job["id"])
            window.subscribe(f"metrics{number}", "metrics", run=job["id"])
        window.subscribe("s", "system", interval=0.5)
        for number in range(2):
            assert _texts(window.until("done", f"log{number}")) == "".join(f"step {i}\n" for i in range(5))
            metrics = window.until("done", f"metrics{number}")
            steps = [record["step"] for message in metrics for record in message.get("records", [])]
            assert steps == list(range(5))
        assert window.until("system", "s")[-1]["system"]["cpu_count"] > 0
        positions = [message["next"] for message in window.until("event", "e") if message["type"] == "event"]
        assert positions == list(range(positions[0], positions[0] + len(positions)))


def test_a_window_resumes_each_channel_at_its_position(live: LiveServer) -> None:
    job = live.ended(live.submit(cell=_LOGS)["id"])
    with Window(live) as window:
        window.subscribe("all", "log", run=job["id"])
        whole = _texts(window.until("done", "all"))
        window.subscribe("rest", "log", run=job["id"], since=7)
        assert _texts(window.until("done", "rest")) == whole[7:]
        window.subscribe("tail", "log", run=job["id"], tail=1)
        assert _texts(window.until("done", "tail")) == "step 4\n"
        window.subscribe("m", "metrics", run=job["id"])
        chunk = next(message for message in window.until("done", "m") if message["type"] == "metrics")
        window.subscribe("m2", "metrics", run=job["id"], since=chunk["next"])
        assert [message["type"] for message in window.until("done", "m2")] == ["subscribed", "done"]
        window.subscribe("e", "events", since=1)
        assert window.until("event", "e")[-1]["next"] == 2


def test_an_ended_subscription_says_nothing_more(live: LiveServer) -> None:
    with Window(live) as window:
        window.subscribe("s", "system", interval=0.5)
        window.until("system", "s")
        window.unsubscribe("s")
        window.unsubscribe("never was")
        window.subscribe("t", "system", interval=0.5)
        window.until("subscribed", "t")
        assert {window.next()["sub"] for _ in range(2)} == {"t"}


def test_a_subscription_of_the_same_name_takes_the_place_of_the_first(live: LiveServer) -> None:
    one = live.ended(live.submit(command=["echo", "one"])["id"])
    with Window(live) as window:
        window.subscribe("x", "events")
        window.until("subscribed", "x")
        window.subscribe("x", "log", run=one["id"])
        assert _texts(window.until("done", "x")) == "one\n"
        live.ended(live.submit(command=["/bin/true"])["id"])
        window.subscribe("y", "log", run=one["id"])
        window.until("done", "y")
        assert window._kept == [], "the events of the first subscription still come"


@pytest.mark.parametrize(
    ("text", "sub", "code", "words"),
    [
        ("no json", "", "invalid_input", "cannot be read"),
        ("[]", "", "invalid_input", "cannot be read"),
        ('{"op": "dance"}', "", "invalid_input", "dance"),
        ('{"op": "subscribe", "sub": 5, "channel": "log"}', "", "invalid_input", "cannot be read"),
        ('{"op": "subscribe", "sub": "x", "channel": "gossip"}', "", "invalid_input", "gossip"),
        ('{"op": "subscribe", "sub": "x", "channel": "log"}', "x", "invalid_input", "names its run"),
        ('{"op": "subscribe", "sub": "x", "channel": "log", "run": "nobody"}', "x", "run_not_found", "nobody"),
        ('{"op": "subscribe", "sub": "x", "channel": "events", "since": -1}', "x", "invalid_input", "since"),
        ('{"op": "subscribe", "sub": "x", "channel": "log", "run": "job-1", "tail": -1}', "x", "invalid_input", "tail"),
        (b"\xff\xfe", "", "invalid_input", "cannot be read"),
        ("[" * 100_000, "", "invalid_input", "cannot be read"),
    ],
)
def test_a_message_that_is_none_is_answered_and_the_window_goes_on(
    live: LiveServer, text: str | bytes, sub: str, code: str, words: str
) -> None:
    with Window(live) as window:
        window.say(text)
        error = window.next()
        assert (error["type"], error["sub"], error["code"]) == ("error", sub, code), error
        assert words in error["message"]
        window.subscribe("after", "events")
        told = window.next()
        assert (told["type"], told["sub"]) == ("subscribed", "after")


def test_a_window_holds_no_more_subscriptions_than_500(live: LiveServer) -> None:
    with Window(live) as window:
        for number in range(501):
            window.subscribe(f"s{number}", "events")
        answers: list[Message] = []
        while len(answers) < 501:
            message = window.next()
            answers += [message] if message["type"] in ("subscribed", "error") else []
        assert [answer["sub"] for answer in answers if answer["type"] == "error"] == ["s500"]


def test_many_readers_hear_the_same(live: LiveServer, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = live.submit(command=f"while [ ! -e {gate} ]; do sleep 0.02; done; seq 2000")
    windows = [Window(live) for _ in range(10)]
    for window in windows:
        window.subscribe("log", "log", run=job["id"])
        window.until("subscribed", "log")
    gate.touch()
    for window in windows:
        assert _texts(window.until("done", "log")) == "".join(f"{n}\n" for n in range(1, 2001))
        window.__exit__()


def test_a_reader_that_goes_away_costs_nothing(live: LiveServer) -> None:
    job = live.submit(command="seq 100000; sleep 60", grace=0)
    live.running(job["id"])
    for _ in range(20):
        with httpx.stream(
            "GET", live.api + f"jobs/{job['id']}/log?follow=1", headers={"Authorization": f"token {live.token}"}
        ) as answer:
            assert answer.status_code == 200
    assert live.get("health", timeout=5).status_code == 200
    live.post(f"jobs/{job['id']}/cancel")
    live.ended(job["id"])
    log = (live.place.root / "server.log").read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]


def test_every_message_is_what_its_model_says(live: LiveServer) -> None:
    import msgspec

    from trackside.models.stream import ServerMessage

    job = live.submit(cell=_LOGS)
    decoder = msgspec.json.Decoder(ServerMessage)
    with Window(live) as window:
        window.subscribe("e", "events", since=0)
        window.subscribe("s", "system")
        window.subscribe("m", "metrics", run=job["id"])
        window.subscribe("l", "log", run=job["id"])
        for message in [*window.until("done", "m"), *window.until("done", "l"), *window.until("system", "s")]:
            decoder.decode(json.dumps(message))
        for message in window.until("event", "e"):
            decoder.decode(json.dumps(message))
