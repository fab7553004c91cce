"""What is shown of a log with secrets in it: every byte once, none of a value, also while it is being written."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.probes.process import ProcessId
from trackside.tracking.folder import RunFolder
from trackside.tracking.masking import Mask
from trackside_server.engine.masking import Cover, Masks, keep_places
from trackside_server.executors.base import AttemptRef

VALUE = "opensesame"


@pytest.fixture
def folder(tmp_path):
    found = RunFolder(tmp_path / "job-1")
    found.create()
    found.attempts.mkdir()
    return found


def record(folder, number=1, *, process=None, ended=False):
    me = ProcessId.of().to_dict()
    how = {"status": "completed", "finished_at": "2026-11-22T00:00:00Z"} if ended else None
    content = {"format": 1, "attempt": number, "runner": me, "process": process, "exit": how}
    folder.attempt(number).write_text(json.dumps(content))


def cover(folder, masks=None):
    masks = masks or Masks()
    return Cover(folder, masks, "job-1", ["KEY"])


def knowing(folder, *values):
    masks = Masks()
    masks.know("job-1", 1, Mask(values or [VALUE]))
    record(folder, process=ProcessId.of().to_dict())
    return cover(folder, masks)


@given(st.lists(st.sampled_from([VALUE, "open", "sesame", "o", "\n", "é"]), max_size=12), st.integers(1, 13), st.data())
def test_a_reader_in_pieces_sees_what_the_whole_shows(tmp_path_factory, parts, limit, data):
    """However the log grows and wherever the pieces end, they are together the log with stars for the values."""
    place = RunFolder(tmp_path_factory.mktemp("run"))
    place.create()
    place.attempts.mkdir()
    shown = knowing(place)
    text = "".join(parts).encode()
    seen = b""
    written = 0
    while written < len(text):
        written = data.draw(st.integers(written + 1, len(text)))
        place.log.write_bytes(text[:written])
        while piece := shown.read(len(seen), limit, final=False):
            seen += piece
    while piece := shown.read(len(seen), limit, final=True):
        seen += piece
    assert seen == Mask([VALUE]).bytes(text)


@pytest.mark.parametrize("start", range(25))
def test_a_reader_may_begin_anywhere(folder, start):
    folder.log.write_bytes(b"12345opensesame1234567890")
    assert knowing(folder).read(start, 100, final=True) == b"12345**********1234567890"[start:]


def test_a_block_has_as_many_bytes_as_the_file(folder):
    folder.log.write_bytes(b"opensesame and open")
    assert knowing(folder).block(0, 100) == b"********** and ****"


def test_places_that_were_written_down_hide_without_the_value(folder):
    folder.log.write_bytes(b"x opensesame y")
    record(folder, process=ProcessId.of().to_dict(), ended=True)
    folder.masked(1).write_text("[[2, 12]]")
    assert cover(folder).read(0, 100, final=True) == b"x ********** y"


def test_what_an_earlier_attempt_wrote_stays_hidden_while_the_next_runs(folder):
    folder.log.write_bytes(b"old-secret opensesame")
    record(folder, 1, process=ProcessId.of().to_dict(), ended=True)
    folder.masked(1).write_text("[[0, 10]]")
    record(folder, 2, process=ProcessId.of().to_dict())
    masks = Masks()
    masks.know("job-1", 2, Mask([VALUE]))
    assert cover(folder, masks).read(0, 100, final=False) == b"********** **********"


def test_an_attempt_that_never_began_hides_nothing(folder):
    folder.log.write_bytes(b"harmless")
    record(folder, ended=True)
    assert cover(folder).read(0, 100, final=True) == b"harmless"


@pytest.mark.parametrize("damage", ["absent", "torn"])
def test_where_nobody_knows_nothing_is_shown(folder, damage):
    folder.log.write_bytes(b"two\nlines")
    record(folder, process={**ProcessId.of().to_dict(), "start_time": 1}, ended=True)
    if damage == "torn":
        folder.masked(1).write_text("[[0, 1")
    assert cover(folder).read(0, 100, final=True) == b"***\n*****"


def _running(environment):
    """Start a process that runs for certain: for a moment after its start the system has no environment to show."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    process.stdin.write(b"up\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"up\n"
    return process


def test_the_value_is_learnt_from_the_process_that_runs(folder):
    process = _running({"KEY": VALUE})
    try:
        record(folder, process=ProcessId.of(process.pid).to_dict())
        folder.log.write_bytes(b"x opensesame")
        masks = Masks()
        assert cover(folder, masks).read(0, 100, final=False) == b"x **********"
        assert masks.all_of("job-1")
    finally:
        process.kill()
        process.communicate()


def test_a_process_that_has_no_such_variable_teaches_nothing(folder):
    process = _running({"OTHER": VALUE})
    try:
        record(folder, process=ProcessId.of(process.pid).to_dict())
        assert Masks().of(AttemptRef("job-1", folder.path, 1), ["KEY"]) is None
    finally:
        process.kill()
        process.communicate()


def test_at_the_end_the_places_are_kept_and_the_values_forgotten(folder):
    folder.log.write_bytes(b"x opensesame")
    record(folder, process={**ProcessId.of().to_dict(), "start_time": 1})
    masks = Masks()
    masks.know("job-1", 1, Mask([VALUE]))
    keep_places(masks, AttemptRef("job-1", folder.path, 1), ["KEY"])
    assert json.loads(folder.masked(1).read_text()) == [[2, 12]]
    assert oct(folder.masked(1).stat().st_mode & 0o777) == "0o600"
    assert masks.all_of("job-1") == []


def test_the_values_of_the_next_attempt_are_not_forgotten_with_those_of_the_last(folder):
    masks, following = Masks(), Mask([VALUE])
    masks.know("job-1", 1, Mask(["old-secret"]))
    masks.know("job-1", 2, following)
    keep_places(masks, AttemptRef("job-1", folder.path, 1), ["KEY"])
    assert masks.all_of("job-1") == [following]


def test_what_the_runner_wrote_is_not_written_again(folder):
    record(folder, process={**ProcessId.of().to_dict(), "start_time": 1}, ended=True)
    folder.masked(1).write_text("[]")
    before = folder.masked(1).stat().st_ino
    masks = Masks()
    masks.know("job-1", 1, Mask([VALUE]))
    keep_places(masks, AttemptRef("job-1", folder.path, 1), ["KEY"])
    assert folder.masked(1).stat().st_ino == before
