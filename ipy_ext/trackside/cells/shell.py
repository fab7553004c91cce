"""The IPython shell inside a job: cells run as in a notebook; prints go to the log, rich outputs are kept beside it."""

from __future__ import annotations

import codecs
import contextlib
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

from IPython.core.autocall import ExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

from trackside.cells.outputs import OutputLog
from trackside.cells.sources import label_of, remember
from trackside.cells.tracebacks import drop_our_frames, format_error, has_group

__all__ = ["JobShell", "make_shell"]


_SWALLOWERS = frozenset({"time", "safe_execfile", "safe_execfile_ipy", "safe_run_module"})
"""Functions of IPython that show an exception and go on, as ``%run`` does; a job has failed then all the same."""


def make_shell(outputs: OutputLog, module: ModuleType) -> JobShell:
    """Return the shell of this process; ``get_ipython()`` finds it, cells run in the module."""
    warnings.filterwarnings("ignore", "To exit: use", UserWarning)  # a cell that exits is not a mistake
    shell: JobShell = JobShell.instance(user_module=module, user_ns=vars(module))
    shell.outputs = outputs
    return shell


class _Compiler(CachingCompiler):  # type: ignore[misc]  # IPython is untyped
    """Keeps the source of cells for tracebacks, under the name that people know the cell by."""

    label = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """Return the file name of a cell's code; numba, for one, knows cells by its beginning."""
        name = f"<ipython-cell-{self.label or number}>"
        again = 1
        while label_of(name) is not None:
            again += 1
            name = f"<ipython-cell-{self.label or number}-{again}>"
        return name

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        """Return the two words by which tracebacks call a cell."""
        kind, _, number = (label_of(name) or "").partition(" ")
        return (kind, number) if number else None

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        """Remember the lines as they stand in the notebook, where each line became one line."""
        name: str = super().cache(transformed_code, number, raw_code)
        text = transformed_code
        if raw_code is not None and len(raw_code.splitlines()) == len(transformed_code.splitlines()):
            text = raw_code
        remember(name, f"Cell In[{self.label or number}]", text if text.endswith("\n") else f"{text}\n")
        return name


class _Hook(DisplayHook):  # type: ignore[misc]  # IPython is untyped
    """Shows the value of a cell's last expression: as text in the log, in full among the outputs."""

    def write_output_prompt(self) -> None:
        """No ``Out[1]:``, the log is no terminal."""

    def write_format_data(self, format_dict: Mapping[str, object], md_dict: Mapping[str, object] | None = None) -> None:
        """Print the text and keep everything."""
        with self.shell.unheard():
            _print_text(format_dict)
        self.shell.outputs.display("execute_result", format_dict, md_dict)

    def log_output(self, format_dict: object) -> None:
        """Keep no second copy."""


class _Publisher(DisplayPublisher):  # type: ignore[misc]  # IPython is untyped
    """Receives what ``display`` shows."""

    def publish(
        self,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        source: object = None,
        *,
        transient: Mapping[str, object] | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        """Print the text and keep everything."""
        if not update:
            with self.shell.unheard():
                _print_text(data)
        kind = "update_display_data" if update else "display_data"
        self.shell.outputs.display(kind, data, metadata, transient)

    def clear_output(self, wait: bool = False) -> None:
        """Keep that earlier outputs are to go; the log stays as it is."""
        self.shell.outputs.clear(wait=wait)


class _Exit(ExitAutocall):  # type: ignore[misc]  # IPython is untyped
    """``exit`` and ``quit`` end the job, with a code if one is given."""

    def __call__(self, code: object = None) -> None:
        raise SystemExit(code)


class JobShell(InteractiveShell):  # type: ignore[misc]  # IPython is untyped
    """An IPython shell without history database, profile and completion."""

    compiler_class = Type(_Compiler)
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs: OutputLog
    capturing = False
    """Whether somebody listens to ``sys.stdout``: the output of ``!`` commands then goes through it."""
    unheard: Callable[[], AbstractContextManager[None]] = staticmethod(contextlib.nullcontext)
    """Around what is printed for the log only."""
    shown = ""
    """The last traceback shown, as plain text."""
    _swallowed: BaseException | None = None

    def run(self, source: str, label: str = "") -> BaseException | None:
        """Run a cell and return the exception that ended it; tracebacks call it by its label, else by its number."""
        self.compile.label = label
        self._swallowed = None
        result = self.run_cell(source, store_history=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error or self._swallowed

    # What a shell sets up, and a job does not need.

    def _colors_default(self) -> str:
        from IPython import version_info

        return "nocolor" if version_info[0] >= 9 else "NoColor"

    def _ipython_dir_default(self) -> str:
        from IPython.paths import get_ipython_dir

        return str(get_ipython_dir())

    def _profile_dir_default(self) -> Any:
        """Only what asks for the profile, such as ``%store``, makes its folder."""
        from IPython.core.profiledir import ProfileDir

        return ProfileDir.create_profile_dir_by_name(self.ipython_dir, "default")

    def _exiter_default(self) -> _Exit:
        return _Exit(self)

    def init_ipython_dir(self, ipython_dir: object) -> None:
        """Later, when something asks for it."""

    def init_profile_dir(self, profile_dir: object) -> None:
        """Later, when something asks for it."""

    def init_virtualenv(self) -> None:
        """The submitter's ``sys.path`` came with the job."""

    def init_history(self) -> None:
        """``In`` and ``Out``, without a database."""
        from IPython.core.history import HistoryManager

        self.history_manager = HistoryManager(shell=self, parent=self, enabled=False, hist_file=":memory:")
        self.configurables.append(self.history_manager)

    @contextlib.contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """IPython keeps a copy of everything printed in memory; a job that prints for days must not."""
        yield

    def transform_cell(self, raw_cell: str) -> str:
        """IPython drops blank lines at the top; they are put back, so that line numbers stay those of the notebook."""
        code: str = super().transform_cell(raw_cell)
        blank = next((number for number, line in enumerate(raw_cell.splitlines()) if line.strip()), 0)
        return "\n" * blank + code

    # Commands.

    def system(self, cmd: str) -> None:
        """Run ``!cmd``: its output goes to the log as it comes, its exit code to ``_exit_code``."""
        arguments = [_login_shell(), "-c", self.var_expand(cmd, depth=1)]
        sys.stdout.flush()
        sys.stderr.flush()
        code = _run_through_stdout(arguments) if self.capturing else subprocess.call(arguments)
        self.user_ns["_exit_code"] = code
        if code and self.system_raise_on_error:
            raise subprocess.CalledProcessError(code, cmd)

    system_raw = system_piped = system

    # Errors.

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """Show an exception; one that ends the job as it wants is none."""
        error: BaseException | None = (exc_tuple or sys.exc_info())[1]
        if sys._getframe(1).f_code.co_name in _SWALLOWERS:
            self._swallowed = self._swallowed or error
        if isinstance(error, SystemExit):
            return
        if error is not None:
            drop_our_frames(error.__traceback__)
        if error is not None and has_group(error):
            self._showtraceback(type(error), error, [format_error(error)])
        else:
            super().showtraceback(exc_tuple, *args, **kwargs)

    def show_usage_error(self, exc: BaseException) -> None:
        """A magic used wrongly: one line."""
        self._showtraceback(type(exc), exc, [f"UsageError: {exc}"])

    def _showtraceback(self, etype: type, evalue: BaseException | None, stb: Sequence[str]) -> None:
        self.shown = "\n".join(stb)
        sys.stdout.flush()
        with self.unheard():
            print(self.shown, file=sys.stderr, flush=True)  # noqa: T201 (the job's log)
        self.outputs.error(etype.__name__, str(evalue), self.shown)


def _print_text(data: Mapping[str, object]) -> None:
    text = data.get("text/plain")
    if isinstance(text, str):
        try:
            print(text)  # noqa: T201 (the job's log)
        except UnicodeEncodeError:
            print(text.encode("ascii", "backslashreplace").decode())  # noqa: T201


def _login_shell() -> str:
    named = os.environ.get("SHELL")
    return named if named and os.access(named, os.X_OK) else "/bin/sh"


def _run_through_stdout(arguments: list[str]) -> int:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while chunk := os.read(process.stdout.fileno(), 65536):
            sys.stdout.write(decoder.decode(chunk))
            sys.stdout.flush()
    return process.returncode
