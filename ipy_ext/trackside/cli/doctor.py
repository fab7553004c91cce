"""Look whether everything is there that jobs need, and say what is not."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trackside.cli.terminal import Terminal
from trackside.errors import TracksideError

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["Finding", "add_arguments", "run"]

_LITTLE = 1 << 30


class Finding(NamedTuple):
    """One thing looked at: ``ok`` False is a fault, None is worth knowing."""

    name: str
    ok: bool | None
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: doctor takes no words."""


def run(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Look at everything; exit 1 when something is at fault. Starts no server."""
    from trackside.tracking.home import home_dir

    findings = [*_of_home(home_dir()), *_of_server(terminal)]
    signs = {True: "ok  ", False: "BAD ", None: "note"}
    lines = [f"{signs[finding.ok]}  {finding.name:<10} {finding.detail}" for finding in findings]
    terminal.answer([finding._asdict() for finding in findings], "\n".join(lines))
    return 1 if any(finding.ok is False for finding in findings) else 0


def _of_home(home: Path) -> Iterator[Finding]:
    from trackside.models.units import format_size

    if not home.exists():
        yield Finding("home", None, f"{home} does not exist yet; the first job makes it")
        return
    mode = home.stat().st_mode & 0o777
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding("home", False, f"{home} cannot be written to")
    elif mode & 0o077:
        yield Finding("home", False, f"{home} is open to others (mode {mode:o}): chmod 700 {home}")
    else:
        yield Finding("home", True, str(home))
    free = shutil.disk_usage(home).free
    yield Finding("disk", free > _LITTLE, f"{format_size(free)} free")


def _of_server(terminal: Terminal) -> Iterator[Finding]:
    from trackside.client.discovery import find_server
    from trackside.client.headless import missing_parts

    missing = missing_parts()
    can_start = f'none can start here without {", ".join(missing)} (pip install "trackside[lab]")' if missing else ""
    try:
        if not terminal.url:
            find_server(check=True, start=False)
        yield from _of_client(terminal.client)
    except TracksideError as error:
        if error.code == "no_server" and not missing:
            yield Finding("server", None, "none runs; the first use starts one")
        else:
            yield Finding("server", False, " ".join([str(error), can_start]).strip())


def _of_client(client: Client) -> Iterator[Finding]:
    address, health = client.address(), client.info()
    yield Finding("server", health.ok, f"{health.version} at {address.url}{' (headless)' if address.headless else ''}")
    who = "this server" if health.schedules else f"process {health.scheduler_pid}"
    yield Finding("scheduler", health.schedules or health.scheduler_pid is not None, who)
    for warning in health.warnings:
        yield Finding("warning", None, warning)
    gpus = client.gpus()
    told = f"{len(gpus.gpus)} × {', '.join(sorted({gpu.name for gpu in gpus.gpus}))}" if gpus.gpus else gpus.message
    yield Finding("GPUs", True if gpus.gpus else None, told or "none")
    plan = client.jobs.submit({"command": ["true"], "cpus": 1, "memory": "256M", "time": "1h"}, dry_run=True)
    for limit in plan.limits:
        by = f"enforced by {limit.by}" if limit.enforced else "not enforced here"
        yield Finding("limit", True if limit.enforced else None, f"{limit.name}: {by}")
