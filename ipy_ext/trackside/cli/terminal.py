"""What a verb speaks through: the server on one side, the person or script on the other."""

from __future__ import annotations

import os
import re
import shutil
import sys
import types
from typing import TYPE_CHECKING

from trackside.errors import TracksideError

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["Terminal"]


class Terminal:
    """Answers go to stdout, as text or as JSON envelopes; words about them go to stderr."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.url: str | None = None
        self.token: str | None = None
        self.certificates: tuple[str | None, str | None, str | None] = (None, None, None)
        """Paths of the authority's, of one's own, and of its key."""
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client, made when it is first used."""
        if self._client is None:
            _spare_the_command_line_of_httpx()
            from trackside.client import Client

            self._client = Client(self.url, self.token, *self.certificates)
        return self._client

    @property
    def is_live(self) -> bool:
        """Whether a person looks at stdout."""
        return sys.stdout.isatty() and not self.json

    @property
    def width(self) -> int:
        """The columns of the screen that a person looks at; 0 where there is none."""
        return shutil.get_terminal_size().columns if self.is_live else 0

    def answer(self, data: object, text: str) -> None:
        """Give the answer: ``data`` in an envelope with ``--json``, else ``text``."""
        if self.json:
            self._envelope(data, None)
        elif text:
            self.line(text)

    def line(self, text: str) -> None:
        """Write text for a reader; a person's screen gets no line broken."""
        sys.stdout.write((coloured(self.fitted(text)) if self.is_live else text) + "\n")

    def raw(self, content: bytes) -> None:
        """Write bytes as they are, at once."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def note(self, text: str) -> None:
        """Say something that is not part of the answer."""
        sys.stderr.write(text + "\n")

    def fail(self, error: TracksideError, data: object = None) -> None:
        """Say what went wrong: one line, or an envelope (with what is known in spite of it)."""
        if self.json:
            self._envelope(data, {"code": error.code, "message": error.message, "hint": error.hint})
        else:
            self.note(f"error: {' '.join(str(error).split())}")

    def fitted(self, text: str) -> str:
        """Return the text with lines cut to the width of the screen."""
        width = shutil.get_terminal_size().columns
        return "\n".join(line if len(line) <= width else f"{line[: width - 1]}…" for line in text.splitlines())

    def flush(self) -> None:
        """Hand everything over now, while a broken pipe can still be told from success."""
        sys.stdout.flush()

    def close(self) -> None:
        """Close the connection, if there was one."""
        if self._client is not None:
            self._client.close()

    def _envelope(self, data: object, error: dict[str, str] | None) -> None:
        import msgspec

        sys.stdout.write(msgspec.json.encode({"data": data, "error": error}).decode() + "\n")
        sys.stdout.flush()


_COLOURS = {
    "running": 34,
    "completed": 32,
    "failed": 31,
    "cancelled": 90,
    "pending": 33,
    "scheduled": 33,
}
_STATES = re.compile(rf"(?<![\w-])({'|'.join(_COLOURS)})(?![\w-])")


def coloured(text: str) -> str:
    """Return the text with words of status in their colours; as it is where ``NO_COLOR`` asks for none (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return _STATES.sub(lambda word: f"\x1b[{_COLOURS[word[1]]}m{word[1]}\x1b[0m", text)


def _spare_the_command_line_of_httpx() -> None:
    """Keep ``import httpx`` from loading click, rich and pygments for a program of its own: a third of its time.

    An empty module in its place is a case that httpx handles. In this process only, which is ours.
    """
    if "httpx" not in sys.modules:
        sys.modules.setdefault("httpx._main", types.ModuleType("httpx._main"))
