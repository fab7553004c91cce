"""Scopes of systemd: where one can be had, what is started in it outlives the server's unit and may divide its group."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from trackside_server.isolation.lifetime import lingers

__all__ = ["IN_SCOPE", "scopes", "why_no_scope"]

IN_SCOPE = "TRACKSIDE_IN_SCOPE"
"""Set in the environment of what is started in a scope of its own."""


def scopes(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> list[list[str]]:
    """Return the ways to start what shall outlive us, best first, as what stands before its command."""
    if why_no_scope(environ, root) is not None:
        return [[]]
    user = ["--user"] if os.geteuid() else []
    return [["systemd-run", *user, "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"], []]


def why_no_scope(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> str | None:
    """Return why jobs do not run in a scope of their own, None where they do.

    Not where it would make things worse: without lingering, user scopes end at the last logout, sessions need not.
    """
    env = os.environ if environ is None else environ
    if not (root / "run/systemd/system").exists():
        return "This machine was not started by systemd."
    if shutil.which("systemd-run", path=env.get("PATH")) is None:
        return "There is no systemd-run on the PATH of this server."
    if os.geteuid() == 0:
        return None
    if not (Path(env.get("XDG_RUNTIME_DIR", "/nonexistent")) / "bus").exists():
        return "No systemd of this user answers: $XDG_RUNTIME_DIR/bus is missing."
    if lingers(env, root) or _in_user_unit(root):
        return None
    return "A scope would end when you log out. Run 'loginctl enable-linger' once."


def _in_user_unit(root: Path) -> bool:
    try:
        return "/user@" in (root / "proc/self/cgroup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
