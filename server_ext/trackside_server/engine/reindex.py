"""Reindex: the store, an index, is built anew from the run folders, beside the old one, and put in its place.

Ids are kept and go on above the highest. What ran is adopted by the next server; what waited is held, since nobody
knows how old the wish is, and its secrets went with the old store.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from trackside.errors import Conflict, TracksideError
from trackside.models import FINAL, WAITING, JobSpec
from trackside.tracking.folder import RunFolder
from trackside.tracking.home import ensure_home
from trackside_server.domain.attempt import AttemptRecord, parse_attempt
from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine.folder import highest_removed
from trackside_server.engine.index import moment_of, reason_of, row_of_job, status_of, text_of, with_own_words
from trackside_server.engine.leadership import Leadership, leadership
from trackside_server.store import Store, Tx, is_whole, put_in_place, salvaged_counter

__all__ = ["Reindexed", "job_folders", "reindex"]

_AT_ONCE = 200
HELD = "waited when the store was built anew; `trackside resume {id}` lets it start"


@dataclass(slots=True)
class Reindexed:
    """What came of it. ``held`` are the ids of waiting jobs, ``unreadable`` the folders without a readable ``job.json``."""

    jobs: int = 0
    running: int = 0
    highest: int = 0
    held: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    set_aside: str | None = None


class _Given(msgspec.Struct, frozen=True):
    """What stands in ``job.json`` beside the spec."""

    id: str
    uuid: str
    created_at: datetime


def reindex(home: Path, *, force: bool = False, release: bool = False) -> Reindexed:
    """Build the store of a home anew. Raises ``Conflict`` while a server schedules for it, or when the store is whole.

    ``force``: also a whole one; ``release``: jobs that waited may start at once, but those that need secrets.
    """
    home_id = ensure_home(home)
    lead = leadership(home)
    _take(lead, home)
    try:
        path = home / "trackside.db"
        if not force and is_whole(path):
            raise Conflict(
                f"The store {path} is whole; building it anew would hold what waits.",
                hint="--force does it all the same.",
                code="store_whole",
            )
        return _build(home, home_id, path, release)
    finally:
        lead.release()


def _take(lead: Leadership, home: Path) -> None:
    if lead.take():
        return
    pid, host = lead.holder()
    where = f" on {host}" if host else ""
    raise Conflict(
        f"A server (process {pid}{where}) schedules for {home}.",
        hint="End it (`trackside server stop`, or shut JupyterLab down; jobs go on), then run this again.",
        code="server_runs",
    )


def _build(home: Path, home_id: str, path: Path, release: bool) -> Reindexed:
    fresh = path.with_name(f".{path.name}.new")
    for left in home.glob(f"{fresh.name}*"):
        left.unlink()
    done = Reindexed(highest=max(salvaged_counter(path), highest_removed(home)))
    store = Store.open(fresh, home_id=home_id)
    try:
        first = time.time_ns() // 1_000_000  # above every id that the old store can have given to an event
        store.write_now(lambda tx: tx.begin_events_after(first))
        batch: list[JobRecord] = []
        for record in _records(home, done, release):
            batch.append(record)
            if len(batch) == _AT_ONCE:
                _keep(store, batch)
        _keep(store, batch)
        store.write_now(lambda tx: tx.raise_job_ids(done.highest))
    finally:
        store.close()
    done.set_aside = put_in_place(fresh, path)
    return done


def _keep(store: Store, batch: list[JobRecord]) -> None:
    def keep(tx: Tx) -> None:
        for record in batch:
            tx.insert_job(record)
            tx.insert_runs([with_own_words(row_of_job(record))])

    store.write_now(keep)
    batch.clear()


def _records(home: Path, done: Reindexed, release: bool) -> Iterator[JobRecord]:
    for seq, folder in job_folders(home):
        done.highest = max(done.highest, seq)
        try:
            record = _record(seq, RunFolder(folder), release)
        except (OSError, msgspec.MsgspecError, TracksideError):
            done.unreadable.append(folder.name)
            continue
        done.jobs += 1
        done.running += record.status == "running"
        if record.held:
            done.held.append(record.id)
        yield record


def job_folders(home: Path) -> list[tuple[int, Path]]:
    """Return number and path of the run folders of jobs, by number."""
    try:
        names = [path for path in (home / "runs").iterdir() if path.name.startswith("job-")]
    except FileNotFoundError:
        return []
    return sorted((seq, path) for path in names if (seq := job_seq(path.name)) is not None)


def _record(seq: int, folder: RunFolder, release: bool) -> JobRecord:
    content = folder.spec.read_bytes()
    given, spec = msgspec.json.decode(content, type=_Given), msgspec.json.decode(content, type=JobSpec)
    meta = folder.read_meta()
    name, tags = text_of(meta.get("name")) or None, meta.get("tags")
    record = JobRecord(
        seq=seq,
        uuid=given.uuid,
        name=spec.name if name in {None, folder.path.name} else name,
        created_at=given.created_at,
        priority=spec.priority,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else tuple(spec.tags),
        run_dir=str(folder.path),
        not_before=spec.at,
        spec=spec,
    )
    numbers = sorted(int(path.stem) for path in folder.attempts.glob("*.json") if path.stem.isdigit())
    last = None
    for number in numbers:
        with contextlib.suppress(TracksideError, OSError):
            last = parse_attempt(folder.attempt(number).read_bytes())
            record = _after(record, number, last)
    status = status_of(meta.get("status"))
    if last is not None and last.exit is None:
        return msgspec.structs.replace(record, status="running")
    if status not in FINAL and (last is None or status in WAITING):
        if not release or spec.secrets:
            return msgspec.structs.replace(record, status="pending", held=HELD.format(id=record.id))
        later = record.not_before is not None and record.not_before > datetime.now(UTC)
        return msgspec.structs.replace(record, status="scheduled" if later else "pending")
    return _ended(record, meta, last)


def _after(record: JobRecord, number: int, attempt: AttemptRecord) -> JobRecord:
    begun = msgspec.structs.replace(
        record,
        attempt=number,
        started_at=attempt.started_at,
        gpus=tuple(attempt.gpus),
        limits=tuple(attempt.limits),
        cost_per_hour=attempt.cost_per_hour,
        not_before=None,
    )
    if attempt.exit is None:
        return begun
    gpu_hours, cost = begun.charged(attempt.exit.finished_at)
    return msgspec.structs.replace(begun, gpu_hours=gpu_hours, cost=cost)


def _ended(record: JobRecord, meta: dict[str, object], last: AttemptRecord | None) -> JobRecord:
    """The runner's word counts; where none was written, that of the server that closed the job."""
    how = last.exit if last is not None else None
    if how is None:
        code = meta.get("exit_code")
        return msgspec.structs.replace(
            record,
            status=status_of(meta.get("status")),
            reason=reason_of(meta.get("reason")),
            exit_code=code if isinstance(code, int) else None,
            finished_at=moment_of(meta.get("finished_at")),
        )
    return msgspec.structs.replace(
        record,
        status=how.status,
        reason=how.reason,
        exit_code=how.exit_code,
        finished_at=how.finished_at,
        peak_memory=how.peak_memory,
    )
