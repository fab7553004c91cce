"""Whether a folder lies on a file system that several machines may share."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["file_system_magic", "is_shared", "on_shared_file_system"]

_SHARED = {
    0x6969: "nfs",
    0x517B: "smb",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0x01021997: "9p",
    0x65735546: "fuse",  # sshfs, s3fs, gcsfuse, …; a local one only loses some speed by being taken for shared
    0x0BD00BD0: "lustre",
    0x47504653: "gpfs",
    0x19830326: "beegfs",
    0x00C36400: "ceph",
    0x5346414F: "afs",
    0x6B414653: "kafs",
    0x01161970: "gfs2",
    0x7461636F: "ocfs2",
    0x786F4256: "vboxsf",
    0xAAD7AAEA: "panfs",
    0x73757245: "coda",
    0x564C: "ncp",
}


def is_shared(magic: int) -> bool:
    """Return whether a file system of this number (``f_type`` of ``statfs``) may be seen by several machines."""
    return magic & 0xFFFFFFFF in _SHARED


def file_system_magic(path: Path) -> int | None:
    """Return ``f_type`` of the file system that holds ``path``; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    answer = (ctypes.c_long * 32)()  # struct statfs is at most 15 words; f_type is the first
    if libc.statfs(os.fsencode(path), answer) != 0:
        return None
    return int(answer[0])


def on_shared_file_system(path: Path) -> bool:
    """Return whether ``path`` lies where several hosts may see it: SQLite's write-ahead log is not safe there.

    ``TRACKSIDE_NETWORK_HOME`` (1 or 0) says it where the file system's kind does not tell.
    """
    said = os.environ.get("TRACKSIDE_NETWORK_HOME", "")
    if said in {"0", "1"}:
        return said == "1"
    magic = file_system_magic(path)
    return magic is not None and is_shared(magic)
