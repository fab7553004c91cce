"""The frames of a ``.wandb`` file: LevelDB's log format, in blocks of 32 KiB, with a head of wandb's own.

The reader that wandb had in Python is gone from its newer versions (the messages within are still described there),
and the format has not changed, so it is read here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trackside.errors import InvalidInput

__all__ = ["WandbLog"]

_HEAD = struct.Struct("<4sHB")
_IDENTITY = (b":W&B", 0xBEE1)
_CHUNK = struct.Struct("<IHB")
_BLOCK = 1 << 15
_, _FULL, _FIRST, _MIDDLE, _LAST = range(5)


class WandbLog:
    """Iterates over the records of one file as bytes; ``torn`` then says how the file ends, "" if it ends well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = ""

    def __iter__(self) -> Iterator[bytes]:
        self.torn = ""
        with self.path.open("rb", buffering=_BLOCK) as file:
            self._check_head(file)
            record = bytearray()
            for kind, data in self._chunks(file):
                if kind in (_FULL, _FIRST):
                    record.clear()
                record += data
                if kind in (_FULL, _LAST):
                    yield bytes(record)
                    record.clear()
            if record and not self.torn:
                self.torn = "ends in the middle of a record"

    def _check_head(self, file: IO[bytes]) -> None:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size or _HEAD.unpack(head)[:2] != _IDENTITY:
            what = "is empty" if not head else "is no file of wandb"
            raise InvalidInput(f"{self.path} {what}.", hint="They are called run-*.wandb.")

    def _chunks(self, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield the kinds and bytes of chunks; the end of a block that holds no head of a chunk is filled with zeros."""
        place = _HEAD.size
        while True:
            room = _BLOCK - place % _BLOCK
            if room < _CHUNK.size:
                file.read(room)
                place += room
                continue
            head = file.read(_CHUNK.size)
            if not head:
                return
            if len(head) < _CHUNK.size:
                self.torn = "ends in the middle of a record"
                return
            checksum, length, kind = _CHUNK.unpack(head)
            data = file.read(length)
            if len(data) < length:
                self.torn = "ends in the middle of a record"
                return
            if kind not in (_FULL, _FIRST, _MIDDLE, _LAST) or zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
                self.torn = f"is damaged at byte {place}"
                return
            yield kind, data
            place += _CHUNK.size + length
