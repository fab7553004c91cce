import os
import sys

from trackside.cli import program, terminal
from trackside.cli.terminal import Terminal, coloured


def test_lines_are_cut_to_a_screen_and_never_in_a_pipe(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "10")
    Terminal().line("0123456789ABC\nshort")
    assert capsys.readouterr().out == "0123456789ABC\nshort\n"
    assert Terminal().fitted("0123456789ABC\nshort\n0123456789") == "012345678…\nshort\n0123456789"


def test_json_is_never_a_live_screen(monkeypatch):
    monkeypatch.setattr(sys, "stdout", open(os.devnull, "w"))  # noqa: PTH123, SIM115
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert Terminal().is_live
    assert not Terminal(json=True).is_live


def test_httpx_is_spared_its_own_command_line_in_this_process_only(monkeypatch):
    monkeypatch.delitem(sys.modules, "httpx", raising=False)
    monkeypatch.delitem(sys.modules, "httpx._main", raising=False)
    terminal._spare_the_command_line_of_httpx()
    assert not hasattr(sys.modules["httpx._main"], "main")
    assert program.run is not None


def test_a_client_that_was_never_needed_is_never_made():
    out = Terminal()
    out.url = "http://127.0.0.1:1/"
    out.close()
    assert out._client is None


def test_words_of_status_have_colours_on_a_screen_and_nowhere_else(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert coloured("job-1  running · 00:10  re-running failed-late") == (
        "job-1  \x1b[34mrunning\x1b[0m · 00:10  re-running failed-late"
    )
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("job-1  failed") == "job-1  failed"
