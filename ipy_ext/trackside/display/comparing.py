"""Runs side by side: what differs in settings and surroundings, metrics, and the diffs of the source."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from trackside.client.frames import need_library
from trackside.display.sheet import Sheet
from trackside.display.text import number, table
from trackside.models import Comparison, ConfigRow, SourceDiff
from trackside.sdk.goals import Goal, best, goal
from trackside.tracking.values import restore_floats

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Compared", "comparison_text"]

_DIFF_LINES = 40
_LONGEST = 60
_DIFF_COLOURS = {"+": "#43a047", "-": "#e53935", "@": "#808080"}


def comparison_text(comparison: Comparison, *, lines: int = _DIFF_LINES) -> str:
    """Return a comparison as text; of each diff the first so many lines."""
    parts = [table(_head(comparison), list(_rows(comparison)))]
    parts += [_diff_text(comparison, diff, lines) for diff in comparison.source]
    parts += _sentences(comparison)
    return "\n\n".join(parts)


class Compared(Sheet):
    """A comparison as a table for a notebook; ``data`` and ``curves`` are its DataFrames."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        said = _sentences(comparison)
        super().__init__(comparison_text(comparison), "", _head(comparison), list(_rows(comparison)), said)

    @property
    def data(self) -> DataFrame:
        """Settings, metrics and surroundings: one row per key, one column per run id."""
        need_library("pandas")
        import pandas as pd

        rows = {f"config.{row.key}": row.values for row in self.comparison.config}
        for metric in self.comparison.metrics:
            rows |= {f"{metric.key}.last": list(metric.last), f"{metric.key}.min": list(metric.min)}
            rows[f"{metric.key}.max"] = list(metric.max)
        rows |= {f"environment.{row.key}": row.values for row in self.comparison.environment}
        values = [[restore_floats(value) for value in row] for row in rows.values()]
        return pd.DataFrame(values, index=list(rows), columns=[run.id for run in self.comparison.runs])

    def curves(self, key: str) -> DataFrame:
        """One metric over the axis that was asked for: the index; one column per run id."""
        need_library("pandas")
        import pandas as pd

        from trackside.errors import NotFound, near

        found = {curve.key: curve for curve in self.comparison.curves}
        if key not in found:
            hint = near(key, found) or f"There are {', '.join(found) or 'none'}."
            raise NotFound(f"No metric {key!r} was compared.", hint=hint)
        curve = found[key]
        columns = {run.id: values for run, values in zip(self.comparison.runs, curve.y, strict=True)}
        return pd.DataFrame(columns, index=pd.Index(curve.x, name=self.comparison.x), dtype=float)

    def _html(self) -> str:
        diffs = "".join(
            f"<details><summary>{html.escape(_title(self.comparison, diff))}</summary>"
            f"<pre>{_coloured(diff.diff)}{'…' if diff.cut else ''}</pre></details>"
            for diff in self.comparison.source
        )
        return super()._html() + diffs


def _coloured(diff: str) -> str:
    """Return a diff as HTML: what came green, what went red, legible in light and dark."""
    return "\n".join(
        f'<span style="color:{_DIFF_COLOURS[line[0]]}">{html.escape(line)}</span>'
        if line[:1] in _DIFF_COLOURS
        else html.escape(line)
        for line in diff.splitlines()
    )


def _head(comparison: Comparison) -> list[str]:
    return ["", *(run.id if run.name == run.id else f"{run.name} · {run.id}" for run in comparison.runs)]


def _rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    yield ("status", *(run.status for run in comparison.runs))
    for row in comparison.config:
        if row.differs:
            yield (row.key, *map(_said, row.values))
    for metric in comparison.metrics:
        yield (f"{metric.key} last", *map(number, metric.last))
        yield (f"{metric.key} min", *_starred(metric.key, "min", metric.min))
        yield (f"{metric.key} max", *_starred(metric.key, "max", metric.max))
    for row in comparison.environment:
        if row.differs:
            yield (row.key, *map(_said, row.values))


def _starred(key: str, towards: Goal, values: Sequence[float | None]) -> list[str]:
    """Return the values as text, the best of several with a star where the metric's name says that this way is better."""
    several = sum(value is not None for value in values) > 1
    leader = best(values, towards) if several and goal(key) == towards else None
    return [number(value) + (" ★" if place == leader else "") for place, value in enumerate(values)]


def _said(value: object) -> str:
    text = "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _sentences(comparison: Comparison) -> list[str]:
    """Say of what is not shown that it is the same, or that there is none to show."""
    if len(comparison.runs) < 2:
        return []
    gone = f"No source was kept of {', '.join(comparison.no_source)}." if comparison.no_source else ""
    return [sentence for sentence in (_same(comparison), gone) if sentence]


def _same(comparison: Comparison) -> str:
    parts = (("settings", comparison.config), ("surroundings", comparison.environment))
    same = [word for word, rows in parts if rows and not _differ(rows)]
    same += [] if comparison.source or comparison.no_source else ["source"]
    return f"The same in all: {', '.join(same)}." if same else ""


def _differ(rows: Sequence[ConfigRow]) -> bool:
    return any(row.differs for row in rows)


def _title(comparison: Comparison, diff: SourceDiff) -> str:
    return f"{diff.path}: {comparison.runs[0].id} → {diff.run_id}"


def _diff_text(comparison: Comparison, diff: SourceDiff, most: int) -> str:
    lines = diff.diff.splitlines()
    left = len(lines) - most
    more = [f"… {left} more lines"] if left > 0 else ["… and more"] if diff.cut else []
    return "\n".join([_title(comparison, diff), *lines[:most], *more])
