"""Metrics as curves; spelling, thinning and torn lines are also proved through the server."""

import json
import math

import pytest

from trackside_server.engine import curves
from trackside_server.engine.curves import read_curves


@pytest.fixture
def write(tmp_path):
    path = tmp_path / "metrics.jsonl"

    def write_lines(*records, raw=""):
        path.write_text("".join(json.dumps(record) + "\n" for record in records) + raw)
        return path

    return write_lines


def test_no_file_has_no_curves(tmp_path):
    found = read_curves(tmp_path / "absent", "r", since=7)
    assert (found.series, found.next, found.torn) == ({}, 7, 0)


def test_each_key_is_a_curve_over_the_steps_that_have_it(write):
    found = read_curves(write({"step": 0, "a": 1}, {"step": 5, "b": 2.5}, {"step": 9, "a": 3}), "r").series
    assert (found["a"].x, found["a"].y, found["a"].last) == ([0, 9], [1, 3], 3)
    assert (found["b"].x, found["b"].y, found["b"].count) == ([5], [2.5], 1)


def test_what_is_no_number_is_no_point(write):
    found = read_curves(write({"step": 0, "a": True, "b": None, "c": "text", "d": [1], "e": {"x": 1}, "f": 1}), "r")
    assert set(found.series) == {"f"}


def test_records_without_a_step_are_counted(write):
    assert read_curves(write({"a": 1}, {"a": 2}, {"a": 3}), "r").series["a"].x == [0, 1, 2]
    assert read_curves(write({"_idx": 7, "a": 1}, {"_idx": 8, "a": 2}), "r").series["a"].x == [7, 8]


def test_only_the_keys_asked_for_are_read(write):
    path = write({"step": 0, "a": 1, "b": 2})
    assert set(read_curves(path, "r", keys=["b", "absent"]).series) == {"b"}
    assert set(read_curves(path, "r", keys=[]).series) == {"a", "b"}


def test_a_key_is_an_axis_and_then_no_curve(write):
    found = read_curves(write({"step": 0, "epoch": 0.5, "a": 1}, {"step": 1, "a": 2}), "r", x="epoch").series
    assert (set(found), found["a"].x) == ({"a"}, [0.5])


def test_a_block_boundary_costs_nothing(write, monkeypatch):
    monkeypatch.setattr(curves, "_BLOCK", 64)
    records = [{"step": n, "a": n / 7, "note": "x" * (n % 90)} for n in range(200)]
    path = write(*records[:100], raw="torn\n")
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records[100:])
        file.write('{"step": 200')
    found = read_curves(path, "r")
    assert found.series["a"].x == list(range(200))
    assert (found.torn, found.next) == (1, path.stat().st_size - len('{"step": 200'))


def test_whole_numbers_and_floats_may_change_places(write):
    found = read_curves(
        write({"step": 0, "a": 1}, {"step": 1.5, "a": 2.5}, {"step": 2, "a": "NaN"}, {"step": 3, "a": 2**70}), "r"
    )
    assert found.series["a"].x == [0, 1.5, 2, 3]
    assert found.series["a"].y == [1, 2.5, None, float(2**70)]


@pytest.mark.parametrize("points", [16, 17, 100, 999])
def test_no_more_points_than_asked_for_and_both_ends_and_extremes_are_there(write, points):
    path = write(*({"step": n, "a": math.sin(n / 30) + (9 if n == 333 else 0)} for n in range(1000)))
    series = read_curves(path, "r", max_points=points).series["a"]
    assert len(series.x) == len(series.y) <= points
    assert (series.x[0], series.x[-1]) == (0, 999)
    assert 333 in series.x
    assert series.x == sorted(set(series.x))
    assert (series.count, series.max) == (1000, max(series.y))


def test_a_curve_of_gaps_alone_is_thinned_too(write):
    path = write(*({"step": n, "a": "NaN"} for n in range(1000)))
    series = read_curves(path, "r", max_points=20).series["a"]
    assert len(series.x) <= 20
    assert set(series.y) == {None}
    assert (series.min, series.max, series.last) == (None, None, "NaN")


def test_gaps_without_number_leave_room_for_the_curve(write):
    path = write(*({"step": n, "a": "NaN" if n % 2 else n} for n in range(5000)))
    series = read_curves(path, "r", max_points=40).series["a"]
    assert len(series.x) <= 40
    assert sum(y is None for y in series.y) <= 11
    assert max(y for y in series.y if y is not None) == 4998


def test_a_part_of_a_curve_has_its_own_points_and_the_facts_of_the_whole(write):
    path = write(*({"step": n, "loss": n % 10} for n in range(1000)))
    whole = read_curves(path, "r").series["loss"]
    part = read_curves(path, "r", between=(100, 102.5)).series["loss"]
    assert (part.x, part.y) == ([99, 100, 101, 102, 103], [9, 0, 1, 2, 3])
    assert (part.count, part.last, part.min, part.max) == (whole.count, whole.last, whole.min, whole.max)
    assert len(read_curves(path, "r", between=(0, 899), max_points=50).series["loss"].x) <= 50
    assert read_curves(path, "r", between=(2000, 3000)).series["loss"].x == [999]
    assert read_curves(path, "r", between=(10.2, 10.7)).series["loss"].x == [10, 11]
