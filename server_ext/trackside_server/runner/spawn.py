"""Starts the user's process: its own session, its output a file, its input empty, its environment exactly as given."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["StartError", "candidates", "spawn"]

_ALL_SIGNALS = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Ignored ones would stay ignored: some by Python, some because somebody started the server with ``nohup``."""
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR})


class StartError(Exception):
    """The user's process could not be started; the text is a sentence for its owner."""


def spawn(argv: Sequence[str], environment: Mapping[str, str], workdir: str, output: int) -> int:
    """Start a process with the open file ``output`` as standard output and error; return its pid once it runs.

    Raises StartError saying what is wrong and what to do. The calling process enters ``workdir`` for the moment of the
    start: ``posix_spawn`` copies no memory, a fork costs three times as much, and only a fork could enter it by itself.
    """
    with _inside(workdir):
        return _spawn_first(candidates(argv[0], environment), argv, environment, output)


@contextlib.contextmanager
def _inside(workdir: str) -> Iterator[None]:
    try:
        os.chdir(workdir)
    except OSError as error:
        raise StartError(_about_workdir(error.errno or 0, workdir)) from error
    try:
        yield
    finally:
        os.chdir("/")


def candidates(name: str, environment: Mapping[str, str]) -> list[str]:
    """Return the files that this name may mean, in order: itself when it has a slash, else those on the job's PATH."""
    if "/" in name:
        return [name]
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    paths = [os.path.join(folder or ".", name) for folder in folders]
    return [path for path in paths if os.access(path, os.F_OK)]


def _spawn_first(paths: Sequence[str], argv: Sequence[str], environment: Mapping[str, str], output: int) -> int:
    """Start the first of these files that can be started, as a shell would."""
    refused: StartError | None = None
    for path in paths:
        try:
            return _spawn(path, argv, environment, output)
        except OSError as error:
            number = error.errno or 0
            if refused is None or number == errno.EACCES:
                refused = StartError(_about_program(number, path))
            if number not in _NOT_THERE | {errno.EACCES}:
                break
    raise refused or StartError(
        f"There is no program {argv[0]!r} on the job's PATH. Install it, or write its full path."
    )


def _spawn(path: str, argv: Sequence[str], environment: Mapping[str, str], output: int) -> int:
    return os.posix_spawn(
        path,
        list(argv),
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=_ALL_SIGNALS,
    )


def _about_workdir(number: int, workdir: str) -> str:
    if number == errno.ENOENT:
        return f"The working directory {workdir!r} does not exist. Make it, or submit with another workdir."
    if number == errno.ENOTDIR:
        return f"The working directory {workdir!r} is not a directory. Submit with another workdir."
    return f"The working directory {workdir!r} cannot be entered: {os.strerror(number)}. Submit with another workdir."


def _about_program(number: int, path: str) -> str:
    if number in _NOT_THERE:
        if not os.access(path, os.F_OK):
            return f"The program {path!r} does not exist. Correct the path."
        return f"{path!r} exists, but the interpreter named in its first line does not. Correct its '#!' line."
    if number == errno.EACCES:
        return f"{path!r} may not be executed. Run 'chmod +x' on it, or start it with its interpreter."
    if number == errno.ENOEXEC:
        return f"{path!r} is not a program: its first line does not begin with '#!'. Start it with its interpreter."
    if number == errno.E2BIG:
        return "The arguments and the environment together are larger than the system allows. Carry less of it."
    if number == errno.EAGAIN:
        return "The system starts no more processes for this user. Wait until others have ended, or raise 'ulimit -u'."
    return f"{path!r} could not be started: {os.strerror(number)}."
