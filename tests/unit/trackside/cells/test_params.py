"""Parameters are written into a notebook as papermill does it."""

import math

from trackside.cells.params import inject, params_of


def _cell(source, *tags, **more):
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, **more}


def test_they_come_behind_the_cell_that_has_their_defaults():
    cells = [_cell("import os"), _cell("lr = 1", "parameters"), _cell("print(lr)")]
    inject(cells, {"lr": 0.1, "name": "a'b", "none": None})
    assert [cell["source"] for cell in cells] == [
        "import os",
        "lr = 1",
        '# Parameters\nlr = 0.1\nname = "a\'b"\nnone = None',
        "print(lr)",
    ]
    assert "id" not in cells[2]


def test_without_such_a_cell_they_come_first_and_replace_those_of_an_earlier_run():
    cells = [_cell("old = 1", "injected-parameters", id="x"), _cell("print(lr)", id="y")]
    inject(cells, {"lr": math.inf})
    assert [cell["source"] for cell in cells] == ['# Parameters\nlr = float("inf")', "print(lr)"]
    assert cells[0]["id"] == "injected-parameters"


def test_nothing_is_written_where_there_are_none():
    cells = [_cell("old = 1", "injected-parameters")]
    inject(cells, {})
    assert len(cells) == 1


def test_what_is_no_number_in_json_is_one_again():
    assert math.isnan(params_of({"params": {"x": "NaN"}})["x"])
    assert params_of({}) == {}
