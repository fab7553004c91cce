"""What the run ran in: host, Python, git and packages. Git is asked in a thread and for a bounded time only."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from trackside.tracking.atomic import write_bytes
from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses

__all__ = ["Capture", "GitState", "clean_remote", "git_state", "packages", "surroundings"]

_GIT_TIME = 5.0
_DIFF_SIZE = 4 << 20
_CREDENTIALS = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<who>[^/@]*)@", re.IGNORECASE)
_NAME = re.compile(r"^Name: *(.+?) *$", re.MULTILINE)
_VERSION = re.compile(r"^Version: *(.+?) *$", re.MULTILINE)


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
    found = _CREDENTIALS.match(url)
    if found is None:
        return url
    user = found["who"].partition(":")[0]
    keep = f"{user}@" if found["scheme"].lower() == "ssh" and user else ""
    return f"{found['scheme']}://{keep}{url[found.end() :]}"


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


def packages() -> list[str]:
    """Return ``name==version`` of the installed distributions, the ones that an import would find, sorted."""
    from importlib import metadata

    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        # The text is searched, not parsed: a parser of mail headers takes 20 times as long.
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        name, version = _NAME.search(text), _VERSION.search(text)
        if name and version:
            found.setdefault(re.sub(r"[-_.]+", "-", name[1]).lower(), f"{name[1]}=={version[1]}")
    return [line for _, line in sorted(found.items())]


class Capture:
    """Takes git and packages down into a run folder, in a thread of its own, while the work begins."""

    def __init__(self, folder: RunFolder, losses: Losses, *, git: bool, pip: bool) -> None:
        self._folder = folder
        self._losses = losses
        self._git = git
        self._pip = pip
        self._where = _workdir()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless there is nothing to do."""
        if self._git or self._pip:
            self._thread = threading.Thread(target=self._take, name="trackside-capture", daemon=True)
            self._thread.start()

    def wait(self, timeout: float = 2 * _GIT_TIME) -> None:
        """Wait until all is written; at once in a forked child, which has no such thread."""
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(timeout)

    def _take(self) -> None:
        fields: dict[str, object] = {}
        try:
            if self._pip:
                lines = packages()
                write_bytes(self._folder.requirements, "".join(f"{line}\n" for line in lines).encode())
                fields |= {"requirements_file": self._folder.requirements.name, "pip_packages_count": len(lines)}
            if self._git and self._where is not None:
                fields |= self._take_git(self._where)
            if fields:
                self._folder.update_meta(**fields)
        except OSError as error:
            self._losses.add(error)

    def _take_git(self, where: str) -> dict[str, object]:
        state = git_state(where)
        if state is None:
            return {}
        diff = git_diff(where) if state.dirty else b""
        if diff:
            with contextlib.suppress(FileExistsError):
                self._folder.source.mkdir(mode=0o700)
            write_bytes(self._folder.source / "git.diff", diff)
        return state.fields()
