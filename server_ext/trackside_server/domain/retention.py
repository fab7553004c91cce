"""Which finished runs go: by age, by number, by the room that all runs take. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from trackside.models.housekeeping import KEEP_TAG, Retention
from trackside_server.domain.record import JobRecord, RunRow

__all__ = ["needed_by", "to_prune"]


def needed_by(unfinished: Collection[JobRecord]) -> set[str]:
    """Return the ids and names of the jobs that unfinished ones wait for."""
    return {each.job for record in unfinished for each in record.spec.after}


def to_prune(
    runs: Sequence[RunRow],
    rule: Retention,
    now: datetime,
    *,
    needed: Collection[str] = (),
    sizes: Mapping[str, int] | None = None,
) -> list[RunRow]:
    """Return the runs that go, oldest first.

    Unfinished ones, those tagged ``keep`` and those that somebody waits for never go; of the rest with the rule's
    status and tag the newest ``rule.keep`` stay. Of what is left go those older than ``older_than``, and then the
    oldest until all ``runs`` together take no more than ``max_size``; all, where neither is asked. ``sizes`` are bytes
    by id, needed for ``max_size`` only. The age of an imported run counts from its import, if that was after its end.
    """
    matching = [row for row in runs if _matches(row, rule) and _may_go(row, needed)]
    matching.sort(key=_ended)
    candidates = matching[: max(0, len(matching) - (rule.keep or 0))]
    if rule.older_than is None and rule.max_size is None:
        return candidates
    chosen: list[RunRow] = []
    if rule.older_than is not None:
        before = now - timedelta(seconds=rule.older_than)
        chosen = [row for row in candidates if _ended(row) < before]
    if rule.max_size is None:
        return chosen
    known = sizes or {}
    left = sum(known.values()) - sum(known.get(row.id, 0) for row in chosen)
    for row in candidates[len(chosen) :]:  # sorted by age: those chosen are the first
        if left <= rule.max_size:
            break
        chosen.append(row)
        left -= known.get(row.id, 0)
    return chosen


def _matches(row: RunRow, rule: Retention) -> bool:
    return (not rule.status or row.status in rule.status) and (rule.tag is None or rule.tag in row.tags)


def _may_go(row: RunRow, needed: Collection[str]) -> bool:
    return row.is_terminal and KEEP_TAG not in row.tags and row.id not in needed and row.name not in needed


def _ended(row: RunRow) -> datetime:
    """An imported run may have ended years ago: it is here since its import."""
    ended = row.finished_at or row.created_at
    return ended if row.imported_at is None else max(ended, row.imported_at)
