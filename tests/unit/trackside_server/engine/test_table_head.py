"""The head of a table says what the file says, and reads little of it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trackside.errors import InvalidInput
from trackside.models import TablePreview
from trackside_server.engine.table_head import read_head


def _named(tmp_path: Path, name: str, content: bytes | str) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _types(preview: TablePreview) -> dict[str, str]:
    return {column.name: column.type for column in preview.columns}


def test_a_csv_is_shown_as_it_is_written_and_its_types_are_named(tmp_path: Path) -> None:
    text = 'step,loss,code,ok,day,note\n1,0.50,007,true,2026-11-22,"a, ""b"""\n2,1e-3,010,false,2026-11-23,\n'
    found = read_head(_named(tmp_path, "losses.csv", text), 50)
    assert found.rows == [
        ["1", "0.50", "007", "true", "2026-11-22", 'a, "b"'],
        ["2", "1e-3", "010", "false", "2026-11-23", None],
    ]
    assert _types(found) == {
        "step": "int64", "loss": "float64", "code": "int64", "ok": "boolean", "day": "date", "note": "string",
    }  # fmt: skip
    assert (found.width, found.total) == (6, 2)


@pytest.mark.parametrize(("name", "sign"), [("a.tsv", "\t"), ("a.csv", ";"), ("a.csv", "\t"), ("A.CSV", "|")])
def test_fields_are_told_apart_by_what_the_first_line_has(tmp_path: Path, name: str, sign: str) -> None:
    found = read_head(_named(tmp_path, name, f"a{sign}b\n1{sign}2,5\n"), 50)
    assert (list(_types(found)), found.rows) == (["a", "b"], [["1", "2,5"]])


def test_a_tab_file_has_tabs_only(tmp_path: Path) -> None:
    assert read_head(_named(tmp_path, "a.tsv", "a,b\n1,2\n"), 50).rows == [["1,2"]]


def test_no_more_rows_than_asked_for_and_the_number_of_all(tmp_path: Path) -> None:
    found = read_head(_named(tmp_path, "a.csv", "a\n" + "".join(f"{n}\n" for n in range(1000))), 3)
    assert (found.rows, found.total) == ([["0"], ["1"], ["2"]], 1000)


def test_of_a_long_csv_only_the_beginning_is_read(tmp_path: Path) -> None:
    path = _named(tmp_path, "long.csv", "a,b\n" + "1,2\n" * 100_000 + '3,"open ' + "x" * 2_000_000)
    found = read_head(path, 5)
    assert (found.rows, found.total) == ([["1", "2"]] * 5, None)
    with path.open("r+b") as file:
        file.truncate(60 << 30)  # with a hole: whoever read it all would be at it for minutes
    began = time.monotonic()
    assert read_head(path, 5).rows == [["1", "2"]] * 5
    assert time.monotonic() - began < 5


def test_lines_of_other_lengths_are_filled_and_cut(tmp_path: Path) -> None:
    assert read_head(_named(tmp_path, "a.csv", "a,b\n1\n1,2,3\n"), 50).rows == [["1", None], ["1", "2"]]


def test_long_values_and_many_columns_are_cut(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(300))
    found = read_head(_named(tmp_path, "wide.csv", f"{header}\n{'x' * 5000}\n"), 50)
    assert (len(found.columns), len(found.rows[0]), found.width) == (100, 100, 300)
    assert found.rows[0][0] == "x" * 300 + "…"


def test_bytes_that_are_no_utf_8_do_no_harm(tmp_path: Path) -> None:
    assert read_head(_named(tmp_path, "a.csv", b"name\nGr\xf6\xdfe\n"), 50).rows == [["Gr��e"]]
    assert list(_types(read_head(_named(tmp_path, "b.csv", "\ufeffa\n1\n"), 50))) == ["a"]


def test_a_parquet_gives_its_types_and_the_number_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    pl.DataFrame(
        {
            "id": pl.Series([1, 2, 3], dtype=pl.Int32),
            "score": pl.Series([0.1, None, float("nan")], dtype=pl.Float32),
            "ok": [True, False, None],
            "name": ["a", "é" * 400, ""],
            "at": [datetime(2026, 11, 22, 9, 30, tzinfo=UTC)] * 3,
            "raw": [b"abc", b"", None],
            "list": [[1, 2], [], None],
        }
    ).write_parquet(path)
    found = read_head(path, 2)
    assert _types(found) == {
        "id": "int32", "score": "float32", "ok": "boolean", "name": "string", "at": "datetime", "raw": "binary", "list": "list",
    }  # fmt: skip
    assert found.rows == [
        ["1", "0.1", "true", "a", "2026-11-22 09:30:00+00:00", "3 bytes", "[1, 2]"],
        ["2", None, "false", "é" * 300 + "…", "2026-11-22 09:30:00+00:00", "0 bytes", "[]"],
    ]
    assert (found.width, found.total) == (7, 3)


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pl.DataFrame({"a": pl.Series([], dtype=pl.Int64)}).write_parquet(path)
    for each in (path, _named(tmp_path, "none.csv", "a\n")):
        found = read_head(each, 50)
        assert (list(_types(found)), found.rows, found.total) == (["a"], [], 0)


def test_a_name_with_signs_is_a_name_and_no_pattern(tmp_path: Path) -> None:
    path = tmp_path / "a[1]*.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert read_head(path, 50).rows == [["1"]]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.csv", b"", "empty"),
        ("lines.csv", b"\n\n\n", "empty"),
        ("binary.csv", b"a,b\n\0\1\2", "not a text in UTF-8"),
        ("wide.csv", b"x" * 1_100_000, "first line is longer"),
        ("open.csv", b'a,b\n1,"never closed\n2,3\n', "never closed"),
        ("empty.parquet", b"", "arquet"),
        ("text.parquet", b"nothing of the kind", ": The file must end with PAR1"),
        ("model.bin", b"abc", "neither CSV, TSV nor Parquet"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        read_head(_named(tmp_path, name, content), 50)
    assert caught.value.code == "not_a_table"
    assert caught.value.message.startswith(f"{name} cannot be read as a table: ")


def test_a_damaged_parquet_is_a_table_or_none_and_no_accident(tmp_path: Path) -> None:
    path, dice = tmp_path / "damaged.parquet", random.Random(1)
    pl.DataFrame({"a": list(range(500)), "b": [f"w{n % 7}" for n in range(500)]}).write_parquet(path)
    whole, refused = path.read_bytes(), set()
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 20)):
            data[dice.randrange(len(data) // 2, len(data))] = dice.randrange(256)
        path.write_bytes(data[: dice.choice([len(data), dice.randrange(len(data))])])
        try:
            assert len(read_head(path, 50).rows) <= 50
        except InvalidInput as error:
            refused.add(error.code)
    assert refused == {"not_a_table"}


def test_a_hundred_thousand_columns_take_no_longer_than_their_reading(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(map(str, range(100_000))) + "\n")
    began = time.monotonic()
    head = read_head(path, 50)
    assert (head.width, len(head.columns)) == (100_000, 100)
    assert time.monotonic() - began < 8
