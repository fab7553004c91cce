"""Starts the user's process: its own session, its output a file, its input empty, its environment exactly as given."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Mapping, Sequence

__all__ = ["StartError", "programs", "spawn"]

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class StartError(Exception):
    """The user's process could not be started; the text is a sentence for its owner."""


def spawn(argv: Sequence[str], environment: Mapping[str, str], workdir: str, output: int) -> int:
    """Start a process with the open file ``output`` as standard output and error; return its pid once it runs.

    Raises StartError saying what is wrong and what to do.
    """
    candidates = programs(argv[0], environment)
    if not candidates:
        raise StartError(f"There is no program {argv[0]!r} on the job's PATH. Install it, or write its full path.")
    ours, its = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(ours)
        os.close(its)
        raise StartError(f"The system starts no more processes ({error.strerror}).") from error
    if pid == 0:
        _become(candidates, argv, environment, workdir, output, its)
    os.close(its)
    with open(ours, "rb") as report:
        failure = report.read()
    if failure:
        os.waitpid(pid, 0)
        stage, number, what = json.loads(failure)
        raise StartError(_sentence(stage, number, what, argv[0], workdir))
    return pid


def programs(name: str, environment: Mapping[str, str]) -> list[str]:
    """Return the files that this name may mean, in order: itself when it has a slash, else those on the job's PATH."""
    if "/" in name:
        return [name]
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    paths = [os.path.join(folder or ".", name) for folder in folders]
    return [path for path in paths if not path.startswith("/") or os.access(path, os.F_OK)]


def _become(
    candidates: Sequence[str],
    argv: Sequence[str],
    environment: Mapping[str, str],
    workdir: str,
    output: int,
    report: int,
) -> None:
    """Turn this fork into the user's process; never returns."""
    stage = "session"
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        stage = "workdir"
        os.chdir(workdir)
        stage = "program"
        _execute(candidates, argv, environment)
    except OSError as error:
        os.write(report, json.dumps([stage, error.errno, error.filename]).encode())
    except BaseException as error:  # noqa: BLE001  (this fork must never return into the runner's code)
        os.write(report, json.dumps([stage, 0, f"{type(error).__name__}: {error}"]).encode())
    finally:
        os._exit(127)


def _execute(candidates: Sequence[str], argv: Sequence[str], environment: Mapping[str, str]) -> None:
    refused: OSError | None = None
    for path in candidates:
        try:
            os.execve(path, list(argv), dict(environment))
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:  # noqa: PERF203  (the next may do)
            if refused is None or isinstance(error, PermissionError):
                refused = error
                refused.filename = path
        except OSError as error:
            error.filename = path
            raise
    if refused is not None:
        raise refused


def _sentence(stage: str, number: int, what: str | None, program: str, workdir: str) -> str:
    if stage == "workdir":
        return _about_workdir(number, workdir)
    if stage != "program" or number == 0:
        return f"The process could not be set up: {what or os.strerror(number)}."
    path = what or program
    if number in {errno.ENOENT, errno.ENOTDIR}:
        return _about_missing(path, program)
    if number == errno.EACCES:
        return f"{path!r} may not be executed. Run 'chmod +x' on it, or start it with its interpreter."
    if number == errno.ENOEXEC:
        return f"{path!r} is not a program: its first line does not begin with '#!'. Start it with its interpreter."
    if number == errno.E2BIG:
        return "The arguments and the environment together are larger than the system allows. Carry less of it."
    return f"{path!r} could not be started: {os.strerror(number)}."


def _about_workdir(number: int, workdir: str) -> str:
    if number == errno.ENOENT:
        return f"The working directory {workdir!r} does not exist. Make it, or submit with another workdir."
    if number == errno.ENOTDIR:
        return f"The working directory {workdir!r} is not a directory. Submit with another workdir."
    return f"The working directory {workdir!r} cannot be entered: {os.strerror(number)}. Submit with another workdir."


def _about_missing(path: str, program: str) -> str:
    if "/" not in program:
        return f"There is no program {program!r} on the job's PATH. Install it, or write its full path."
    if not os.path.exists(path):
        return f"The program {program!r} does not exist. Correct the path."
    return f"{program!r} exists, but the interpreter named in its first line does not. Correct its '#!' line."
