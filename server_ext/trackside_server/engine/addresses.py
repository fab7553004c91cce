"""What servers that were killed left behind in a home: the addresses under which nobody answers any more."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from trackside.probes.process import ProcessId, boot_id, host_name

__all__ = ["sweep_addresses"]


def sweep_addresses(home: Path) -> None:
    """Take away the address files of dead servers of this host; those of other hosts are theirs to judge."""
    for path in (home / "run").glob("trackside-*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(path.read_bytes())
            host = said.get("host", host_name())
            if host == host_name() and not ProcessId(said["pid"], said["start_time"], boot_id(), host).is_alive():
                path.unlink(missing_ok=True)
