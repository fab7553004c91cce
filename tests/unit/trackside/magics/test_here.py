"""A tracked cell behaves as the same cell without its first line."""

import pytest

from trackside.errors import InvalidInput
from trackside.magics.here import run_here


def test_names_are_bound_in_the_notebook_and_ipython_syntax_works(shell):
    run_here(shell, "x = 1\n%config InteractiveShell.colors\ny = x + 1")
    assert (shell.user_ns["x"], shell.user_ns["y"]) == (1, 2)


def test_the_last_expression_is_shown(shell, capsys):
    run_here(shell, "x = 20\nx + 1")
    assert "21" in capsys.readouterr().out


@pytest.mark.parametrize("source", ["x = 21\nx;", "x = 21", ""])
def test_nothing_is_shown_where_nothing_would_be(shell, capsys, source):
    run_here(shell, source)
    assert "21" not in capsys.readouterr().out


def test_an_exception_is_the_users_own_with_their_line(shell):
    with pytest.raises(ZeroDivisionError) as caught:
        run_here(shell, "a = 1\n1 / 0\nb = 2")
    assert shell.user_ns["a"] == 1
    assert "b" not in shell.user_ns
    assert caught.traceback[-1].lineno == 1, "counted from 0"


def test_functions_of_the_cell_see_the_notebook(shell):
    run_here(shell, "z = 5\ndef f():\n    return z")
    shell.user_ns["z"] = 6
    assert shell.user_ns["f"]() == 6


def test_top_level_await_is_refused_in_a_sentence(shell):
    with pytest.raises(InvalidInput, match="cannot run await at the top level"):
        run_here(shell, "import asyncio\nawait asyncio.sleep(0)")
