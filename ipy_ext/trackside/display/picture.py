"""Curves as a PNG that reads well on a light and on a dark page: what stays in the notebook file when nothing is live.

Run as a program it draws what it is told on standard input; so a picture costs the kernel nothing (``draw_aside``).
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MAX_BYTES", "MAX_CHARTS", "Curve", "draw", "draw_aside", "smooth"]

MAX_BYTES = 200_000
MAX_CHARTS = 6
_COLUMNS = 3
_COLOURS = ("#1e88e5", "#ef6c00", "#43a047", "#ab47bc", "#e53935", "#00acc1", "#8d6e63", "#c0a000")
_LETTERS = 11.5
"""Letters of a title in an inch."""
_INK = "#808080"
_GRID = "#80808040"


@dataclass(frozen=True)
class Curve:
    """One line of a chart: ``label`` names the run, ``x`` and ``y`` have the same length; NaN leaves a gap."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Return an exponential moving average, unbiased at its start; ``weight`` 0 changes nothing, NaN stays NaN."""
    smoothed, level, total = [], 0.0, 0.0
    for value in values:
        if math.isfinite(value):
            level = weight * level + (1 - weight) * value
            total = weight * total + (1 - weight)
            smoothed.append(level / total)
        else:
            smoothed.append(math.nan)
    return smoothed


def draw(
    title: str, charts: Mapping[str, Sequence[Curve]], *, x: str = "step", weight: float = 0.0, note: str = ""
) -> bytes | None:
    """Return one chart per metric as a PNG under ``MAX_BYTES``; None when no curve has a point.

    ``note`` says of when the picture is. Charts beyond ``MAX_CHARTS`` are named in it, not drawn.
    """
    drawable = {key: [curve for curve in curves if _has_point(curve)] for key, curves in charts.items()}
    drawable = {key: curves for key, curves in drawable.items() if curves}
    if not drawable:
        return None
    shown = dict(list(drawable.items())[:MAX_CHARTS])
    if left := list(drawable)[MAX_CHARTS:]:
        note = f"{note} · not drawn: {', '.join(left)}".removeprefix(" · ")
    figure = _figure(title, shown, x, weight, note)
    for dpi in (110, 80, 50):
        picture = _png(figure, dpi)
        if len(picture) < MAX_BYTES:
            return picture
    return None


def draw_aside(
    title: str, charts: Mapping[str, Sequence[Curve]], *, x: str = "step", weight: float = 0.0, note: str = ""
) -> bytes | None:
    """Do as ``draw`` does, in a process of its own: nothing is printed here and no lock of this interpreter is held.

    None also where this environment has no matplotlib.
    """
    plain = {
        key: [{**asdict(curve), "x": list(curve.x), "y": list(curve.y)} for curve in curves]
        for key, curves in charts.items()
    }
    order = json.dumps({"title": title, "charts": plain, "x": x, "weight": weight, "note": note})
    done = subprocess.run(
        [sys.executable, __file__], input=order.encode(), capture_output=True, timeout=120, check=False
    )
    return done.stdout or None


def _main() -> None:
    order = json.load(sys.stdin)
    charts = {key: [Curve(**curve) for curve in curves] for key, curves in order.pop("charts").items()}
    sys.stdout.buffer.write(draw(order.pop("title"), charts, **order) or b"")


def _has_point(curve: Curve) -> bool:
    return any(math.isfinite(value) for value in curve.y)


def _figure(title: str, charts: Mapping[str, Sequence[Curve]], x: str, weight: float, note: str) -> Figure:
    from matplotlib.figure import Figure

    columns = min(len(charts), _COLUMNS)
    rows = -(-len(charts) // columns)
    width = 8.4 if columns > 1 else 5.6
    figure = Figure(figsize=(width, 0.5 + 2.1 * rows), layout="constrained")
    figure.patch.set_alpha(0)
    figure.suptitle(
        _shortened(title, width), x=0.01, ha="left", fontsize=9.5, fontweight="bold", color=_INK, parse_math=False
    )
    figure.supxlabel(note[:160], x=0.99, ha="right", fontsize=7, color=_INK, parse_math=False)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (key, curves) in zip(axes, charts.items(), strict=False):
        _chart(axis, key, curves, x, weight)
    for axis in axes[len(charts) :]:
        axis.set_visible(False)
    labels = {curve.label: _COLOURS[curve.colour % len(_COLOURS)] for curves in charts.values() for curve in curves}
    if len(labels) > 1:
        _legend(figure, labels)
    return figure


def _shortened(title: str, width: float) -> str:
    """What of a title fits into so many inches."""
    most = int(width * _LETTERS)
    return title if len(title) <= most else f"{title[: most - 1].rstrip()}…"


def _chart(axis: Axes, key: str, curves: Sequence[Curve], x: str, weight: float) -> None:
    axis.set_facecolor("none")
    axis.set_title(key[:60], fontsize=8.5, color=_INK, loc="left", parse_math=False)
    axis.set_title(f"{x}  smooth {weight:g}" if weight else x, fontsize=7, color=_INK, loc="right", parse_math=False)
    axis.grid(axis="y", color=_GRID, linewidth=0.7)
    axis.tick_params(colors=_INK, labelsize=7, length=0)
    for side, spine in axis.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_GRID)
    for curve in curves:
        colour = _COLOURS[curve.colour % len(_COLOURS)]
        marker = "o" if len(curve.x) == 1 else None
        if weight:
            axis.plot(curve.x, curve.y, color=colour, linewidth=0.7, alpha=0.3)
        axis.plot(curve.x, smooth(curve.y, weight), color=colour, linewidth=1.4, marker=marker, markersize=3)


def _legend(figure: Figure, labels: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=colour, linewidth=1.4, label=label[:40]) for label, colour in list(labels.items())[:10]
    ]
    columns = min(5, len(lines))
    legend = figure.legend(
        handles=lines, loc="outside lower left", ncols=columns, fontsize=7, frameon=False, labelcolor=_INK
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _png(figure: Figure, dpi: int) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=dpi, transparent=True, metadata={"Software": "trackside"})
    return target.getvalue()


if __name__ == "__main__":
    _main()
