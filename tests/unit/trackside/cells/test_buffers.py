"""Room for large data is set aside before it is written, and a disk without that room says so at once."""

import ctypes
import errno
import os
import pickle
from types import SimpleNamespace

import pytest

from trackside.cells import buffers
from trackside.cells.buffers import reserve, write_buffers

MEGABYTE = 1024 * 1024


def test_reserving_sets_room_aside_and_leaves_the_length(tmp_path):
    with (tmp_path / "data").open("wb") as file:
        file.write(b"begun")
        reserve(file, 32 * MEGABYTE)
        file.flush()
        facts = os.fstat(file.fileno())
    assert facts.st_size == 5
    assert facts.st_blocks * 512 >= 32 * MEGABYTE


def test_what_is_written_after_it_is_whole(tmp_path):
    content = os.urandom(20 * MEGABYTE)
    with (tmp_path / "data").open("wb") as file:
        ((offset, size),) = write_buffers(file, [pickle.PickleBuffer(content)])
    assert (tmp_path / "data").read_bytes()[offset : offset + size] == content


@pytest.mark.parametrize(("code", "fails"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EOPNOTSUPP, False)])
def test_only_a_lack_of_room_is_an_error(tmp_path, monkeypatch, code, fails):
    def fallocate(*_):
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(fallocate=fallocate))
    with (tmp_path / "data").open("wb") as file:
        if not fails:
            reserve(file, buffers._RESERVED_FROM)
            return
        with pytest.raises(OSError, match=os.strerror(code)) as caught:
            reserve(file, buffers._RESERVED_FROM)
    assert caught.value.errno == code
