"""Where control groups may be made: below the group of this process, so that every limit from outside still holds.

Version 2 allows no group beside processes, so it takes a scope that was made for us (its processes wait in a group of
their own, ``KEEPERS``), the machine's own root group, or a group beside ours that somebody divided already.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["CONTROLLERS", "KEEPERS", "Base", "find_base", "mounts", "move_aside", "read_text", "write_text"]

KEEPERS = "trackside-keepers"
"""The group of those who look after jobs, in a scope of version 2."""
CONTROLLERS = {
    "cgroup1": {"memory": "memory", "cpus": "cpu", "cores": "cpuset", "max_iops": "blkio", "max_processes": "pids"},
    "cgroup2": {"memory": "memory", "cpus": "cpu", "cores": "cpuset", "max_iops": "io", "max_processes": "pids"},
}
"""What the system calls the controller of each limit."""
_WEIGHT_OF_ONE_CPU = 100
_LARGEST_WEIGHT = 10_000


class Base(NamedTuple):
    """Where groups may be made: ``folders`` by limit. ``engine`` is ``systemd``, ``cgroup2`` or ``cgroup1``."""

    engine: str
    folders: dict[str, str]


class Mount(NamedTuple):
    """One mounted hierarchy: where, which part of it, and what it controls (empty in version 2)."""

    point: str
    root: str
    version: int
    controllers: frozenset[str]


def find_base(engine: str = "auto", proc: str = "/proc/self", run: str = "/run") -> Base | str:
    """Return where this process may make groups with this engine (``auto``: the best that there is), else why not."""
    try:
        found = mounts(proc)
        memberships = _memberships(proc)
    except OSError as error:
        return f"The control groups of this process cannot be read: {error.strerror}."
    if engine == "watchdog":
        return "The watchdog was asked for."
    second = "" if engine == "cgroup1" else _version_2(found, memberships, run)
    if isinstance(second, Base) and engine in {"auto", "cgroup2", second.engine}:
        return second
    if engine in {"auto", "cgroup1"}:
        return _version_1(found, memberships)
    return second if isinstance(second, str) else "This process is not in a systemd scope that was made for jobs."


def move_aside(proc: str = "/proc/self") -> None:
    """Leave the scope that was made for us to groups of jobs: enter a group of our own in it. Raises OSError."""
    memberships = _memberships(proc)
    for mount in mounts(proc):
        if mount.version == 2 and (own := _folder(mount, memberships.get("", ""))) is not None:
            keepers = os.path.join(own, KEEPERS)
            os.mkdir(keepers)
            write_text(os.path.join(keepers, "cgroup.procs"), "0")


def _version_1(found: list[Mount], memberships: dict[str, str]) -> Base | str:
    folders = {}
    for limit, controller in CONTROLLERS["cgroup1"].items():
        for mount in found:
            if controller in mount.controllers:
                folder = _folder(mount, memberships.get(controller, "/"))
                if folder is not None and os.access(folder, os.W_OK):
                    folders[limit] = folder
    if folders:
        return Base("cgroup1", folders)
    if not any(mount.version == 1 for mount in found):
        return "No control groups of version 1 are mounted."
    return "Control groups of version 1 cannot be written here: they belong to root, or are mounted read-only."


def _version_2(found: list[Mount], memberships: dict[str, str], run: str) -> Base | str:
    own = next((_folder(mount, memberships.get("", "/")) for mount in found if mount.version == 2), None)
    if own is None:
        return "No control groups of version 2 are mounted."
    folder = _divisible(own, run)
    if folder is None:
        return f"The group {own} was not given to this server to divide."
    offered = set(read_text(os.path.join(folder, "cgroup.controllers")).split())
    if not offered.intersection(CONTROLLERS["cgroup2"].values()):
        return "Control groups of version 2 have no controllers here; version 1 has them."
    enabled = _enable(folder, offered)
    folders = {limit: folder for limit, controller in CONTROLLERS["cgroup2"].items() if controller in enabled}
    if not folders:
        return f"The controllers of the group {folder} cannot be enabled."
    return Base("systemd" if folder.endswith(".scope") else "cgroup2", folders)


def _divisible(own: str, run: str) -> str | None:
    """Return the folder below which groups may stand beside this process, None when there is none."""
    parent = os.path.dirname(own)
    if os.path.basename(own) == KEEPERS:
        candidate = parent
    elif not os.path.exists(os.path.join(own, "cgroup.type")):  # the machine's own root has none
        candidate = own
    elif not os.path.exists(os.path.join(run, "systemd/system")) and "memory" in read_text(
        os.path.join(parent, "cgroup.subtree_control")
    ):
        candidate = parent
    else:
        return None
    return candidate if os.access(os.path.join(candidate, "cgroup.procs"), os.W_OK) else None


def _enable(folder: str, offered: set[str]) -> set[str]:
    """Enable what limits anything for groups below this folder; return what is enabled, as read back."""
    control = os.path.join(folder, "cgroup.subtree_control")
    enabled = set(read_text(control).split())
    for controller in CONTROLLERS["cgroup2"].values():
        if controller in offered and controller not in enabled:
            try:
                write_text(control, f"+{controller}")
            except OSError as error:
                if error.errno == errno.EBUSY:  # processes stand in the group itself
                    break
    now = set(read_text(control).replace("+", " ").split())
    keepers = os.path.join(folder, KEEPERS, "cpu.weight")
    if "cpu" in now - enabled and os.path.exists(keepers):
        weight = min(_WEIGHT_OF_ONE_CPU * (os.cpu_count() or 1), _LARGEST_WEIGHT)
        write_text(keepers, str(weight))  # the jobs without limits stand in there, all of them together
    return now


def mounts(proc: str = "/proc/self") -> list[Mount]:
    """Return the mounted hierarchies. Raises OSError."""
    return list(_parse_mounts(read_text(os.path.join(proc, "mountinfo"), missing_ok=False)))


def _parse_mounts(text: str) -> Iterator[Mount]:
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        if kind in {"cgroup", "cgroup2"}:
            root, point = before.split()[3:5]
            controllers = options.split()[-1].split(",") if kind == "cgroup" else []
            yield Mount(point.replace("\\040", " "), root, 2 if kind == "cgroup2" else 1, frozenset(controllers))


def _memberships(proc: str) -> dict[str, str]:
    """Return the group of this process by controller; that of version 2 stands under the empty name."""
    found = {}
    for line in read_text(os.path.join(proc, "cgroup"), missing_ok=False).splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _folder(mount: Mount, path: str) -> str | None:
    """Return where a group is mounted; the root of the mount when the group lies outside of what we see."""
    root = mount.root.rstrip("/")
    inside = path[len(root) :] if path.startswith(root) else ""
    folder = os.path.join(mount.point, inside.strip("/")).rstrip("/")
    return folder if os.path.isdir(folder) else None


def read_text(path: str, *, missing_ok: bool = True) -> str:
    """Return what such a file says; nothing when it is not there, unless that is an error."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        if missing_ok:
            return ""
        raise
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:
        if not missing_ok:
            raise
    finally:
        os.close(descriptor)
    return b"".join(parts).decode("ascii", "replace")


def write_text(path: str, *lines: str) -> None:
    """Write each line by itself, as the kernel wants it. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        for line in lines:
            os.write(descriptor, f"{line}\n".encode("ascii"))
    finally:
        os.close(descriptor)
