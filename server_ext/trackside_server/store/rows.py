"""Records to column values and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from trackside.errors import InvalidInput
from trackside.models import Event, Job, JobChanged, JobDeleted, JobSpec, Queue, QueueChanged, RunChanged
from trackside.tracking.values import spell_floats
from trackside_server.domain.record import JobRecord, RunRow

__all__ = [
    "NewEvent",
    "event_from",
    "from_micros",
    "job_facts",
    "job_from",
    "run_facts",
    "run_from",
    "spec_text",
    "to_micros",
    "written",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
_decode_job = msgspec.json.Decoder(JobRecord).decode
_decode_queue = msgspec.json.Decoder(Queue).decode
_decode_run = msgspec.json.Decoder(RunRow).decode


class NewEvent(msgspec.Struct, frozen=True):
    """An event that is to be written; the store gives the id."""

    kind: str
    at: datetime
    seq: int | None
    payload: str
    record: JobRecord | None = None
    """The job that the event is about, for those who listen in this process."""


def to_micros(moment: datetime) -> int:
    """Return the microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the moment, in UTC, that is so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def job_facts(record: JobRecord) -> str:
    """Return the JSON text of a record without its spec, which is kept once, beside it."""
    facts = msgspec.structs.asdict(record)
    del facts["spec"]
    return _text({name: value for name, value in facts.items() if value is not None and value != ()})


def spec_text(spec: JobSpec) -> str:
    """Return the JSON text of a spec. Raises ``InvalidInput`` for a text that is none: it could not be kept whole."""
    if spec.config:
        spec = msgspec.structs.replace(spec, config=_spelt(spec.config))
    try:
        return _encode(spec).decode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"The job holds {error.object!r}, which is not readable as text.",
            hint="A file's name may have been read in another encoding; rename it.",
        ) from None


def job_from(facts: str, spec: str) -> JobRecord:
    """Return the record that ``job_facts`` and ``spec_text`` were made of."""
    return _decode_job(f'{facts[:-1]},"spec":{spec}}}')


def run_facts(row: RunRow) -> str:
    """Return the JSON text of a run's row; NaN and infinities are spelt as in the run folder."""
    return _text(msgspec.structs.replace(row, summary=_spelt(row.summary), config=_spelt(row.config)))


def run_from(facts: str) -> RunRow:
    """Return the row that ``run_facts`` was made of."""
    return _decode_run(facts)


def written(event: NewEvent, number: int, to_wire: Callable[[JobRecord], Job]) -> Event:
    """Return an event as clients see it, from what was just written under this number."""
    if event.record is not None:
        return JobChanged(number, event.at, to_wire(event.record))
    if event.kind == "job_deleted":
        return JobDeleted(number, event.at, event.payload)
    if event.kind == "queue":
        return QueueChanged(number, event.at, _decode_queue(event.payload))
    return RunChanged(number, event.at, event.payload)


def event_from(
    number: int, at: int, kind: str, payload: str, spec: str | None, to_wire: Callable[[JobRecord], Job]
) -> Event:
    """Return an event as clients see it. ``payload`` is the job's facts, or the id of the job or run."""
    moment = from_micros(at)
    if kind == "job":
        return JobChanged(number, moment, to_wire(job_from(payload, spec or "{}")))
    if kind == "job_deleted":
        return JobDeleted(number, moment, payload)
    if kind == "queue":
        return QueueChanged(number, moment, _decode_queue(payload))
    return RunChanged(number, moment, payload)


def _text(value: object) -> str:
    """Return JSON; half a character, as a job's message or a file's name may hold it, becomes a question mark."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace").decode()


def _spelt(values: dict[str, object]) -> dict[str, object]:
    return {key: spell_floats(value) for key, value in values.items()}
