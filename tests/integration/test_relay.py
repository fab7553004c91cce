"""Panels that speak to the server through their kernel: one connection, no gap and no repeat, an end when nobody looks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serving import LiveServer, until
from trackside.client import Client
from trackside.client.websocket import WebSocket
from trackside.display import exchange
from trackside.display.relay import Relay

_COUNTS = "import time\nfor i in range({lines}):\n    print('line', i, flush=True)\n    time.sleep({pause})"


class FakePanel:
    """A panel whose front end is this test."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []

    def tell(self, content: dict[str, object], buffers: list[bytes]) -> None:
        """Hear a message."""
        self.heard.append((content, buffers))

    def frames(self, view: str) -> list[dict[str, Any]]:
        """Return the messages of the stream that a view heard."""
        told = [content for content, _ in list(self.heard) if content["op"] == "frames" and content["view"] == view]
        return [json.loads(frame) for content in told for frame in content["frames"]]

    def log(self, view: str) -> str:
        """Return what a view heard of logs."""
        return "".join(frame["text"] for frame in self.frames(view) if frame["type"] == "log")

    def answer(self, view: str, number: int) -> tuple[int, Any]:
        """Wait for an answer; return its status and value."""

        def find() -> tuple[int, Any] | None:
            for content, buffers in list(self.heard):
                if content["op"] == "answer" and (content["view"], content["id"]) == (view, number):
                    return content["status"], json.loads(buffers[0])
            return None

        found = until(find, f"the answer {number} to {view}")
        assert found is not None
        return found


class Front:
    """What one view says."""

    def __init__(self, relay: Relay, panel: FakePanel, name: str) -> None:
        self._relay, self.panel, self.name = relay, panel, name
        self.say("hello")

    def say(self, op: str, **content: object) -> None:
        """Send a message."""
        self._relay.receive(self.panel, {"op": op, "view": self.name, **content})

    def follow(self, sub: str, channel: str, run: str | None = None) -> None:
        """Begin a subscription."""
        message = {"op": "subscribe", "sub": sub, "channel": channel, **({"run": run} if run else {})}
        self.say("frame", text=json.dumps(message))


@pytest.fixture
def relay(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setattr(exchange, "_LINGER", 0.5)
    client = Client(server.url, server.token)
    relay = Relay(lambda: client)
    yield relay
    for name in ("v", "v0", "v1", "old"):
        relay.receive(FakePanel(), {"op": "bye", "view": name})
    until(lambda: not _threads(), "the end of the relay's thread")


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "trackside-relay"]


def _counting(server: LiveServer, lines: int = 30, pause: float = 0.02) -> str:
    return str(server.submit(command=["python3", "-c", _COUNTS.format(lines=lines, pause=pause)])["id"])


def test_requests_are_answered_with_the_servers_own_values_and_words(server: LiveServer, relay: Relay) -> None:
    job = _counting(server, 1)
    front = Front(relay, FakePanel(), "v")
    front.say("request", id=1, method="GET", path=f"jobs/{job}")
    front.say("request", id=2, method="GET", path="jobs/job-999")
    front.say("request", id=3, method="POST", path="jobs", body='{"command": "echo"}')
    status, value = front.panel.answer("v", 1)
    assert (status, value["id"]) == (200, job)
    status, value = front.panel.answer("v", 2)
    assert (status, value["error"]["code"]) == (404, "job_not_found")
    status, value = front.panel.answer("v", 3)
    assert (status, value["error"]["code"]) == (403, "not_permitted")


def test_the_verbs_of_a_panel_are_performed(server: LiveServer, relay: Relay) -> None:
    job = server.submit(command=["sleep", "60"])["id"]
    server.running(job)
    front = Front(relay, FakePanel(), "v")
    front.say("request", id=1, method="POST", path=f"jobs/{job}/cancel")
    assert front.panel.answer("v", 1)[0] == 202
    assert server.ended(job)["status"] == "cancelled"


def test_all_panels_share_one_connection_and_hear_each_their_own(
    server: LiveServer, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _count_connections(monkeypatch)
    jobs = [_counting(server), _counting(server)]
    panels = [FakePanel(), FakePanel()]
    fronts = [Front(relay, panel, f"v{number}") for number, panel in enumerate(panels)]
    for front, job in zip(fronts, jobs, strict=True):
        front.follow("s1", "events")
        front.follow("s2", "log", job)
    expected = "".join(f"line {number}\n" for number in range(30))
    for front in fronts:
        until(lambda front=front: front.panel.log(front.name) == expected, f"the log of {front.name}")  # type: ignore[misc]
        assert {frame["sub"] for frame in front.panel.frames(front.name)} == {"s1", "s2"}
    assert len(opened) == 1


def _count_connections(monkeypatch: pytest.MonkeyPatch) -> list[WebSocket]:
    opened: list[WebSocket] = []
    original = WebSocket.open

    async def counted(address: Any, path: str = "ws") -> WebSocket:
        opened.append(await original(address, path))
        return opened[-1]

    monkeypatch.setattr(WebSocket, "open", counted)
    return opened


def test_a_log_goes_on_where_it_was_when_the_server_comes_back(server: LiveServer, relay: Relay) -> None:
    """No byte twice and none left out, and the front end says nothing for it."""
    job = _counting(server, lines=150, pause=0.05)
    front = Front(relay, FakePanel(), "v")
    front.follow("s1", "log", job)
    until(lambda: "line 5\n" in front.panel.log("v"), "the first lines")
    port = int(server.url.split(":")[2].split("/")[0])
    server.kill()
    server.port = port
    server.start()
    expected = "".join(f"line {number}\n" for number in range(150))
    until(lambda: front.panel.log("v") == expected, "the whole log", 60)
    links = [content["up"] for content, _ in front.panel.heard if content["op"] == "link"]
    assert links[0] is True
    assert False in links
    assert links[-1] is True


def test_the_thread_ends_when_nobody_looks_and_comes_back_with_the_next_view(server: LiveServer, relay: Relay) -> None:
    job = _counting(server)
    for name in ("first", "second"):
        front = Front(relay, FakePanel(), name)
        front.follow("s1", "log", job)
        until(lambda front=front: "line 3\n" in front.panel.log(front.name), "the log")  # type: ignore[misc]
        front.say("bye")
        until(lambda: not _threads(), "the end of the thread")


def test_a_view_that_is_not_known_is_told_to_begin_anew(server: LiveServer, relay: Relay) -> None:
    panel = FakePanel()
    relay.receive(panel, {"op": "alive", "view": "old"})
    until(lambda: ("unknown", "old") in [(said["op"], said.get("view")) for said, _ in panel.heard], "unknown")


def test_a_silent_view_is_dropped_only_where_the_kernel_had_time_to_hear_it(
    server: LiveServer, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_SILENT", 0.5)
    monkeypatch.setattr(exchange, "_SWEEP", 0.1)
    answers: list[Callable[[], None]] = []
    monkeypatch.setattr(relay, "_ask_main", answers.append)
    Front(relay, FakePanel(), "v")
    until(lambda: len(answers) > 15, "looks at a busy kernel")
    assert relay.is_running
    answers.pop()()  # the kernel has time now
    until(lambda: not relay.is_running, "the end of the thread")


def test_a_flood_waits_in_its_file_and_not_in_the_kernel(
    server: LiveServer, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gathered between two ticks stays bounded, and all of it comes."""
    size = 8_000_000
    code = f"for _ in range({size // 100}): print('x' * 99)"
    job = server.submit(command=["python3", "-c", code])["id"]
    server.ended(job)
    front = Front(relay, FakePanel(), "v")
    front.follow("s1", "log", job)
    until(lambda: front.panel.frames("v")[-1:] and front.panel.frames("v")[-1]["type"] == "done", "the end", 60, 0.5)
    batches = [sum(map(len, said["frames"])) for said, _ in front.panel.heard if said["op"] == "frames"]
    assert len(front.panel.log("v")) == size
    assert max(batches) < 2_000_000
