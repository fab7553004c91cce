"""What around us ends jobs although they outlive the server: a container, a batch job, a logout."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ends_with", "in_container", "lingers"]


def ends_with(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> list[str]:
    """Return one sentence for each thing that ends the jobs of this server; none on a plain machine.

    ``root`` is where the system's files are looked for.
    """
    env = os.environ if environ is None else environ
    found = []
    if "SLURM_JOB_ID" in env:
        found.append(f"Jobs here end with the Slurm job {env['SLURM_JOB_ID']} that this server runs in.")
    if in_container(env, root):
        found.append("Jobs here end with this container.")
    elif _killed_at_logout(root) and not lingers(env, root):
        found.append("Jobs here end when you log out. Run 'loginctl enable-linger' once to keep them.")
    return found


def lingers(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> bool:
    """Whether systemd keeps this user's processes in user scopes after the last logout."""
    env = os.environ if environ is None else environ
    try:
        user = env.get("USER") or getpass.getuser()
    except (KeyError, OSError):
        return False
    return (root / "var/lib/systemd/linger" / user).exists()


def in_container(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> bool:
    """Whether this is a container, which ends with all its processes and sees its own files."""
    environ = os.environ if environ is None else environ
    marks = (root / ".dockerenv", root / "run/.containerenv")
    return "KUBERNETES_SERVICE_HOST" in environ or any(mark.exists() for mark in marks)


def _killed_at_logout(root: Path) -> bool:
    """Whether logind is told to kill what a session leaves behind; later files win, as logind reads them."""
    setting = "no"
    files = [root / "etc/systemd/logind.conf", *sorted((root / "etc/systemd/logind.conf.d").glob("*.conf"))]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for match in re.finditer(r"^\s*KillUserProcesses\s*=\s*(\S*)", text, re.MULTILINE):
            setting = match[1]
    return setting.lower() in {"yes", "true", "1", "on"}
