"""The frames of event files and of wandb's files: read to the end, or as far as they go."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.tracking.importing.tfrecords import Frames
from trackside.tracking.importing.wandb_log import WandbLog


def masked(data: bytes) -> int:
    """The checksum of TFRecord, by the definition of CRC-32C."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(*events: bytes) -> bytes:
    return b"".join(
        struct.pack("<QI", len(event), masked(struct.pack("<Q", len(event)))) + event + struct.pack("<I", masked(event))
        for event in events
    )


EVENTS = (b"one", b"", b"three" * 52)


@pytest.fixture
def frames(tmp_path: Path):
    def frames(content: bytes) -> Frames:
        path = tmp_path / "events.out.tfevents.1"
        path.write_bytes(content)
        return Frames(path)

    return frames


def test_events_are_read_to_the_end(frames):
    found = frames(framed(*EVENTS))
    assert (tuple(found), found.torn) == (EVENTS, "")
    assert tuple(found) == EVENTS


def test_a_file_that_ends_anywhere_gives_what_is_whole(frames):
    content = framed(*EVENTS)
    ends = [len(framed(*EVENTS[:count])) for count in range(4)]
    for length in range(len(content)):
        found = frames(content[:length])
        assert tuple(found) == EVENTS[: sum(end <= length for end in ends) - 1]
        assert bool(found.torn) == (length not in ends)


def test_a_damaged_scalar_or_length_is_told_with_its_place(frames):
    for place, said in ((1, "byte 0"), (13, "byte 12")):
        content = bytearray(framed(*EVENTS))
        content[place] ^= 1
        found = frames(bytes(content))
        assert list(found) == []
        assert found.torn == f"is damaged at {said}"


def test_a_length_beyond_the_file_asks_for_no_memory(frames):
    length = struct.pack("<Q", 1 << 60)
    found = frames(length + struct.pack("<I", masked(length)) + b"x" * 100)
    assert (list(found), found.torn) == ([], "ends in the middle of an event")


BLOCK = 1 << 15


def wandb_file(*records: bytes) -> bytes:
    """A file as wandb writes it: LevelDB's log format."""
    found = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    for record in records:
        first, rest = True, record
        while True:
            room = BLOCK - len(found) % BLOCK
            if room < 7:
                found += bytes(room)
                room = BLOCK
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if not rest else 2) if first else (4 if not rest else 3)
            found += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
            if not rest:
                break
    return bytes(found)


@pytest.fixture
def log(tmp_path: Path):
    def log(content: bytes) -> WandbLog:
        path = tmp_path / "run-1.wandb"
        path.write_bytes(content)
        return WandbLog(path)

    return log


RECORDS = (b"a", b"b" * (BLOCK - 7 - 7 - 1 - 7 - 3), b"c" * (3 * BLOCK), b"", b"d")


def test_records_over_several_blocks_are_put_together(log):
    found = log(wandb_file(*RECORDS))
    assert (tuple(found), found.torn) == (RECORDS, "")


def test_a_file_of_wandb_that_ends_anywhere_gives_what_is_whole(log):
    content = wandb_file(*RECORDS)
    ends = [len(wandb_file(*RECORDS[:count])) for count in range(len(RECORDS) + 1)]
    padding = range(BLOCK - 3, BLOCK + 1)
    assert ends[2] == padding.start  # no head of a chunk fits behind the second record
    for length in sorted(
        {end + near for end in (*ends, 2 * BLOCK) for near in range(-9, 10)} & {*range(7, ends[-1] + 1)}
    ):
        found = log(content[:length])
        assert tuple(found) == RECORDS[: sum(end <= length for end in ends) - 1]
        assert bool(found.torn) == (length not in ends and length not in padding), length


def test_damage_in_a_file_of_wandb_is_told_with_its_place(log):
    content = bytearray(wandb_file(*RECORDS))
    content[30] ^= 1
    found = log(bytes(content))
    assert list(found) == [b"a"]
    assert found.torn == "is damaged at byte 15"


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"hello world", "is no file of wandb")])
def test_what_is_no_file_of_wandb_is_refused(log, content, said):
    with pytest.raises(InvalidInput, match=said):
        list(log(content))
