"""A figure: of matplotlib as PNG; of plotly, altair and others that have ``to_html`` as a page of its own."""

from __future__ import annotations

import io
import sys
from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.media.content import Content, kind_of, within
from trackside.tracking.media.image import picture

__all__ = ["figure"]

_LARGEST_PAGE = 16 << 20
_WITHOUT_SCRIPT = {"include_plotlyjs": "cdn"}
"""plotly: the page names the script instead of holding its four megabytes."""


def figure(key: str, value: Any = None) -> Content:
    """Return a figure as it is kept; None stands for matplotlib's current one.

    Taken are figures and axes of matplotlib (seaborn too), and whatever has ``to_html``. Raises NotLoggable for
    anything else, or when there is no current figure.
    """
    value = _current(key) if value is None else value
    if not hasattr(value, "savefig") and not hasattr(value, "to_html"):
        value = getattr(value, "figure", value)  # axes, a grid of seaborn
    if hasattr(value, "savefig"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", bbox_inches="tight")
        return picture("figure", key, buffer.getvalue())
    if hasattr(value, "to_html"):
        page = _page(value).encode("utf-8", "backslashreplace")
        hint = "Draw fewer points, or keep the page with save_artifact."
        return Content("figure", "html", within(key, page, _LARGEST_PAGE, hint))
    raise NotLoggable(
        f"{key!r}: a {kind_of(value)} is not a figure.", hint="Log a figure of matplotlib, or one that has to_html()."
    )


def _page(value: Any) -> str:
    options = _WITHOUT_SCRIPT if type(value).__module__.startswith("plotly") else {}
    return str(value.to_html(**options))


def _current(key: str) -> Any:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        raise NotLoggable(f"{key!r}: there is no current figure.", hint="Draw one with matplotlib, or give it: fig=…")
    return pyplot.gcf()
