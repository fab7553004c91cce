"""A list that stays up to date: redrawn on a screen when something happens, one line per change in a pipe."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import TracksideError, TryAgain

if TYPE_CHECKING:
    from trackside.models import JobPage

__all__ = ["watch"]

_CLEAR = "\x1b[H\x1b[2J"
_CLOCK = 1.0


def watch(terminal: Terminal, page: Callable[[], JobPage]) -> None:
    """Show jobs as they change, until the person has seen enough."""
    if terminal.is_live:
        _redraw(terminal, page)
    else:
        _report(terminal)


def _report(terminal: Terminal) -> None:
    from trackside.display.text import now_utc
    from trackside.models import JobChanged
    from trackside.sdk.standing import summary_line

    for event in terminal.client.events():
        if isinstance(event, JobChanged):
            terminal.answer(event.job, summary_line(event.job, now_utc()))
            terminal.flush()


def _redraw(terminal: Terminal, page: Callable[[], JobPage]) -> None:
    """Read the list when an event came, draw it each second, since clocks run."""
    from trackside.cli.jobs import text_of

    shown = page()
    changes = _Changes(terminal)
    changes.start()
    while True:
        sys.stdout.write(_CLEAR)
        terminal.line(text_of(shown, terminal.width))
        terminal.flush()
        if changes.happened.wait(_CLOCK):
            changes.happened.clear()
            if changes.failure is not None:
                raise changes.failure
            try:
                shown = page()
            except TryAgain:
                changes.happened.set()  # the server is away; the list stays as it was until it is back
                time.sleep(_CLOCK)


class _Changes(threading.Thread):
    """Listens to events; ``happened`` is set after each, and after the failure that ends it."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(name="trackside-watch", daemon=True)
        self.happened = threading.Event()
        self.failure: TracksideError | None = None
        self._client = terminal.client

    def run(self) -> None:
        """Listen until the process ends."""
        try:
            for _ in self._client.events():
                self.happened.set()
        except TracksideError as error:
            self.failure = error
            self.happened.set()
