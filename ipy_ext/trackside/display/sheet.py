"""A table for a notebook: HTML where it can be shown, the same as text elsewhere. Pure."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

__all__ = ["Sheet"]

_COLOURS = {
    "running": "#1e88e5",
    "completed": "#43a047",
    "failed": "#e53935",
    "cancelled": "#808080",
    "pending": "#808080",
    "scheduled": "#808080",
}

_SHORT = 24
"""Characters of a cell that is never wrapped."""


class Sheet:
    """Rows under a head with a line above and, maybe, sentences below; ``text`` is what a terminal shows."""

    def __init__(
        self, text: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], below: Sequence[str] = ()
    ) -> None:
        self._below = below
        self._text = text
        self._title = title
        self._head = head
        self._rows = rows
        self.show_again: Callable[[], None] | None = None
        """Shows it where it is a value later on; None: as any other value."""

    def __repr__(self) -> str:
        return self._text

    def _ipython_display_(self) -> None:
        if self.show_again is None:
            raise NotImplementedError
        self.show_again()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.bundle()

    def bundle(self) -> dict[str, str]:
        """Return the forms in which it can be shown."""
        return {"text/plain": self._text, "text/html": self._html()} if self._rows else {"text/plain": self._text}

    def _html(self) -> str:
        used = [column for column in range(len(self._head)) if any(row[column] for row in self._rows)]
        head = "".join(f'<th style="text-align:left">{html.escape(self._head[column])}</th>' for column in used)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{_style(row[column])}">{_cell(row[column])}</td>' for column in used)
            + "</tr>"
            for row in self._rows
        )
        title = f"<div>{html.escape(self._title)}</div>" if self._title else ""
        below = "".join(f"<div>{html.escape(sentence)}</div>" for sentence in self._below)
        return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _style(text: str) -> str:
    """Short texts stay on one line, so that a long one beside them wraps in their stead."""
    return "text-align:left" + (";white-space:nowrap" if len(text) <= _SHORT else "")


def _cell(text: str) -> str:
    """Return the text as HTML; a status at its start gets its dot."""
    colour = _COLOURS.get(text.partition(" ")[0])
    dot = f'<span style="color:{colour}">●</span> ' if colour else ""
    return dot + html.escape(text)
