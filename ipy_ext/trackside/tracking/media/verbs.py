"""The verbs by which a run keeps more than numbers; each loads what it needs when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.media.content import Content
from trackside.tracking.media.naming import checked
from trackside.tracking.media.shelf import Shelf
from trackside.tracking.values import scalar

__all__ = ["MediaVerbs"]

_LONGEST_CAPTION = 1024


class MediaVerbs:
    """``log_image`` and its kin. Keys are names as in ``log``; ``step`` too.

    All raise NotLoggable (a TypeError) naming the key, for a value of a wrong type or one that is too large, and
    RunClosedError after ``finish``. What cannot be written is counted (``dropped``), and never raises.
    """

    def _media_shelf(self) -> Shelf:
        raise NotImplementedError

    def log_image(self, key: str, image: Any, step: float | None = None, caption: str | None = None) -> None:
        """Keep an image: a path or bytes of a PNG, JPEG or GIF, a PIL image, or an array.

        Arrays are height × width, height × width × channels or, as torch has them, channels × height × width; whole
        numbers go from 0 to 255, floats from 0 to 1.
        """
        from trackside.tracking.media.image import image as content_of

        self._keep(key, step, lambda: content_of(key, image), caption)

    def log_figure(self, key: str, fig: Any = None, step: float | None = None, caption: str | None = None) -> None:
        """Keep a figure: of matplotlib as a picture (None: the current one), of plotly, altair, … as a page."""
        from trackside.tracking.media.figure import figure as content_of

        self._keep(key, step, lambda: content_of(key, fig), caption)

    def log_table(self, key: str, frame: Any, step: float | None = None, caption: str | None = None) -> None:
        """Keep a table as Parquet: a DataFrame of pandas or polars, a pyarrow table, a list of dicts, a dict of columns.

        Without polars or pyarrow it is kept as CSV.
        """
        from trackside.tracking.media.table import table as content_of

        self._keep(key, step, lambda: content_of(key, frame), caption)

    def log_text(self, key: str, text: str, step: float | None = None, caption: str | None = None) -> None:
        """Keep a text of any length up to 4 MB; panels show it as it is."""
        from trackside.tracking.media.text import text as content_of

        self._keep(key, step, lambda: content_of(key, text), caption)

    def log_histogram(self, key: str, values: Any, step: float | None = None, bins: int = 64) -> None:
        """Keep the distribution of numbers of any shape, or ``(counts, edges)`` as numpy gives it.

        NaN and infinities are counted apart. ``bins`` is the number of bins of equal width, at most 512.
        """
        from trackside.tracking.media.histogram import histogram as content_of

        self._keep(key, step, lambda: content_of(key, values, bins))

    def _keep(self, key: str, step: float | None, content: Callable[[], Content], caption: str | None = None) -> None:
        shelf, key, number = self._media_shelf(), checked(key), _step(step)
        if caption is not None and not isinstance(caption, str):
            raise NotLoggable(f"{key!r}: the caption {caption!r} is not a text.")
        shelf.keep(key, content(), number, None if caption is None else caption[:_LONGEST_CAPTION])


def _step(step: float | None) -> float | int | None:
    number = scalar(step, "step")
    if isinstance(number, str):
        raise NotLoggable(f"step: {step!r} is not a number.", hint="Give a whole number that rises.")
    return int(number) if isinstance(number, bool) else number
