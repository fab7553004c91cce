"""Small disks of their own for rows: a tmpfs where the row needs one."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from tests.faults.row import Row, cannot

__all__ = ["fill", "make_room", "small_disk"]


def small_disk(row: Row, path: Path, size: str) -> Path:
    """Mount a tmpfs of this size (``"16m"``) for the time of the row."""
    path.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", path], capture_output=True, text=True
    )
    if done.returncode:
        cannot(f"a disk that can be filled needs the right to mount one: {done.stderr.strip().splitlines()[0]}")
    row.afterwards.append(["umount", "-l", str(path)])
    return path


def fill(path: Path) -> bool:
    """Write a file that takes all the room there is."""
    filler = path / f"filler-{len(list(path.glob('filler-*')))}"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return os.statvfs(path).f_bavail == 0


def make_room(path: Path) -> None:
    """Take away what filled the disk."""
    for filler in path.glob("filler-*"):
        filler.unlink()
