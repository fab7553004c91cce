"""Curves from kept columns are those that are read record by record, also while the file grows or is written anew."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_reading import lines

from trackside.models import Metrics
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
