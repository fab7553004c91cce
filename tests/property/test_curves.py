"""Curves from kept columns are those that are read record by record, also while the file grows or is written anew."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_reading import lines

from trackside.models import Metrics
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import parquet
from trackside_server.engine import frame_curves, outline
from trackside_server.engine.curves import read_curves
from trackside_server.engine.frame_curves import FrameCurves


def _assert_same(found: Metrics, expected: Metrics) -> None:
    assert (found.next, found.torn, found.series.keys()) == (expected.next, expected.torn, expected.series.keys())
    for key, series in expected.series.items():
        other = found.series[key]
        assert (other.x, other.y, other.count, other.last) == (series.x, series.y, series.count, series.last), key
        assert (other.min, other.max) == (series.min, series.max), key
        assert all(math.isfinite(x) for x in other.x)


@settings(max_examples=25)  # each reads its file a dozen times, in two ways
@given(parts=st.lists(lines(), min_size=1, max_size=3), x=st.sampled_from(["step", "time", "loss"]), keys=st.sampled_from([None, ["acc"]]), again=lines())  # fmt: skip
def test_curves_of_columns_are_those_of_records(
    parts: list[list[bytes]], x: str, keys: list[str] | None, again: list[bytes]
) -> None:
    curves = FrameCurves()
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "metrics.jsonl"
        path.touch()

        def compare(since: int) -> int:
            asked = {"keys": keys, "x": x, "max_points": 0, "since": since}
            expected = read_curves(path, "r", **asked)  # type: ignore[arg-type]
            _assert_same(curves.read(path, "r", **asked), expected)  # type: ignore[arg-type]
            return expected.next

        for part in parts:
            before = compare(0)
            with path.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in part) + b'{"step": 1, "lo')
            compare(0)
            compare(before)
            with path.open("ab") as file:
                file.write(b'ss": 2}\n')
            compare(0)
        path.write_bytes(b"".join(line + b"\n" for line in again))
        compare(0)
        other = {"keys": None, "x": "time", "max_points": 0, "since": 0}  # the other axis, after it was read without
        _assert_same(curves.read(path, "r", **other), read_curves(path, "r", **other))  # type: ignore[arg-type]


@settings(max_examples=40)
@given(
    some=lines(ordered=True),
    more=lines(ordered=True),
    x=st.sampled_from(["step", "time", "loss"]),
    keys=st.sampled_from([None, ["acc"]]),
    ends=st.lists(st.tuples(st.integers(-3, 16), st.integers(0, 9)), min_size=1, max_size=4),
)
def test_parts_of_an_ended_run_are_those_of_the_whole(
    some: list[bytes], more: list[bytes], x: str, keys: list[str] | None, ends: list[tuple[int, int]]
) -> None:
    """Of a run with two files, of which the second is asked for."""
    curves = FrameCurves()
    with (
        tempfile.TemporaryDirectory() as root,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(outline, "_BLOCK", 3)
        patch.setattr(parquet, "WORTH", 0)
        patch.setattr(parquet, "_GROUP", 5)
        folder = RunFolder(Path(root))
        for name, part in (("metrics.jsonl", some), ("metrics.1.jsonl", more)):
            (folder.path / name).write_bytes(b"".join(line + b"\n" for line in part))
        parquet.compact(folder)
        for path in folder.metrics_files:
            asked = {"keys": keys, "x": x, "max_points": 0}
            curves.read(path, "r", **asked)  # type: ignore[arg-type]
            for low, more_x in ends:
                start = low + 1_795_339_800 if x == "time" else low
                between = (float(start), float(start + more_x))
                _assert_same(
                    curves.read(path, "r", **asked, between=between),  # type: ignore[arg-type]
                    read_curves(path, "r", **asked, between=between),  # type: ignore[arg-type]
                )


def test_a_closer_look_reads_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, curves = RunFolder(tmp_path), FrameCurves()
    with folder.metrics.open("w") as file:
        for n in range(100_000):
            rare = f',"rare":{n / 3}' if n % 10_000 == 0 else ""
            file.write(f'{{"_idx":{n},"step":{n},"loss":{n / 7}{rare}}}\n')
    monkeypatch.setattr(parquet, "WORTH", 0)
    assert parquet.compact(folder)
    curves.read(folder.metrics, "r", keys=None, x="step", max_points=100)
    read: list[int] = []

    def rows_between(*asked: Any) -> Any:
        rows = outline.rows_between(*asked)
        assert rows is not None
        read.append(rows.height)
        return rows

    monkeypatch.setattr(frame_curves, "rows_between", rows_between)
    for between, most in (((50_000.0, 50_100.0), 8 * 4096), ((25_000.5, 25_000.6), 6 * 4096), ((-9.0, 3.0), 5 * 4096)):
        asked = {"keys": None, "x": "step", "max_points": 100, "between": between}
        _assert_same(curves.read(folder.metrics, "r", **asked), read_curves(folder.metrics, "r", **asked))  # type: ignore[arg-type]
        assert read.pop() <= most
    asked = {"keys": ["loss"], "x": "step", "max_points": 100}
    curves.read(folder.metrics, "r", **asked)  # type: ignore[arg-type]
    wide = curves.read(folder.metrics, "r", **asked, between=(20_000.0, 80_000.0)).series["loss"]  # type: ignore[arg-type]
    assert not read  # the outline has enough
    assert (wide.count, wide.min, wide.max) == (100_000, 0.0, 99_999 / 7)
    assert 90 <= len(wide.x) <= 100
    assert (min(wide.x), max(wide.x)) == pytest.approx((20_000, 80_000), abs=10)
    folder.metrics.write_text('{"step":1,"loss":2}\n')
    asked["between"] = between
    assert curves.read(folder.metrics, "r", **asked).series["loss"].count == 1  # type: ignore[arg-type]
    assert not read
