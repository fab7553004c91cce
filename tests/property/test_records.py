"""Records survive whatever happens to their file: what is whole is read once, what is torn is counted once."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.errors import NotLoggable
from trackside.tracking.encoding import choose_encoding
from trackside.tracking.folder import RunFolder
from trackside.tracking.indices import IndexBlocks
from trackside.tracking.losses import Losses
from trackside.tracking.recorder import Recorder
from trackside.tracking.records import parse_records, read_metrics, read_records
from trackside.tracking.values import loggable, restore_floats, spell_floats

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
METRICS = st.dictionaries(st.text(max_size=8).filter(lambda key: key not in {"_idx", "_timestamp", "step"}), SCALARS)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=10)


def _same(one: object, other: object) -> bool:
    """Whether two values are alike, NaN being like NaN."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


@pytest.mark.parametrize("encoder", ["orjson", "msgspec", "json"])
@given(records=st.lists(st.tuples(METRICS, st.none() | st.integers(0, 10**9)), max_size=12))
def test_what_is_logged_is_what_is_read(encoder: str, records: list[tuple[dict[str, object], int | None]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = RunFolder(root)
        recorder = Recorder(
            folder.metrics, IndexBlocks(folder, folder.metrics), Losses("job-1"), choose_encoding(encoder)
        )
        for record in records:
            assert recorder.send(record) is False
        recorder.close("job-1")
        found = read_metrics(folder.metrics)
    assert [record["_idx"] for record in found] == list(range(len(records)))
    for (metrics, step), record in zip(records, found, strict=True):
        assert record.pop("step", None) == step
        kept = {key: value for key, value in record.items() if not key.startswith(("_idx", "_timestamp"))}
        expected = {key: restore_floats(value) for key, value in metrics.items()}
        assert _same({key: value for key, value in kept.items() if key in expected}, expected)
        assert {"_idx", "_timestamp"} <= record.keys() <= {"_idx", "_timestamp", *expected}


NUMPY = st.sampled_from([np.float64(0.1), np.float32(0.1), np.float16(0.1), np.int64(3), np.bool_(True), np.array(2.5)])
NESTED = st.dictionaries(
    st.sampled_from(["a", "b", "c/d", "é"]),
    st.recursive(
        SCALARS | NUMPY,
        lambda inner: st.dictionaries(st.sampled_from(["a", "b", "1"]), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize("encoder", ["orjson", "msgspec", "json"])
@given(
    records=st.lists(st.tuples(NESTED, st.none() | st.integers(0, 99)), max_size=4),
    order=st.lists(st.integers(0, 3), max_size=24),
)
def test_records_of_few_shapes_again_and_again_are_written_as_their_values_say(
    encoder: str, records: list[tuple[dict[str, object], int | None]], order: list[int]
) -> None:
    """Whichever way each of them takes: short, made for its shape, or careful."""
    entries = [records[number] for number in order if number < len(records)]
    with tempfile.TemporaryDirectory() as root:
        folder = RunFolder(root)
        recorder = Recorder(
            folder.metrics, IndexBlocks(folder, folder.metrics), Losses("job-1"), choose_encoding(encoder)
        )
        expected = []
        for metrics, step in entries:
            try:
                fields = loggable(metrics)
            except NotLoggable:
                assert recorder.send((metrics, step)) is True
                continue
            assert recorder.send((metrics, step)) is False
            expected.append(({} if step is None else {"step": step}) | fields)
        recorder.close("job-1")
        lines = folder.metrics.read_bytes().splitlines() if expected else []
    found = [json.loads(line) for line in lines]
    assert [record.pop("_idx") for record in found] == list(range(len(expected)))
    assert all(record.pop("_timestamp") for record in found)
    assert [list(record.items()) for record in found] == [list(record.items()) for record in expected]
    assert [[*map(type, record.values())] for record in found] == [[*map(type, record.values())] for record in expected]


@given(value=JSON)
def test_spelling_floats_and_restoring_them_changes_nothing_else(value: object) -> None:
    spelt = spell_floats(value)
    json.dumps(spelt, allow_nan=False)
    assert _same(restore_floats(spelt), restore_floats(value))


@given(metrics=st.dictionaries(st.text(max_size=4), st.recursive(SCALARS, lambda inner: st.dictionaries(st.text(max_size=4), inner), max_leaves=8)))  # fmt: skip
def test_a_nested_dict_is_flat_or_refused(metrics: dict[str, object]) -> None:
    try:
        flat = loggable(metrics)
    except NotLoggable:
        return
    assert not any(isinstance(value, (dict, list)) for value in flat.values())
    json.dumps(flat, allow_nan=False)


LINES = st.lists(
    st.fixed_dictionaries(
        {"_idx": st.integers(0, 10**6)},
        optional={"a": st.floats(allow_nan=False, allow_infinity=False), "b": st.text()},
    ).map(lambda record: json.dumps({"_idx": record["_idx"], **record}).encode()),
    min_size=1,
    max_size=10,
)


@given(lines=LINES, cuts=st.lists(st.integers(1, 400), max_size=8))
def test_reading_while_a_file_grows_gives_each_record_exactly_once(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    found: list[dict[str, object]] = []
    offset, torn = 0, 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        records, offset, more = parse_records(data[offset:end], offset)
        found += records
        torn += more
    assert found == [restore_floats(json.loads(line)) for line in lines]
    assert (offset, torn) == (len(data), 0)


@given(lines=LINES, where=st.integers(0, 9), cut=st.integers(1, 1000))
def test_a_line_torn_anywhere_costs_only_itself(lines: list[bytes], where: int, cut: int) -> None:
    where %= len(lines)
    fragment = lines[where][: cut % len(lines[where]) or 1]
    torn_lines = [*lines[:where], fragment, *lines[where + 1 :]]
    records, offset, torn = parse_records(b"".join(line + b"\n" for line in torn_lines))
    assert records == [restore_floats(json.loads(line)) for index, line in enumerate(lines) if index != where]
    assert torn == 1
    assert offset == sum(len(line) + 1 for line in torn_lines)


@given(lines=LINES, cut=st.integers(1, 1000))
def test_a_record_written_behind_a_torn_one_is_kept(lines: list[bytes], cut: int) -> None:
    """A writer that was killed in the middle of a line, and another one that did not look."""
    fragment = lines[0][: cut % len(lines[0]) or 1]
    records, _, torn = parse_records(b"".join([fragment, *(line + b"\n" for line in lines)]))
    assert records == [restore_floats(json.loads(line)) for line in lines]
    assert torn == 1


@given(data=st.binary(max_size=300), limit=st.none() | st.integers(1, 50))
def test_no_bytes_at_all_make_the_reader_fail_or_stand_still(data: bytes, limit: int | None) -> None:
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "metrics.jsonl"
        path.write_bytes(data)
        offset, rounds = 0, 0
        while True:
            records, after, _ = read_records(path, offset, limit)
            assert all(isinstance(record, dict) for record in records)
            if after == offset:
                break
            offset, rounds = after, rounds + 1
            assert rounds <= len(data)
        assert b"\n" not in data[offset:]
