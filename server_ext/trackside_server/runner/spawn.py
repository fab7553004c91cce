"""Starts the user's process: its own session, its output a file, its input empty, its environment exactly as given."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn

from trackside_server.isolation.groups import NO_GROUP, Group

__all__ = ["GroupError", "StartError", "candidates", "spawn"]

_ALL_SIGNALS = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Ignored ones would stay ignored: some by Python, some because somebody started the server with ``nohup``."""
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR})


class StartError(Exception):
    """The user's process could not be started; the text is a sentence for its owner."""


class GroupError(Exception):
    """The control group could not be entered; nothing was started."""


def spawn(
    argv: Sequence[str],
    environment: Mapping[str, str],
    workdir: str,
    output: int,
    *,
    group: Group = NO_GROUP,
    cores: Sequence[int] = (),
) -> int:
    """Start a process with the open file ``output`` as standard output and error; return its pid once it runs.

    Raises StartError saying what is wrong and what to do, GroupError when ``group`` cannot be entered. The calling
    process enters ``workdir`` and ``cores`` for the moment of the start: ``posix_spawn`` copies no memory, a fork costs
    three times as much. Only a fork can enter a control group by itself, and the caller must never stand in there.
    """
    with _inside(workdir), _bound_to(cores):
        paths = candidates(argv[0], environment)
        if group.folders:
            return _fork_into(group, paths, argv, environment, output)
        return _spawn_first(paths, argv, environment, output)


@contextlib.contextmanager
def _bound_to(cores: Sequence[int]) -> Iterator[None]:
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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
    return _first(paths, argv[0], lambda path: _spawn(path, argv, environment, output))


def _first(paths: Sequence[str], name: str, start: Callable[[str], int]) -> int:
    refused: StartError | None = None
    for path in paths:
        try:
            return start(path)
        except OSError as error:
            number = error.errno or 0
            if refused is None or number == errno.EACCES:
                refused = StartError(_about_program(number, path))
            if number not in _NOT_THERE | {errno.EACCES}:
                break
    raise refused or StartError(f"There is no program {name!r} on the job's PATH. Install it, or write its full path.")


def _fork_into(
    group: Group, paths: Sequence[str], argv: Sequence[str], environment: Mapping[str, str], output: int
) -> int:
    """Fork a process that enters the group and becomes the program; what kept it from that comes back through a pipe."""
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        raise StartError(_about_program(error.errno or 0, paths[0] if paths else argv[0])) from error
    if pid == 0:
        _become(group, paths, argv, environment, output, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    if not told:  # the end of the pipe closed with the exec
        return pid
    os.waitpid(pid, 0)
    what, message = json.loads(told)
    raise GroupError(message) if what == "group" else StartError(message)


def _become(
    group: Group,
    paths: Sequence[str],
    argv: Sequence[str],
    environment: Mapping[str, str],
    output: int,
    writing: int,
) -> NoReturn:
    """Be the program, in this fork."""
    told = ["group", ""]
    try:
        signal.set_wakeup_fd(-1)
        group.enter()
        told[0] = "start"
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        for number in _ALL_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        _first(paths, argv[0], lambda path: os.execve(path, list(argv), environment))
    except BaseException as error:  # noqa: BLE001  (a process boundary)
        told[1] = str(error)
    finally:
        os.write(writing, json.dumps(told).encode("ascii"))
        os._exit(1)


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
