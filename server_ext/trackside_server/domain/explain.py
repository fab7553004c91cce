"""One sentence for where a job stands; the waiting ones by the predicates that the plan uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trackside.models import FINAL, WAITING, Blocker, Explanation, Reason, Status
from trackside.models.units import format_duration
from trackside_server.domain.again import retry_sentence
from trackside_server.domain.blockers import blockers
from trackside_server.domain.forecast import starts_about
from trackside_server.domain.plan import Snapshot
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import waiting_of

__all__ = ["explain", "sentence"]


def explain(
    record: JobRecord, snapshot: Snapshot | None, now: datetime, awaits: Sequence[str] = (), *, forecast: bool = False
) -> Explanation:
    """Return why this job stands where it stands; ``snapshot`` None while it is being started.

    ``awaits``: sentences of the jobs that it waits for. With ``forecast`` the answer says when it may start, where
    time limits tell.
    """
    found: list[Blocker] = []
    about: datetime | None = None
    if record.status in WAITING and record.cancel_requested is None and snapshot is not None:
        found = _found(record, snapshot, now, awaits)
        if forecast and found and record.status == "pending" and not awaits:
            about = starts_about(waiting_of(record), snapshot)
    said = sentence(record, found, now)
    if about is not None:
        said += f"; starts at {_clock(about, now)} at the latest"
    return Explanation(record.id, record.status, said, found, about)


def _found(record: JobRecord, snapshot: Snapshot, now: datetime, awaits: Sequence[str]) -> list[Blocker]:
    found = [Blocker("dependency", said) for said in awaits]
    if record.status == "scheduled":
        found.insert(0, _moment(record, now))
    elif not found:
        return blockers(waiting_of(record), snapshot)
    return [Blocker("paused", snapshot.paused), *found] if snapshot.paused else found


def _moment(record: JobRecord, now: datetime) -> Blocker:
    if record.last_end is not None:
        return Blocker("retry", retry_sentence(record, now))
    moment = record.not_before or now
    left = max(0.0, (moment - now).total_seconds())
    return Blocker("at", f"starts at {_clock(moment, now)}, in {format_duration(left)}")


def sentence(record: JobRecord, found: Sequence[Blocker], now: datetime) -> str:
    """Return the one sentence; ``found`` are the blockers of a waiting job."""
    if record.status in FINAL:
        return _ended(record.status, record.reason, record.started_at, record.finished_at)
    if record.cancel_requested is not None:
        return "is being cancelled"
    if record.status == "running":
        began = record.started_at or now
        return f"running for {format_duration(max(0.0, (now - began).total_seconds()))}"
    before = retry_sentence(record, now) if record.status == "pending" else ""
    said = [before] if before else []
    return "; ".join(said + [blocker.message for blocker in found]) or "starts now"


def _clock(moment: datetime, now: datetime) -> str:
    here, today = moment.astimezone(), now.astimezone()
    return f"{here:%H:%M}" if here.date() == today.date() else f"{here:%Y-%m-%d %H:%M}"


def _ended(status: Status, reason: Reason | None, started: datetime | None, finished: datetime | None) -> str:
    took = ""
    if started and finished:  # by two clocks, perhaps
        took = f" after {format_duration(max(0.0, (finished - started).total_seconds()))}"
    if status == "completed":
        return f"completed{took.replace('after', 'in')}"
    if reason is None:
        return f"{status}{took}"
    return f"{reason.message}{took}" if reason.code == "exit_code" or not took else f"{reason.message} ({took.strip()})"
