"""Lets panels in a front end that cannot reach the server (VS Code, Colab) speak to it through the kernel.

A thread of the kernel does it, which needs nothing of the main thread: what panels subscribed to keeps flowing while a
cell runs. It never prints, and it ends when nobody looks.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from trackside.display.exchange import Exchange, Panel

if TYPE_CHECKING:
    from trackside.client import AsyncClient, Client

__all__ = ["Relay"]

_log = logging.getLogger(__name__)


class Relay:
    """One thread and one connection to the server for all panels of a kernel."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._exchange: Exchange | None = None
        self._main: asyncio.AbstractEventLoop | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._exchange is not None

    def notice_loop(self) -> None:
        """Remember the kernel's main loop; called in a cell. It tells later whether the kernel has time."""
        with suppress(RuntimeError):
            self._main = asyncio.get_running_loop()

    def receive(self, panel: Panel, content: Mapping[str, object]) -> None:
        """Take a message of a panel's view, in whatever thread the kernel handles messages."""
        with self._lock:
            if self._exchange is None:
                if content.get("op") == "bye":
                    return
                self._exchange = Exchange(self._async_client, self._ask_main, self._may_end)
                thread = threading.Thread(target=self._run, args=(self._exchange,), name="trackside-relay", daemon=True)
                thread.start()
            self._exchange.put(panel, content)

    def _run(self, exchange: Exchange) -> None:
        try:
            exchange.run()
        except Exception:  # noqa: BLE001  # the boundary of the thread
            _log.debug("panels in the front end stay as they are", exc_info=True)
        finally:
            with self._lock:
                if self._exchange is exchange:
                    self._exchange = None

    def _may_end(self, exchange: Exchange) -> bool:
        """Whether nothing came meanwhile; then the next message starts another thread."""
        with self._lock:
            if not exchange.is_idle:
                return False
            self._exchange = None
            return True

    def _ask_main(self, answer: Callable[[], None]) -> None:
        """Call back in the main thread as soon as it has time."""
        if self._main is not None:
            with suppress(RuntimeError):  # the loop was closed
                self._main.call_soon_threadsafe(answer)

    def _async_client(self) -> AsyncClient:
        """A client to the same server, for the thread's own loop."""
        from trackside.client import AsyncClient

        at = self._client().address()
        if at.is_found:
            return AsyncClient()  # finds it anew when it has moved
        return AsyncClient(at.url, at.token, at.ca_cert, at.client_cert, at.client_key)
