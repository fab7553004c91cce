"""``python -m trackside_server.engine.preview_process PATH ROWS``: reads the head of a table for a server.

A file of a job may be anything: what a reader takes in memory for it, and how it may end, is this process's own.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput
from trackside.models import TablePreview
from trackside_server.engine.table_head import read_head

__all__ = ["main"]

_MEMORY = 8 << 30


def main() -> None:
    """Say the head as JSON; of what holds none, why, as a text."""
    with contextlib.suppress(ValueError, OSError):  # a lower limit holds already
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        found: TablePreview | str = read_head(Path(sys.argv[1]), int(sys.argv[2]))
    except InvalidInput as error:
        found = error.message
    except OSError as error:
        found = f"{sys.argv[1]} cannot be read: {error.strerror}."
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
