"""Runs a module of ours in a process of its own, and returns what it says: for what takes memory, time or polars."""

from __future__ import annotations

import asyncio
import os
import sys

__all__ = ["said_aside"]


async def said_aside(module: str, *arguments: str, threads: int) -> bytes:
    """Return the standard output of ``trackside_server.engine.MODULE``; polars has so many threads there.

    The process goes when nobody waits any more. Raises ChildProcessError when it ends with an error.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", f"trackside_server.engine.{module}", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "POLARS_MAX_THREADS": str(threads)},
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        raise ChildProcessError(f"the process for it ended with {process.returncode}")
    return said
