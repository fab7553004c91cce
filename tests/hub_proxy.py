"""A proxy as a JupyterHub has before each user's server: another host and port, paths passed on as they are written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

__all__ = ["HubProxy", "hub_proxy"]

_OWN = {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "content-encoding"}
_OF_SOCKETS = {"Host", "Origin", "Cookie", "Authorization"}
_PATIENCE = 3600.0


class HubProxy:
    """Passes requests and WebSockets on to ``target``; ``prefix`` is the user's part of all addresses."""

    def __init__(self, target: str, prefix: str) -> None:
        self.target = target
        self.prefix = prefix
        self.port = 0
        self.passed: list[str] = []
        """The paths that were passed on."""
        self.sockets: set[_Socket] = set()
        self._loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        """Where the user's server is found, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def call(self, what: Callable[[], None]) -> None:
        """Do something in the proxy's own thread."""
        self._loop.call_soon_threadsafe(what)

    def cut(self) -> None:
        """Close every WebSocket, as a proxy does that is started anew."""
        self.call(lambda: [each.close() for each in tuple(self.sockets)] and None)

    def run(self, ready: threading.Event) -> None:
        """Serve until ``stop``."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._over = asyncio.Event()
        rest = self.prefix.replace(".", r"\.") + "(.*)"
        routes = [(rest, _Passed, {"proxy": self}), ("/.*", _Elsewhere)]
        server = HTTPServer(Application(routes))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        server.stop()
        await server.close_all_connections()

    def stop(self) -> None:
        """Serve no more."""
        self.call(self._over.set)


class _Elsewhere(RequestHandler):
    """What lies outside the user's part belongs to the hub."""

    def prepare(self) -> None:
        self.set_status(404)
        self.finish("This is the hub, not the user's server.")


class _Socket(WebSocketHandler):
    """A WebSocket on each side; what comes on one goes out on the other."""

    proxy: HubProxy
    other: WebSocketClientConnection | None = None
    back: asyncio.Task[None] | None = None

    async def open(self, *_: str) -> None:  # type: ignore[override]
        headers = {name: value for name, value in self.request.headers.get_all() if name in _OF_SOCKETS}
        address = self.proxy.target.replace("http", "ws", 1) + self.request.uri
        self.other = await websocket_connect(
            HTTPRequest(address, headers=headers),
            subprotocols=[self.selected_subprotocol] if self.selected_subprotocol else None,
        )
        self.proxy.sockets.add(self)
        self.back = asyncio.create_task(self._pass_back())

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if subprotocols else None

    async def _pass_back(self) -> None:
        assert self.other is not None
        while (message := await self.other.read_message()) is not None:
            with suppress(Exception):
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        assert self.other is not None  # nothing is read before ``open`` is over
        await self.other.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        self.proxy.sockets.discard(self)
        if self.other is not None:
            self.other.close()


class _Passed(_Socket):
    """One request, or one WebSocket, of the user's server."""

    def initialize(self, proxy: HubProxy) -> None:
        self.proxy = proxy

    async def get(self, *args: Any, **kwargs: Any) -> None:
        self.proxy.passed.append(self.request.path)
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await super().get(*args, **kwargs)
        else:
            await self._pass()

    async def _pass(self, *_: str) -> None:
        headers = HTTPHeaders(
            [pair for pair in self.request.headers.get_all() if pair[0].lower() not in {*_OWN, "accept-encoding"}]
        )
        headers["X-Forwarded-Host"] = self.request.host
        headers["X-Forwarded-Proto"] = "http"
        method = self.request.method or "GET"
        started = False

        def head(line: str) -> None:
            nonlocal started
            if line.startswith("HTTP/"):
                self.clear()
                for name in list(self._headers):
                    self.clear_header(name)
                self.set_status(int(line.split()[1]))
            elif ":" in line:
                name, value = line.strip().split(":", 1)
                if name.lower() not in _OWN:
                    self.add_header(name, value.strip())
            started = True

        def body(chunk: bytes) -> None:
            self.write(chunk)
            self.flush()

        asked = HTTPRequest(
            self.proxy.target + self.request.uri,
            method=method,
            headers=headers,
            body=self.request.body if method in {"POST", "PUT", "PATCH"} else None,
            follow_redirects=False,
            header_callback=head,
            streaming_callback=body,
            request_timeout=_PATIENCE,
            decompress_response=False,
        )
        await AsyncHTTPClient().fetch(asked, raise_error=False)
        if not started:
            self.set_status(502)
        self.finish()

    post = put = patch = delete = options = _pass
    head = _pass


@contextmanager
def hub_proxy(target: str, prefix: str) -> Iterator[HubProxy]:
    """Run a proxy in a thread of its own."""
    proxy, ready = HubProxy(target, prefix), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(ready,), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield proxy
    proxy.stop()
    thread.join(10)
