"""Loading the extension is quick, complete and undone without a trace."""

import subprocess
import sys

import pytest

from trackside.magics import load_ipython_extension, unload_ipython_extension
from trackside.magics.usages import ALL

MAGICS = {"submit", "track", "jobs", "runs", "logs", "cancel", "retry", "artifacts", "gpus"}


def ours(shell):
    return {
        name for kind in ("line", "cell") for name in shell.magics_manager.magics[kind] if name.lstrip("%") in MAGICS
    }


def test_every_magic_is_there_and_goes_away_again(shell):
    before = (ours(shell), len(shell.ast_transformers), len(shell.Completer.custom_matchers))
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    assert ours(shell) == MAGICS | {"%submit", "%track"}
    assert {"submit", "track"} <= set(shell.magics_manager.magics["cell"])
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert (ours(shell), len(shell.ast_transformers), len(shell.Completer.custom_matchers)) == before


def test_loading_imports_neither_the_client_nor_a_plotting_library():
    program = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
before = set(sys.modules)
from trackside.magics import load_ipython_extension
load_ipython_extension(shell)
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["trackside"], done.stderr


@pytest.mark.parametrize("name", sorted(MAGICS))
def test_each_magic_has_help_with_its_options_and_an_example(shell, name):
    load_ipython_extension(shell)
    text = shell.inspector.info(shell.magics_manager.magics["line"][name])["docstring"]
    forms = [usage for usage in ALL if usage.magic.lstrip("%") == name]
    for usage in forms:
        for option in usage.options:
            assert option.flags[-1] in text
        for example in usage.examples:
            assert example in text
    unload_ipython_extension(shell)


def test_the_question_mark_shows_the_help(notebook, capsys):
    notebook("%submit?")
    assert "--gpus N" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["submit", "track"])
def test_a_cell_magic_below_the_first_line_is_explained(notebook, name, capsys):
    notebook.shell.run_cell(f"# a comment\n%%{name} -n x\nprint('ran')")
    shown = capsys.readouterr().out
    assert f"%%{name} must be the first line of its cell" in shown
    assert "ran" not in shown
