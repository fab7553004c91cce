"""What the run ran in: host, Python, git, packages and GPUs. What takes time is asked in threads, for a bounded time."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trackside.tracking.atomic import write_bytes
from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses

if TYPE_CHECKING:
    from trackside.probes.gpus import GpuFacts

__all__ = ["Capture", "GitState", "clean_remote", "git_state", "packages", "surroundings"]

_GIT_TIME = 5.0
_PACKAGES_TIME = 10.0
_DIFF_SIZE = 4 << 20
# Texts, compiled when they are first used, which is in a thread: that takes longer than the start of a run may.
_CREDENTIALS = r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<who>[^/?#]*)@"
_QUERY = r"(?is)(https?://[^?#]*)[?#].*"
_NAME = r"(?m)^Name: *(.+?) *$"
_VERSION = r"(?m)^Version: *(.+?) *$"


class GitState(NamedTuple):
    """One work tree: the commit that is checked out, whether anything differs from it, and where it came from."""

    commit: str
    branch: str
    dirty: bool
    remote: str | None

    def fields(self) -> dict[str, object]:
        """Return the fields of ``meta.json``: ``git_info`` as on the seed page, ``git`` as in the package ``whirr``."""
        info = {"commit": self.commit, "branch": self.branch, "dirty": self.dirty, "remote_url": self.remote}
        package = {
            "commit": self.commit,
            "short_hash": self.commit[:7],
            "branch": self.branch,
            "dirty": self.dirty,
            "remote": self.remote,
        }
        return {"git_info": info, "git": package}


def surroundings() -> dict[str, object]:
    """Return the fields of ``meta.json`` that cost nothing to know."""
    return {
        "host": os.uname().nodename,
        "python": sys.version.partition(" ")[0],
        "executable": sys.executable,
        "argv": list(sys.argv) if hasattr(sys, "argv") else [],
        "workdir": _workdir(),
    }


def _workdir() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:
        return None  # the folder was removed


def git_state(folder: str | os.PathLike[str], timeout: float = _GIT_TIME) -> GitState | None:
    """Return the state of the work tree that ``folder`` lies in; None without git, outside one, or when it is slow."""
    deadline = time.monotonic() + timeout
    status = _git(folder, deadline, "status", "--porcelain=v2", "--branch")
    if status is None:
        return None
    remote = _git(folder, deadline, "config", "--get", "remote.origin.url")
    return parse_status(
        status.decode(errors="replace"), clean_remote(remote.decode(errors="replace").strip()) if remote else None
    )


def parse_status(status: str, remote: str | None) -> GitState | None:
    """Return what ``git status --porcelain=v2 --branch`` says; None before the first commit."""
    headers, dirty = {}, False
    for line in status.splitlines():
        if line.startswith("# "):
            name, _, value = line[2:].partition(" ")
            headers[name] = value
        else:
            dirty = True
    commit = headers.get("branch.oid", "(initial)")
    if commit == "(initial)":
        return None
    branch = headers.get("branch.head", "")
    return GitState(commit, "HEAD" if branch == "(detached)" else branch, dirty, remote)


def clean_remote(url: str) -> str:
    """Return the address of a remote without passwords and tokens; ``git@host:path`` stays as it is."""
    return re.sub(_CREDENTIALS, _without_credentials, re.sub(_QUERY, r"\1", url))


def _without_credentials(found: re.Match[str]) -> str:
    """Return the beginning of an address as far as it may be seen: ssh needs a user, and knows no password here."""
    user = found["who"].partition(":")[0]
    keep = f"{user}@" if found["scheme"].lower() in {"ssh", "git+ssh", "ssh+git"} and user else ""
    return f"{found['scheme']}://{keep}"


def git_diff(folder: str | os.PathLike[str], timeout: float = _GIT_TIME) -> bytes:
    """Return what differs from the commit, as a patch; empty when there is nothing, or when it is too large."""
    diff = _git(folder, time.monotonic() + timeout, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")
    return diff if diff is not None and len(diff) <= _DIFF_SIZE else b""


def _git(folder: str | os.PathLike[str], deadline: float, *arguments: str) -> bytes | None:
    import subprocess

    environment = {
        name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
    }
    # A status must not take the lock of the index away from a commit that the person makes at the same time.
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(0.01, deadline - time.monotonic()),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None


def packages(timeout: float = _PACKAGES_TIME) -> list[str]:
    """Return ``name==version`` of the installed distributions, the ones that an import would find, sorted.

    After ``timeout`` seconds, as on a slow network disk, those that were found until then.
    """
    from importlib import metadata

    deadline = time.monotonic() + timeout
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        # The text is searched, not parsed: a parser of mail headers takes 20 times as long.
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        name, version = re.search(_NAME, text), re.search(_VERSION, text)
        if name and version:
            found.setdefault(re.sub(r"[-_.]+", "-", name[1]).lower(), f"{name[1]}=={version[1]}")
        if time.monotonic() > deadline:
            break
    return [line for _, line in sorted(found.items())]


def gpu_facts(gpus: Iterable[GpuFacts]) -> dict[str, object]:
    """Return the field ``gpus`` of ``meta.json``: what does not change about each; memory in bytes."""
    return {
        "gpus": [
            {"index": gpu.index, "uuid": gpu.uuid, "name": gpu.name, "memory_total": gpu.memory_total} for gpu in gpus
        ]
    }


class Capture:
    """Takes git, packages and GPUs down into a run folder, each in a thread of its own, while the work begins.

    So a driver, a disk or a program that hangs costs neither the others nor the work.
    """

    def __init__(self, folder: RunFolder, losses: Losses, *, git: bool, pip: bool, gpus: bool = False) -> None:
        self._folder = folder
        self._losses = losses
        self._where = _workdir()
        self._pid = os.getpid()
        wanted = {self._take_packages: pip, self._take_git: git and self._where is not None, self._take_gpus: gpus}
        self._threads = [
            threading.Thread(target=self._run, args=[take], name="trackside-capture", daemon=True)
            for take, asked in wanted.items()
            if asked
        ]

    def start(self) -> None:
        """Begin, unless there is nothing to do."""
        for thread in self._threads:
            thread.start()

    def wait(self, timeout: float = 2 * _GIT_TIME) -> None:
        """Wait until all is written; at once in a forked child, which has no such threads."""
        deadline = time.monotonic() + timeout
        if self._pid == os.getpid():
            for thread in self._threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, take: Callable[[], dict[str, object]]) -> None:
        try:
            fields = take()
            if fields:
                self._folder.update_meta(**fields)
        except OSError as error:
            self._losses.add(error)

    def _take_packages(self) -> dict[str, object]:
        lines = packages()
        write_bytes(self._folder.requirements, "".join(f"{line}\n" for line in lines).encode())
        return {"requirements_file": self._folder.requirements.name, "pip_packages_count": len(lines)}

    def _take_git(self) -> dict[str, object]:
        where = self._where or "."
        state = git_state(where)
        if state is None:
            return {}
        diff = git_diff(where) if state.dirty else b""
        if diff:
            with contextlib.suppress(FileExistsError):
                self._folder.source.mkdir(mode=0o700)
            write_bytes(self._folder.source / "git.diff", diff)
        return state.fields()

    def _take_gpus(self) -> dict[str, object]:
        from trackside.probes.gpus import find_gpus, visible_gpus

        seen = find_gpus().sample(processes=False)
        found = visible_gpus(seen, os.environ.get("CUDA_VISIBLE_DEVICES"))
        return gpu_facts(found) if found else {}
