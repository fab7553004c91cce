"""The fast ways to read are the plain one: whatever was written, the same rows, columns, kinds and values."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import blocks, fast, parquet
from trackside.tracking.reading.facts import facts_of_records, metric_facts
from trackside.tracking.reading.frames import of_plain, read_frame
from trackside.tracking.reading.plain import plain_table, read_plainly
from trackside.tracking.values import spell_floats

INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=6) | st.sampled_from(["null", "NaN", '"', "\\", ",", "é", "\ud800", '"loss":1'])
ANYTHING = st.none() | st.booleans() | st.integers() | FLOATS | TEXTS | st.lists(INTS, max_size=2)
KEYS = st.sampled_from(["loss", "acc", "a b", "", "null", ":", "é", "x\\y", "NaN", "7", "*", "^a.*$"])
KINDS = st.sampled_from([INTS, FINITE, FLOATS, INTS | FLOATS, st.booleans(), TEXTS, st.none() | FLOATS, ANYTHING])
STEPS = st.sampled_from([st.none(), st.integers(0, 99), st.integers(0, 9) | FLOATS, st.none() | st.integers(0, 9)])


@st.composite
def lines(draw: st.DrawFn, ordered: bool = False) -> list[bytes]:
    """The lines of a file: keys with a kind each, most of the time, and steps; some lines are torn or odd."""
    kinds = draw(st.dictionaries(KEYS, KINDS, max_size=4))
    steps = draw(STEPS)
    written = []
    for number in range(draw(st.integers(0, 12))):
        record: dict[str, object] = {"_idx": number, "_timestamp": f"2026-11-22T09:30:{number:02d}.123456Z"}
        if not ordered and draw(st.booleans()):
            record["_timestamp"] = draw(st.sampled_from(["2026-11-22T09:30:10Z", "2026-11-22T09:30:10+00:00", "2026-11-22 09:31", "x", None]))  # fmt: skip
        step = draw(steps)
        if step is not None:
            record["step"] = step
        record |= {key: draw(values) for key, values in kinds.items() if draw(st.integers(0, 9))}
        spaced = draw(st.booleans())
        text = json.dumps(spell_floats(record), ensure_ascii=draw(st.booleans()), separators=None if spaced else (",", ":"))  # fmt: skip
        line = text.encode("utf-8", "backslashreplace")
        odd = draw(st.integers(0, 30))
        if odd == 0:
            line = line[: draw(st.integers(1, len(line)))]
        elif odd == 1:
            line = line[: draw(st.integers(1, len(line)))] + line
        elif odd == 2:
            line = draw(st.sampled_from([b"", b"  \r", b"{}", b"[1]", b'{"loss":1,"loss":2}', b'{"loss":1e999}', b'{"loss":NaN}', b"\xff", b'{"loss":7e-97}', b'{"late":1.5}']))  # fmt: skip
        written.append(line)
    return written


def _write(path: Path, some: list[bytes], last: bytes = b"\n") -> None:
    with path.open("ab") as file:
        file.write(b"\n".join(some) + (last if some else b""))


def _assert_same(folder: RunFolder, keys: list[str] | None, x: str) -> None:
    expected = of_plain(plain_table(folder, keys, x))
    try:
        found, torn = read_frame(folder, keys, x)
    except fast.Mixed:
        return
    assert torn == plain_table(folder, keys, x).torn
    if found.height:
        # A step counted on among steps that are no numbers may be a float here and an integer there.
        assert_frame_equal(found, expected, check_dtypes=False, check_column_order=False, check_exact=True)
    else:
        assert expected.height == 0


@settings(max_examples=60)
@given(one=lines(), more=lines(), keys=st.none() | st.lists(KEYS, max_size=3, unique=True), x=st.sampled_from(["step", "time", "loss"]), size=st.sampled_from([64, 300, 1 << 20]))  # fmt: skip
def test_columns_are_those_of_the_plain_reader_with_and_without_parquet(
    one: list[bytes], more: list[bytes], keys: list[str] | None, x: str, size: int
) -> None:
    with tempfile.TemporaryDirectory() as root, patch.object(blocks, "BLOCK", size), patch.object(parquet, "WORTH", 0):
        folder = RunFolder(root)
        _write(folder.metrics, one)
        _assert_same(folder, keys, x)
        parquet.compact(folder)
        _assert_same(folder, keys, x)
        _write(folder.metrics, more)
        _assert_same(folder, keys, x)
        parquet.compact(folder)
        _assert_same(folder, keys, x)


@given(one=lines(ordered=True), other=lines(ordered=True), late=lines(ordered=True))
@example(one=[], other=[], late=[b'{"_idx":0,"_timestamp":"2026-11-22T09:30:00.123456Z","^a.*$":""}'])
def test_several_files_are_one_run_with_and_without_parquet(one: list[bytes], other: list[bytes], late: list[bytes]) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as root, patch.object(parquet, "WORTH", 0):
        folder = RunFolder(root)
        _write(folder.metrics, one)
        parquet.compact(folder)
        _write(folder.rank_metrics(1), other)
        _assert_same(folder, None, "time")
        _write(folder.metrics, late)
        _assert_same(folder, None, "step")


@given(some=lines())
@example(some=[b'{"loss":null}', b'{"loss":0}', b'{"loss":"x"}'])
@example(some=[b'{"_timestamp":"a","loss":1}', b'{"_timestamp":5,"late":1}'])
def test_facts_are_those_of_the_plain_reader(some: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = RunFolder(root)
        _write(folder.metrics, some, b"")
        found, expected = metric_facts(root), facts_of_records(read_plainly(folder).records)
    assert found.keys() == expected.keys()
    for key, facts in expected.items():
        other = found[key]
        assert (other.count, other.min, other.max) == (facts.count, facts.min, facts.max)
        assert other.last == facts.last or (math.isnan(other.last) and math.isnan(facts.last))


@given(numbers=st.lists(FINITE | INTS, min_size=1, max_size=50))
@example(numbers=[7e-97, math.nan, math.inf, -math.inf, 7.3961e-98, -7.3961e-98])
def test_every_number_is_read_to_the_last_bit(numbers: list[float]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = RunFolder(root)
        _write(folder.metrics, [json.dumps(spell_floats({"step": n, "a": number})).encode() for n, number in enumerate(numbers)])  # fmt: skip
        frame, _ = read_frame(folder, ["a"], "step")
    kind = frame["a"].dtype.to_python()
    assert list(map(repr, frame["a"])) == [repr(kind(number)) for number in numbers]
