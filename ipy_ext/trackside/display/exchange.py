"""What goes on between the panels of a front end and the server: requests, subscriptions, signs of life.

A panel may be shown in several places ("views"), which all hear what it is sent; each has a name. A view says ``hello``,
``alive``, ``bye``, ``request`` (id, method, path, range, body) and ``frame`` (text: a message of the stream). It hears
``answer`` (id, status, headers; the body beside it), ``frames``, ``unknown`` (begin anew) and ``link`` (up).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from trackside.display.permits import permitted
from trackside.display.static_code import static_code
from trackside.display.upstream import Upstream
from trackside.errors import Conflict, InvalidInput, NotAllowed, NotFound, TracksideError, TryAgain
from trackside.models.stream import ClientMessage, Subscribe

if TYPE_CHECKING:
    import httpx

    from trackside.client import AsyncClient

__all__ = ["Exchange", "Panel"]

_TICK = 0.05
"""Seconds for which frames are gathered: a view gets at most twenty messages a second."""
_MOST_HELD = 512 * 1024
"""Characters of frames that wait for the next tick; until then nothing more is read from the server."""
_LARGEST = 32 * 1024 * 1024
_AT_ONCE = 4
"""Requests under way; more of them wait."""
_SWEEP = 5.0
_SILENT = 150.0
"""Seconds without a sign of life, in a kernel that had time to hear it, after which a view is gone."""
_LINGER = 10.0
_STATUS = {InvalidInput: 400, NotAllowed: 403, NotFound: 404, Conflict: 409, TryAgain: 503}
_PASSED = ("content-type", "date", "x-trackside-next", "x-trackside-gap")
_PARTS = "code/parts.js"
"""Where a job's panel finds the code of its lower parts; not on the server, but here."""
_message = msgspec.json.Decoder(ClientMessage)


class Panel(Protocol):
    """One panel, as it is spoken to."""

    def tell(self, content: dict[str, object], buffers: list[bytes]) -> None:
        """Send a message to all its views; called in the exchange's thread."""


@dataclass(eq=False)
class _View:
    panel: Panel
    name: str
    seen: float
    frames: list[str] = field(default_factory=list)
    subs: set[str] = field(default_factory=set)

    def tell(self, op: str, *, body: bytes | None = None, **content: object) -> None:
        self.panel.tell({"op": op, "view": self.name, **content}, [] if body is None else [body])


class Exchange:
    """The views of all panels, in an event loop of their own; ``put`` alone may be called from other threads."""

    def __init__(
        self,
        client: Callable[[], AsyncClient],
        ask_main: Callable[[Callable[[], None]], None],
        may_end: Callable[[Exchange], bool],
    ) -> None:
        self._make_client = client
        self._ask_main = ask_main
        self._may_end = may_end
        self._loop = asyncio.new_event_loop()
        self._ready = asyncio.Event()
        self._flushed = asyncio.Event()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._views: dict[str, _View] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._put = self._taken = 0
        self._held = 0
        self._free_at = time.monotonic()

    def put(self, panel: Panel, content: Mapping[str, object]) -> None:
        """Take a message of a view; one thread at a time."""
        self._put += 1
        self._loop.call_soon_threadsafe(self._take, panel, content)

    @property
    def is_idle(self) -> bool:
        """Whether nobody looks and nothing is under way."""
        return not self._views and not self._tasks and self._put == self._taken

    def run(self) -> None:
        """Serve until nobody has looked for a while."""
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._client = await asyncio.to_thread(self._make_client)
        self._upstream = Upstream(self._client, self._hear, self._linked)
        self._ready.set()
        loops = [asyncio.create_task(each) for each in (self._upstream.run(), self._flush(), self._sweep())]
        try:
            await self._until_idle()
        finally:
            for task in loops:
                task.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._client.close()

    async def _until_idle(self) -> None:
        busy_at = time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            if not self.is_idle:
                busy_at = time.monotonic()
            elif time.monotonic() - busy_at > _LINGER and self._may_end(self):
                return

    # What views say

    def _take(self, panel: Panel, content: Mapping[str, object]) -> None:
        self._taken += 1
        self._free_at = time.monotonic()
        name, op = str(content.get("view", "")), content.get("op")
        view = self._views.get(name)
        if op == "bye":
            if view is not None:
                self._spawn(self._forget(view))
            return
        if view is None:
            view = self._views[name] = _View(panel, name, time.monotonic())
            if op != "hello":
                view.tell("unknown")
        view.seen = time.monotonic()
        if op == "request":
            self._spawn(self._answer(view, content))
        elif op == "frame":
            self._spawn(self._pass_on(view, str(content.get("text", ""))))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, view: _View, text: str) -> None:
        """Begin or end a subscription; its name gets the view's before it, which no other view has."""
        await self._ready.wait()
        try:
            message = _message.decode(text)
        except msgspec.DecodeError:
            return  # of another version of the panels' code
        sub = f"{view.name}:{message.sub}"
        if isinstance(message, Subscribe):
            view.subs.add(sub)
            await self._upstream.subscribe(replace(message, sub=sub))
        else:
            view.subs.discard(sub)
            await self._upstream.unsubscribe(sub)

    async def _answer(self, view: _View, content: Mapping[str, object]) -> None:
        await self._ready.wait()
        number = content.get("id")
        async with self._room:
            try:
                if content.get("path") == _PARTS:
                    view.tell("answer", id=number, status=200, headers={}, body=static_code("parts").encode())
                    return
                answer = await self._asked(content)
                headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
                view.tell("answer", id=number, status=answer.status_code, headers=headers, body=answer.content)
            except TracksideError as error:
                status = next((_STATUS[family] for family in type(error).__mro__ if family in _STATUS), 500)
                told = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
                view.tell("answer", id=number, status=status, headers={}, body=msgspec.json.encode(told))

    async def _asked(self, content: Mapping[str, object]) -> httpx.Response:
        wanted = content.get("range")
        request = permitted(str(content.get("method")), str(content.get("path")), str(wanted) if wanted else None)
        body = content.get("body")
        return await self._client.request(
            request.method,
            request.path,
            params=request.params,
            content=body.encode() if isinstance(body, str) else None,
            headers=request.headers,
            most=_LARGEST,
        )

    async def _forget(self, view: _View) -> None:
        await self._ready.wait()
        self._views.pop(view.name, None)
        for sub in list(view.subs):
            await self._upstream.unsubscribe(sub)

    # What the server says

    async def _hear(self, sub: str, text: str) -> None:
        """Gather a frame for its view; waits while too much is gathered."""
        name, _, own = sub.partition(":")
        view = self._views.get(name)
        if view is None:
            return
        view.frames.append(text.replace(f'"sub":"{sub}"', f'"sub":"{own}"', 1))
        self._held += len(text)
        while self._held > _MOST_HELD:
            self._flushed.clear()
            await self._flushed.wait()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            for view in self._views.values():
                if view.frames:
                    frames, view.frames = view.frames, []
                    view.tell("frames", frames=frames)
            self._held = 0
            self._flushed.set()

    def _linked(self, up: bool) -> None:
        for panel in {view.panel for view in self._views.values()}:
            panel.tell({"op": "link", "up": up}, [])

    async def _sweep(self) -> None:
        """Drop views that were silent although the kernel had time to hear them: their page is gone."""
        while True:
            await asyncio.sleep(_SWEEP)
            self._ask_main(self._notice_free)
            for view in list(self._views.values()):
                if view.seen < self._free_at - _SILENT:
                    await self._forget(view)

    def _notice_free(self) -> None:
        """In the main thread, when it has time."""
        self._free_at = time.monotonic()
