"""Tracebacks of the user's code."""

from pathlib import Path

import pytest

from trackside import cells
from trackside.cells.sources import remember
from trackside.cells.tracebacks import drop_our_frames, format_error, has_group


def raised(source, file="<cell-x>", label="Cell In[7]"):
    remember(file, label, source)
    try:
        exec(compile(source, file, "exec"), {})
    except Exception as error:
        return error


def test_a_cell_is_called_by_its_label_and_shows_its_lines():
    text = format_error(raised("def f():\n    1 / 0\nf()\n"))
    assert 'File "Cell In[7]", line 2, in f\n    1 / 0' in text
    assert text.endswith("ZeroDivisionError: division by zero")


def test_causes_and_groups_are_shown_too():
    text = format_error(raised("try:\n    1 / 0\nexcept Exception as e:\n    raise KeyError('x') from e\n"))
    assert text.index("ZeroDivisionError") < text.index("KeyError: 'x'")
    assert text.count("Cell In[7]") == 2


def test_a_group_anywhere_in_the_chain_is_seen():
    assert has_group(raised("try:\n    raise ExceptionGroup('g', [ValueError()])\nexcept* ValueError:\n    1 / 0\n"))
    assert not has_group(raised("1 / 0\n"))


def test_frames_of_ours_in_the_middle_are_taken_out():
    ours = str(Path(cells.__file__).parent / "any.py")
    namespace = {}
    exec(compile("def call(f): f()", ours, "exec"), namespace)

    def fail():
        raise ValueError

    with pytest.raises(ValueError) as caught:  # noqa: PT011 (any will do)
        namespace["call"](fail)
    drop_our_frames(caught.value.__traceback__)
    names = []
    at = caught.value.__traceback__
    while at is not None:
        names.append(at.tb_frame.f_code.co_name)
        at = at.tb_next
    assert names == ["test_frames_of_ours_in_the_middle_are_taken_out", "fail"]
