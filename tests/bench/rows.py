"""What one measurement says, and how all of them are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Row", "quantile", "show"]


@dataclass(frozen=True)
class Row:
    """One figure beside its floor. ``bar`` is the limit; ``ratio`` rows are held against ``bar`` times the floor."""

    what: str
    value: float
    unit: str
    bar: float
    floor: float | None = None
    floor_name: str = ""
    at_least: bool = False

    @property
    def compared(self) -> float:
        """What is held against the bar."""
        return self.value / self.floor if self.floor else self.value

    @property
    def met(self) -> bool:
        """Whether the bar is met."""
        return self.compared >= self.bar if self.at_least else self.compared <= self.bar


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def show(rows: Iterable[Row | str]) -> None:
    """Print rows as they come, aligned, and lines as they are."""
    for row in rows:
        if isinstance(row, str):
            print(row, flush=True)
            continue
        beside = f"{row.compared:6.2f} × {row.floor_name} ({row.floor:.4g} {row.unit})" if row.floor else ""
        sign, unit = "≥" if row.at_least else "≤", "×" if row.floor else row.unit
        verdict = "met" if row.met else "MISSED"
        print(
            f"{row.what:<62} {row.value:>9.4g} {row.unit:<7} {beside:<44} bar {sign} {row.bar:g} {unit:<7} {verdict}",
            flush=True,
        )
