import json
import os
from pathlib import Path

import pytest

from trackside.tracking.lines import append_record, open_lines


@pytest.mark.parametrize("before", [b"", b'{"a": 1}\n', b'{"a": 1}', b'{"a'])
def test_a_record_begins_on_a_line_of_its_own(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(before)
    append_record(path, {"b": float("nan")})
    assert json.loads(path.read_bytes().splitlines()[-1]) == {"b": "NaN"}
    assert path.read_bytes().startswith(before)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    os.close(open_lines(tmp_path / "lines"))
    assert (tmp_path / "lines").stat().st_mode & 0o777 == 0o600


def test_a_record_of_which_only_a_part_was_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    with pytest.raises(OSError, match="part of a record"):
        append_record(tmp_path / "lines", {"b": 1})
