"""What one run recorded up to now, read as a stream: as often as wanted, each time the same."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from pathlib import Path

from trackside.tracking.folder import RunFolder
from trackside.tracking.records import read_meta, read_records
from trackside.tracking.values import restore_floats

__all__ = ["Contents"]

_CHUNK = 8 << 20
_FINAL = frozenset({"completed", "failed", "cancelled"})


class Contents:
    """One run as it is at this moment; what is logged later belongs to the next export."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.meta = read_meta(folder)
        self.run_id = str(self.meta.get("run_id") or folder.path.name)
        self.name = str(self.meta.get("name") or self.run_id)
        self._config = folder.config
        self._ends = [(file, file.stat().st_size) for file in folder.metrics_files]
        self.torn = 0

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return self.meta.get("status") not in _FINAL

    def config(self) -> dict[str, object]:
        """Return the hyperparameters, NaN and infinities as floats."""
        try:
            found = restore_floats(json.loads(self._config.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def records(self) -> Iterator[dict[str, object]]:
        """Yield the records in order; those of several hosts by time. ``torn`` then counts lines passed over."""
        self.torn = 0
        files = [self._read(file, end) for file, end in self._ends]
        return files[0] if len(files) == 1 else heapq.merge(*files, key=_time)

    def keys(self) -> list[str]:
        """Return all keys, ours and the step first, the others in order of appearance."""
        seen: dict[str, None] = {}
        for record in self.records():
            if not record.keys() <= seen.keys():
                seen.update(dict.fromkeys(record))
        first = [key for key in ("_idx", "_timestamp", "step") if key in seen]
        return [*first, *(key for key in seen if key not in first)]

    def _read(self, file: Path, end: int) -> Iterator[dict[str, object]]:
        offset = 0
        while offset < end:
            found = read_records(file, offset, min(_CHUNK, end - offset))
            if found.next_offset <= offset:
                return  # a line that was not written to its end yet, or a file that became shorter
            self.torn += found.torn
            offset = found.next_offset
            yield from found.records


def _time(record: dict[str, object]) -> str:
    return str(record.get("_timestamp", ""))
