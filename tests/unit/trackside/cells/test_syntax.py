"""Cells that cannot be parsed, and IPython's syntax as Python."""

import ast

import pytest

from trackside.cells.syntax import parse_cell, without_magics
from trackside.errors import InvalidInput


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nprint((x\n", "line 2: '(' was never closed.\n    print((x\n          ^"),
        ("\n\nfor in y:\n", "line 3: invalid syntax.\n    for in y:\n        ^"),
        ("return 3", "line 1: 'return' outside function.\n    return 3\n    ^"),
        ("if x:\ny", "line 2: expected an indented block after 'if' statement on line 1.\n    y\n    ^"),
        ("\n!ls\nx = = 1", "line 3: invalid syntax.\n    x = = 1\n        ^"),
        ("a\0b", "null bytes"),
    ],
)
def test_a_cell_that_cannot_be_parsed_is_refused_with_its_line_and_place(source, message):
    with pytest.raises(InvalidInput) as caught:
        parse_cell(source)
    assert str(caught.value).startswith("The cell cannot be parsed")
    assert message in str(caught.value)
    assert caught.value.code == "syntax_error"


@pytest.mark.parametrize("source", ["await f()", "async with a: pass", "    x = 1\n    y = 2", ">>> x\n... y", "x?"])
def test_what_ipython_accepts_is_accepted(source):
    assert isinstance(parse_cell(source), ast.Module)


def test_a_magic_without_its_sign_is_read_as_ipython_reads_it(shell):
    assert "run_line_magic('pip', 'install x')" in ast.unparse(parse_cell("pip install x"))


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%time y = f(x)", "y = f(x)"),
        ("!ls {a} $b", "get_ipython().system('ls {a} $b', a, b)"),
        ("x = !ls {a}", "x = get_ipython().getoutput('ls {a}', a, get_ipython)"),
        ("%%capture c\nf()", "get_ipython().run_cell_magic('capture', 'c', 'f()\\n')\nf()\nc = None"),
        ("!ls {broken", "get_ipython().system('ls {broken')"),
    ],
)
def test_magics_become_python_that_reads_and_binds_the_same(source, python):
    assert ast.unparse(without_magics(parse_cell(source)).tree) == python
