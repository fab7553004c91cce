"""The notebook that fills with outputs while a job runs it."""

from trackside.cells.notebook_job import Transcript


def transcript(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    made = Transcript({"nbformat": 4, "cells": cells})
    made._current = cells[0]
    return made, cells[0]


def shown(kind, text, display_id=None):
    transient = {"transient": {"display_id": display_id}} if display_id else {}
    return {"output_type": kind, "data": {"text/plain": text}, "metadata": {}, **transient}


def test_text_of_one_stream_is_joined():
    made, cell = transcript("x")
    for stream, text in [("stdout", "a"), ("stdout", "b\n"), ("stderr", "c"), ("stdout", "")]:
        made.write(stream, text)
    assert [(output["name"], output["text"]) for output in cell["outputs"]] == [("stdout", "ab\n"), ("stderr", "c")]


def test_an_endless_stream_is_kept_up_to_a_bound():
    made, cell = transcript("x")
    for _ in range(40):
        made.write("stdout", "x" * 100_000)
    text = cell["outputs"][0]["text"]
    assert len(text) < 1_100_000
    assert text.endswith("[more in the job's log]\n")


def test_an_update_changes_every_output_with_its_display_id():
    made, cell = transcript("x")
    made.add(shown("display_data", "1", "a"))
    made.add(shown("display_data", "1", "a"))
    made.add(shown("display_data", "1", "b"))
    made.add(shown("update_display_data", "2", "a"))
    assert [output["data"]["text/plain"] for output in cell["outputs"]] == ["2", "2", "1"]


def test_clearing_with_wait_keeps_outputs_until_the_next_one():
    made, cell = transcript("x")
    made.write("stdout", "old")
    made.add({"output_type": "clear_output", "wait": True})
    assert cell["outputs"][0]["text"] == "old"
    made.write("stdout", "new")
    assert [output["text"] for output in cell["outputs"]] == ["new"]


def test_cells_without_code_are_not_run():
    made, _ = transcript("x = 1", "  \n", ["\n"])
    assert len(made.cells) == 1
