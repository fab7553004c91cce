"""Whatever is sent as a submission is either refused in a sentence or becomes a spec that can be kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.models import GpuRequest, JobSpec, parse_gpus, parse_submission
from trackside.models.fields import FIELDS
from trackside.models.units import format_duration, format_size, parse_duration, parse_size
from trackside.tracking.atomic import encode_json
from trackside_server.domain.blockers import blockers
from trackside_server.domain.command import argv_of, environment_of
from trackside_server.domain.plan import Machine, Snapshot, plan
from trackside_server.domain.record import JobRecord
from trackside_server.domain.requests import check_request
from trackside_server.domain.standing import running_of, waiting_of

_A = TypeVar("_A")
_B = TypeVar("_B")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from((10**400, -(10**400), 2**63, 0))
    | st.floats()
    | st.text()
    | st.text(st.sampled_from("0123456789.:-hmdsGMK xa")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
sizes = st.sampled_from(("8G", "512M", "1.5T", "8", "8X", 2**30, 0, -1, "", "1e3G", True))
times = st.sampled_from(("2h", "2h30m", "01:00:00", "1-12:00:00", 90, 0, -1, "2h30", "soon", 1e300, 10**400, "9" * 70))
meant: dict[str, st.SearchStrategy[object]] = {
    "command": st.sampled_from(("ls", ["ls", "-l"], [], "", ["", "x"], ["a\0"], ["\ud800"])),
    "cell": st.sampled_from(("x = 1", "!ls", " ", "\0", "\ud800")),
    "script": st.sampled_from(("/a.py", "a.py", "~/a.py", "~nobody-here/a.py", "/" + "x" * 5000)),
    "notebook": st.sampled_from(("/a.ipynb", "")),
    "function": st.sampled_from(("module.f", "")),
    "name": st.sampled_from(("fine", "job-1", "7", "local-x", "a/b", "é", "x" * 200)),
    "tags": st.lists(st.sampled_from(("a", "", "\0"))),
    "config": st.dictionaries(st.text(), anything, max_size=3),
    "gpus": st.sampled_from(
        (0, 1, 2, 0.5, 0.3, "a100:2", "2xa100", "a100x2", "?", {"count": 2, "type": "a100"}, {"count": -1})
    ),
    "gpu_memory": sizes,
    "memory": sizes,
    "cpus": st.sampled_from((1, 0.5, "2", 0, -1, 1e9)),
    "time": times,
    "grace": times,
    "priority": st.sampled_from((0, 5, -5, 10**7, 0.5, "3")),
    "workdir": st.sampled_from(("/tmp", "tmp", "~")),
    "env": st.dictionaries(st.sampled_from(("A", "B C", "", "A=")), st.sampled_from(("x", "\0", "\ud800"))),
    "environment": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    "secrets": st.dictionaries(st.sampled_from(("KEY", "K E")), st.text(max_size=5)),
    "staging": st.sampled_from(("0" * 32, "../../etc", "")),
    "outputs": st.lists(st.sampled_from(("model", "a b", "class", ""))),
}


@st.composite
def submissions(draw: st.DrawFn) -> dict[str, object]:
    """Some fields with what people write there, some with anything at all."""
    kind = draw(st.sampled_from(("command", "cell", "script", "notebook", "function")))
    raw: dict[str, object] = {kind: draw(meant[kind])}
    for field in draw(st.lists(st.sampled_from(sorted(meant)), max_size=4, unique=True)):
        raw[field] = draw(meant[field])
    for field in draw(st.lists(st.sampled_from(sorted(FIELDS)) | st.text(), max_size=2)):
        raw[field] = draw(anything)
    return raw


@given(submissions())
@settings(max_examples=600)
def test_a_submission_is_refused_in_a_sentence_or_can_be_kept(raw: dict[str, object]) -> None:
    submission = _read(parse_submission, raw)
    if isinstance(submission, InvalidInput):
        assert 0 < len(submission.message.encode()) < 800
        return
    _can_be_kept(submission.spec)
    assert submission.spec.secrets == sorted(submission.secrets)


def _can_be_kept(spec: JobSpec) -> None:
    """Everything that is done with a spec before its process starts can be done with this one."""
    text = msgspec.json.encode(spec)
    assert msgspec.json.decode(text, type=JobSpec) == spec
    json.loads(text)
    json.loads(encode_json(spec.config))
    record = JobRecord(seq=1, uuid="u", created_at=NOW, started_at=NOW, run_dir="/r", spec=spec, name=spec.name)
    assert msgspec.json.decode(msgspec.json.encode(record), type=JobRecord) == record
    snapshot = Snapshot(Machine(4.0), [waiting_of(record)], [running_of(record)])
    assert bool(blockers(waiting_of(record), snapshot)) == (not plan(snapshot))
    for argument in argv_of(spec):
        argument.encode()
        assert "\0" not in argument
    environment = environment_of(
        spec, job_id="job-1", run_dir=Path("/r"), home=Path("/h"), attempt=1, carried={},
        secrets=dict.fromkeys(spec.secrets, "x"), gpus=(),
    )  # fmt: skip
    for name, value in environment.items():
        f"{name}={value}".encode()
        assert "\0" not in f"{name}{value}"
    refusal = _read(lambda value: check_request(value, Machine(4.0)), spec)
    assert refusal is None or refusal.hint


def _read(parse: Callable[[_A], _B], value: _A) -> _B | InvalidInput:
    """What the parser makes of a value, or its refusal; any other error is a failure."""
    try:
        return parse(value)
    except InvalidInput as error:
        return error


@given(anything)
def test_anything_at_all_as_gpus_is_a_request_or_refused(value: object) -> None:
    request = _read(lambda given: FIELDS["gpus"](given, "gpus"), value)
    if isinstance(request, InvalidInput):
        return
    assert isinstance(request, GpuRequest)
    assert 0 <= request.count <= 4096
    assert parse_gpus(str(request)) == request, "what is answered can be sent again"


@given(st.text(max_size=80) | st.text(st.sampled_from("0123456789.:-dhmins "), max_size=80))
def test_a_time_is_positive_or_refused(text: str) -> None:
    seconds = _read(parse_duration, text)
    if isinstance(seconds, InvalidInput):
        assert seconds.hint
        return
    assert 0 < seconds < 2**40
    assert format_duration(seconds)


@given(st.text(max_size=80) | st.text(st.sampled_from("0123456789. KMGTPiBkmgtpb"), max_size=80))
def test_a_size_is_positive_or_refused(text: str) -> None:
    size = _read(parse_size, text)
    if isinstance(size, InvalidInput):
        assert size.hint
        return
    assert 1 <= size < 2**63
    assert format_size(size)


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_time_reads_the_same_in_every_spelling(days: int, hours: int, minutes: int, seconds: int) -> None:
    whole = days * 86400 + hours * 3600 + minutes * 60 + seconds
    if not whole:
        return
    for text in (
        f"{days}-{hours:02d}:{minutes:02d}:{seconds:02d}",
        f"{days * 24 + hours}:{minutes:02d}:{seconds:02d}",
        f"{days}d{hours}h{minutes}m{seconds}s",
        f"{days} d {hours} h {minutes} min {seconds} s",
        f"{whole}",
        f"{whole}s",
    ):
        assert parse_duration(text) == whole, text
