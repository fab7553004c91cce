"""The files of a run: listed, sent whole or in parts, and never anything that lies outside."""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import httpx
import msgspec
import pytest

from tests.serving import LiveServer
from trackside import models

_CELL = """
import os, trackside
from pathlib import Path
Path("{here}/model.bin").write_bytes(bytes(range(256)) * 4)
trackside.save = None
run = trackside.init()
run.save_artifact("{here}/model.bin")
run.save_artifact("{here}/model.bin", "deep/er/Größe & mehr.bin")
"""


@pytest.fixture(scope="module")
def run(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with artifacts that its cell saved, and with traps that were laid there."""
    here = tmp_path_factory.mktemp("saved")
    job = live.ended(live.submit(cell=_CELL.format(here=here))["id"])
    assert job["status"] == "completed", live.get(f"jobs/{job['id']}/log").text
    artifacts = Path(job["run_dir"]) / "artifacts"
    (artifacts / "empty").touch()
    (artifacts / "page.html").write_text("<script>alert(1)</script>")
    (artifacts / "link").symlink_to("/etc/passwd")
    (artifacts / "out").symlink_to("/etc")
    (artifacts / "own").symlink_to("model.bin")
    (artifacts / ".hidden").touch()
    (artifacts / "loop").symlink_to("loop")
    return Path(job["run_dir"])


def _get(server: LiveServer, run: Path, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    """Ask for the path exactly as it is written: nothing of it is tidied up on the way."""
    api = httpx.URL(server.api)
    connection = http.client.HTTPConnection(api.host, api.port, timeout=30)
    connection.request(
        "GET",
        f"{api.path}runs/{run.name}/artifacts/{path}",
        headers={"Authorization": f"token {server.token}", **headers},
    )
    answer = connection.getresponse()
    found = (answer.status, answer.read(), answer.headers)
    connection.close()
    return found


def test_files_are_listed_by_path_without_links_and_hidden_ones(live: LiveServer, run: Path) -> None:
    page = msgspec.json.decode(live.get(f"runs/{run.name}/artifacts").content, type=models.ArtifactPage)
    assert [(each.path, each.name, each.size) for each in page.artifacts] == [
        ("deep/er/Größe & mehr.bin", "Größe & mehr.bin", 1024),
        ("empty", "empty", 0),
        ("model.bin", "model.bin", 1024),
        ("page.html", "page.html", 25),
    ]
    whole = live.get(f"runs/{run.name}/artifacts", params={"root": "run"}).json()["artifacts"]
    assert {"meta.json", "job.json", "output.log", "source/cell.py", "artifacts/model.bin"} <= {
        each["path"] for each in whole
    }
    assert live.get(f"runs/{run.name}/artifacts", params={"root": "home"}).status_code == 400


def test_a_name_that_is_no_text_is_listed_all_the_same(live: LiveServer, run: Path) -> None:
    odd = Path(os.fsdecode(bytes(run / "artifacts") + b"/odd-\xff.bin"))
    odd.touch()
    answer = live.get(f"runs/{run.name}/artifacts")
    odd.unlink()
    assert answer.status_code == 200, answer.text
    assert "odd-?.bin" in [each["path"] for each in answer.json()["artifacts"]]


def test_a_file_is_sent_as_an_attachment_that_no_browser_runs(live: LiveServer, run: Path) -> None:
    answer = live.get(f"runs/{run.name}/artifacts/page.html")
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Length"] == "25"


def test_a_name_with_signs_comes_back_as_it_is(live: LiveServer, run: Path) -> None:
    answer = live.get(f"runs/{run.name}/artifacts/deep/er/Größe & mehr.bin")
    assert answer.status_code == 200
    assert unquote(answer.headers["Content-Disposition"].partition("''")[2]) == "Größe & mehr.bin"


def test_an_empty_file_is_a_file(live: LiveServer, run: Path) -> None:
    answer = live.get(f"runs/{run.name}/artifacts/empty")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=1000-", slice(1000, 1024)),
        ("bytes=-10", slice(1014, 1024)),
        ("bytes=1020-99999", slice(1020, 1024)),
        ("bytes=-99999", slice(0, 1024)),
        ("bytes=5-5", slice(5, 6)),
    ],
)
def test_a_part_is_sent_as_asked(live: LiveServer, run: Path, asked: str, part: slice) -> None:
    data = bytes(range(256)) * 4
    status, content, headers = _get(live, run, "model.bin", Range=asked)
    assert (status, content) == (206, data[part])
    assert headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/1024"


@pytest.mark.parametrize(
    "asked", ["bytes=9-5", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_that_is_none_is_passed_over(live: LiveServer, run: Path, asked: str) -> None:
    status, content, _ = _get(live, run, "model.bin", Range=asked)
    assert (status, len(content)) == (200, 1024)


@pytest.mark.parametrize(
    ("name", "asked", "size"), [("model.bin", "bytes=1024-", 1024), ("empty", "bytes=0-", 0), ("empty", "bytes=-5", 0)]
)
def test_a_range_beyond_the_end_is_told_the_size(live: LiveServer, run: Path, name: str, asked: str, size: int) -> None:
    status, content, headers = _get(live, run, name, Range=asked)
    assert (status, content) == (416, b"")
    assert headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "path",
    [
        "../meta.json", "%2e%2e/meta.json", "..%2fmeta.json", "%2e%2e%2f%2e%2e%2f%2e%2e%2ftrackside.db", "deep/../../meta.json",
        "%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd", "link", "out/passwd", "loop", "a%00b", "%00", "%c0%ae%c0%ae/meta.json",
        "n" * 300, "..", "%2e", ".", "deep", "absent", "model.bin/below", "..%5cmeta.json", "%252e%252e/meta.json",
    ],
)  # fmt: skip
@pytest.mark.parametrize("root", ["artifacts", "run"])
def test_nothing_outside_is_ever_sent(live: LiveServer, run: Path, path: str, root: str) -> None:
    path = f"artifacts/../{path}" if root == "run" and path.startswith("..") else path
    status, content, _ = _get(live, run, f"{path}?root={root}")
    assert status in {400, 403, 404}, f"{status}: {content[:200]!r}"
    assert b"root:" not in content
    assert b"run_id" not in content


def test_a_link_to_a_file_of_the_same_folder_is_followed(live: LiveServer, run: Path) -> None:
    assert _get(live, run, "own")[1] == bytes(range(256)) * 4


def test_a_large_file_arrives_whole_while_others_are_served(live: LiveServer, run: Path) -> None:
    data = os.urandom(30_000_000)
    (run / "artifacts" / "large").write_bytes(data)
    with live.client.stream(
        "GET", f"{live.api}runs/{run.name}/artifacts/large", headers={"Authorization": f"token {live.token}"}
    ) as answer:
        parts = answer.iter_bytes()
        got = [next(parts)]
        assert live.get("health").status_code == 200
        got.extend(parts)
    (run / "artifacts" / "large").unlink()
    assert b"".join(got) == data
