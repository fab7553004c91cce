"""Values that must not be shown: found in bytes and covered by stars, one for one, so that every offset stays true.

Best effort: a value is found as it is and as JSON, Python's ``repr``, URLs and base64 spell it; one that a program
splits, colours or encrypts is not. Values of fewer than six bytes are left alone: they would cover half of a log.
Small imports, since every runner loads this.
"""

from __future__ import annotations

import binascii
import json
import os
from collections.abc import Iterable, Iterator

__all__ = ["NO_MASK", "SHORTEST", "Mask", "Range", "coarse", "covered", "joined", "mask_of"]

SHORTEST = 6
"""Bytes of the shortest value that is looked for."""
Range = tuple[int, int]
"""First byte, and the byte after the last."""
_STARS = bytes(byte if byte == ord("\n") else ord("*") for byte in range(256))
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Mask:
    """The spellings of some values; its repr and its pickle tell none of them."""

    __slots__ = ("_forms", "reach")

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _spellings(value) if len(form) >= SHORTEST}
        self._forms = tuple(forms)
        self.reach = max(map(len, forms), default=1) - 1
        """Bytes that must be looked at on either side of a piece, so that no value hides on its border."""

    def __bool__(self) -> bool:
        return bool(self._forms)

    def __repr__(self) -> str:
        return "<Mask>"

    def __reduce__(self) -> str:
        raise TypeError("A mask holds secrets; it does not travel.")

    def places(self, data: bytes) -> list[Range]:
        """Return where in ``data`` values stand, in order, none touching the next."""
        found = []
        for form in self._forms:
            at = data.find(form)
            while at >= 0:
                found.append((at, at + len(form)))
                at = data.find(form, at + 1)
        return joined(found)

    def begun(self, data: bytes) -> int:
        """Return how many bytes at the end of ``data`` may be the beginning of a value whose rest is still to come."""
        longest = 0
        for form in self._forms:
            tail = data[-(len(form) - 1) :]
            at = tail.find(form[:1])
            while at >= 0 and len(tail) - at > longest:
                if form.startswith(tail[at:]):
                    longest = len(tail) - at
                at = tail.find(form[:1], at + 1)
        return longest

    def bytes(self, data: bytes) -> bytes:
        """Return ``data`` with every value covered."""
        return covered(data, 0, self.places(data)) if self._forms else data

    def text(self, text: str) -> str:
        """Return the text with every value covered."""
        if not self._forms:
            return text
        return self.bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def places_in_file(self, path: str | os.PathLike[str], *, chunk: int = 2**20) -> list[Range]:
        """Return where in a file values stand; holes are passed over, and no file is none."""
        found: list[Range] = []
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return found
        try:
            position = 0
            while (start := _next_data(descriptor, position)) is not None:
                begin = max(0, start - self.reach) if start == position else start
                data = os.pread(descriptor, chunk + self.reach, begin)
                if begin + len(data) <= position:
                    break
                found += [(begin + first, begin + end) for first, end in self.places(data)]
                position = begin + len(data)
        finally:
            os.close(descriptor)
        return joined(found)


NO_MASK = Mask()
"""The mask of those who have no secrets."""


def mask_of(names: Iterable[str], environ: dict[str, str]) -> Mask:
    """Return the mask for these variables of an environment."""
    values = [environ[name] for name in names if name in environ]
    return Mask(values) if values else NO_MASK


def joined(ranges: Iterable[Range], gap: int = 0) -> list[Range]:
    """Return the ranges in order, those joined that lie at most ``gap`` bytes apart."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1] + gap:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def coarse(ranges: list[Range], most: int) -> list[Range]:
    """Return at most ``most`` ranges that cover the same and, where they are too many, what lies between near ones."""
    gap = 16
    while len(ranges) > most:
        ranges = joined(ranges, gap)
        gap *= 2
    return ranges


def covered(data: bytes, start: int, ranges: Iterable[Range]) -> bytes:
    """Return ``data``, which begins at offset ``start``, with stars in these ranges; ends of lines stay."""
    shown = bytearray(data)
    for first, end in ranges:
        part = slice(max(0, first - start), max(0, end - start))
        shown[part] = shown[part].translate(_STARS)
    return bytes(shown)


def _spellings(value: str) -> Iterator[bytes]:
    """The value as programs write it; of one with several lines, each line too."""
    raw = os.fsencode(value)
    yield raw
    yield from (line.strip() for line in raw.split(b"\n"))
    yield json.dumps(value)[1:-1].encode("ascii")
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    yield repr(value)[1:-1].encode("utf-8", "backslashreplace")
    yield from _in_urls(raw)
    yield from _in_base64(raw)


def _in_urls(raw: bytes) -> Iterator[bytes]:
    for kept in (_UNRESERVED, _UNRESERVED + b"/"):
        for spelt in (b"%%%02X", b"%%%02x"):
            quoted = b"".join(bytes([byte]) if byte in kept else spelt % byte for byte in raw)
            yield quoted
            yield quoted.replace(b"%20", b"+")


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """All characters of the three alignments that the value alone decides, and its own base64 as a whole."""
    whole = binascii.b2a_base64(raw, newline=False)
    forms = [whole, whole.rstrip(b"=")]
    for shift in range(3):
        encoded = binascii.b2a_base64(bytes(shift) + raw, newline=False)
        undecided = (0, 3, 2)[(shift + len(raw)) % 3]
        forms.append(encoded[(0, 2, 3)[shift] : len(encoded) - undecided])
    for form in forms:
        yield form
        yield form.translate(_URL_SAFE)


def _next_data(descriptor: int, position: int) -> int | None:
    """The first byte from ``position`` on that is not in a hole; None at the end."""
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError as error:
        import errno

        return None if error.errno == errno.ENXIO else position
    except AttributeError:  # a system without holes
        return position
