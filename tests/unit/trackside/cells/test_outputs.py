"""Rich outputs: one line each, large data in files."""

import base64
import json
import math

import pytest

from trackside.cells.outputs import LARGE, OutputLog
from trackside.tracking.folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path)
    folder.create()
    return folder


def records(folder):
    return [json.loads(line) for line in folder.outputs.read_text().splitlines()]


def test_a_display_is_one_record(folder):
    OutputLog(folder).display("display_data", {"text/plain": "x"}, {"a": 1}, {"display_id": "d"})
    (record,) = records(folder)
    assert record.pop("_timestamp").endswith("Z")
    assert record == {
        "output_type": "display_data",
        "data": {"text/plain": "x"},
        "metadata": {"a": 1},
        "transient": {"display_id": "d"},
    }


def test_bytes_of_an_image_become_base64(folder):
    OutputLog(folder).display("display_data", {"image/png": b"\x89PNG"})
    assert base64.b64decode(records(folder)[0]["data"]["image/png"]) == b"\x89PNG"


def test_an_error_is_a_record_of_its_own_shape(folder):
    OutputLog(folder).error("ValueError", "bad", "line 1\nline 2")
    record = records(folder)[0]
    assert (record["output_type"], record["ename"], record["evalue"]) == ("error", "ValueError", "bad")
    assert record["traceback"] == ["line 1", "line 2"]


def test_only_data_above_the_bound_goes_into_a_file(folder):
    image = base64.b64encode(bytes(LARGE)).decode()
    table = {"rows": ["x" * LARGE]}
    data = {"text/plain": "x", "text/html": "h" * LARGE, "image/png": image, "application/json": table}
    OutputLog(folder).display("display_data", data)
    (record,) = records(folder)
    assert set(record["data"]) == {"text/plain", "text/html"}
    paths = {mime: folder.artifacts / place["path"] for mime, place in record["files"].items()}
    assert paths["image/png"].read_bytes() == bytes(LARGE)
    assert json.loads(paths["application/json"].read_text()) == table
    assert record["files"]["image/png"]["size"] == LARGE


def test_a_later_attempt_keeps_the_files_of_an_earlier_one(folder):
    for letter in "ab":
        OutputLog(folder).display("display_data", {"text/html": letter * (LARGE + 1)})
    first, second = (folder.artifacts / record["files"]["text/html"]["path"] for record in records(folder))
    assert (first.read_text()[0], second.read_text()[0]) == ("a", "b")


def test_a_line_torn_by_a_killed_writer_costs_only_itself(folder):
    folder.outputs.write_text('{"output_type": "displ')
    OutputLog(folder).clear(wait=False)
    lines = folder.outputs.read_text().splitlines()
    assert json.loads(lines[1])["output_type"] == "clear_output"


def test_views_of_widgets_are_left_out(folder):
    OutputLog(folder).display("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Slider"})
    assert records(folder)[0]["data"] == {"text/plain": "Slider"}


def test_what_json_cannot_hold_is_written_in_words(folder):
    OutputLog(folder).display("display_data", {"application/json": {"a": math.nan, "b": {1}}})
    assert records(folder)[0]["data"]["application/json"] == {"a": "NaN", "b": "{1}"}


def test_a_lost_folder_is_one_warning_and_no_error(folder, capsys):
    folder.artifacts.rmdir()
    folder.path.rmdir()
    log = OutputLog(folder)
    log.clear(wait=False)
    log.clear(wait=False)
    assert capsys.readouterr().err.count("outputs are not kept any more") == 1


def test_a_tap_sees_large_data_whole(folder):
    log, seen = OutputLog(folder), []
    log.tap = seen.append
    log.display("display_data", {"text/html": "h" * (LARGE + 1)})
    assert len(seen[0]["data"]["text/html"]) == LARGE + 1
