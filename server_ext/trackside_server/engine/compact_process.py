"""``python -m trackside_server.engine.compact_process RUN_DIR``: makes a run's Parquet, says the facts of its metrics."""

from __future__ import annotations

import contextlib
import os
import sys

import msgspec

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import compact
from trackside_server.engine.known import wire_facts

__all__ = ["main"]

_LOWEST = 19


def main() -> None:
    """Compact one run, with what time nobody else wants."""
    os.nice(_LOWEST)
    folder = RunFolder(sys.argv[1])
    with contextlib.suppress(OSError):  # a folder that cannot be written has facts all the same
        compact(folder)
    sys.stdout.buffer.write(msgspec.json.encode(wire_facts(folder)))


if __name__ == "__main__":
    main()
