import json
import math
import os
import stat
from pathlib import Path

import pytest

from trackside.tracking.atomic import write_bytes, write_json


def test_the_file_has_the_content_and_exactly_the_mode(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_bytes(target, b"one", mode=0o644, sync=True)
    write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    write_bytes(target, b"", mode=0o666)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    write_bytes(target, b"old")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:3]))
    write_bytes(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_json_keeps_what_floats_and_file_names_may_hold(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"nan": math.nan, "deep": [(math.inf, -math.inf)], "name": "\udc80ü"})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {
        "nan": "NaN",
        "deep": [["Infinity", "-Infinity"]],
        "name": "\udc80ü",
    }
