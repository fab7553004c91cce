"""Pictures as bytes: PNG written with the standard library, and the size of PNG, JPEG and GIF read from their heads."""

from __future__ import annotations

import struct
import zlib

__all__ = ["encode", "picture_facts"]

_PNG = b"\x89PNG\r\n\x1a\n"
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""The colour type of a PNG by its number of channels: grey, grey and alpha, RGB, RGB and alpha."""
_LEVEL = 1
"""Of zlib: three times as fast as 4, for 4 % more bytes of a photograph."""


def encode(rows: bytes, width: int, height: int, channels: int, *, filtered: bool = False) -> bytes:
    """Return a PNG of 8-bit pixels, row by row; ``filtered`` rows begin with the byte that names their filter."""
    if not filtered:
        line = width * channels
        rows = b"".join(b"\0" + rows[start : start + line] for start in range(0, len(rows), line))
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, _LEVEL)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture_facts(data: bytes) -> tuple[str, int, int] | None:
    """Return format (``png``, ``jpg``, ``gif``), width and height of a picture; None for all other bytes."""
    if data.startswith(_PNG) and len(data) >= 24:
        return ("png", *struct.unpack(">II", data[16:24]))
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return ("gif", *struct.unpack("<HH", data[6:10]))
    if data.startswith(b"\xff\xd8\xff"):
        size = _jpeg_size(data)
        return None if size is None else ("jpg", *size)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk over the segments of a JPEG to the one that begins a frame."""
    place = 2
    while place + 9 < len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
