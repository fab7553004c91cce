"""A request to stop is read back as it was written, and a broken one is still a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside.tracking.folder import RunFolder
from trackside_server.runner.stop import StopRequest, read_stop, write_stop


def test_a_request_is_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    request = StopRequest("preempted", "a more important job needs the GPU", 2.5)
    write_stop(folder, 3, request)
    assert read_stop(folder.stop(3), 10.0) == request


def test_of_two_requests_that_nobody_has_read_yet_the_first_reason_and_the_shorter_grace_stand(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for code, grace in (("cancelled_by_user", 60.0), ("preempted", 0.2), ("time_limit", 600.0)):
        write_stop(folder, 1, StopRequest(code, f"it was {code}", grace))
    assert read_stop(folder.stop(1), 10.0) == StopRequest("cancelled_by_user", "it was cancelled_by_user", 0.2)


def test_no_file_is_no_request(tmp_path: Path) -> None:
    assert read_stop(tmp_path / "1.stop", 10.0) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"reason": null, "grace": 1}', b'{"reason": {"code": "x"}}'])
def test_a_file_that_cannot_be_read_is_a_cancel(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.stop"
    path.write_bytes(content)
    assert read_stop(path, 10.0) == StopRequest("cancelled_by_user", "cancelled", 10.0)


def test_a_negative_grace_time_is_none(tmp_path: Path) -> None:
    path = tmp_path / "1.stop"
    path.write_text('{"reason": {"code": "x", "message": "y"}, "grace": -5}')
    assert read_stop(path, 10.0) == StopRequest("x", "y", 0.0)
