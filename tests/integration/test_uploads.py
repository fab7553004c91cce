"""Files that travel with jobs: frozen, changed by the job alone, kept once, from this machine and from others."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackside
from tests.serving import LiveServer
from trackside.client import Client
from trackside.errors import InvalidInput, TryAgain
from trackside.sdk import uploading


@pytest.fixture
def client(live: LiveServer) -> Iterator[Client]:
    with Client(live.url, live.token) as client:
        yield client


@pytest.fixture(params=["here", "another machine"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How files get to the server."""
    if request.param != "here":
        monkeypatch.setattr(uploading, "_folder_here", lambda client, staging: None)


@pytest.mark.usefixtures("way")
def test_files_are_as_they_were_when_the_job_was_submitted(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf").mkdir()
    Path("conf/lr.txt").write_text("0.1")
    Path("run.sh").write_text("#!/bin/sh\ncat conf/lr.txt; echo changed > conf/lr.txt; ls empty; pwd\n")
    Path("run.sh").chmod(0o755)
    Path("empty").mkdir()
    Path("large.bin").write_bytes(bytes(range(256)) * (9 << 12))  # more than one piece
    client.queue.pause()
    job = trackside.submit(["./run.sh"], uploads=["conf", "run.sh", "empty", "large.bin"], client=client)
    Path("conf/lr.txt").write_text("0.9")
    client.queue.resume()
    job.wait(60)
    assert job.logs() == f"0.1{job.run_dir}/work\n"
    assert (job.run_dir / "work" / "large.bin").read_bytes() == Path("large.bin").read_bytes()
    assert {each.path: each.size for each in job.facts.spec.uploads}["conf/lr.txt"] == 3
    job.retry().wait(60)  # its own change is gone
    assert job.logs() == f"0.1{job.run_dir}/work\n" * 2


@pytest.mark.usefixtures("way")
def test_the_same_content_lies_on_the_disk_once_and_goes_with_its_last_job(
    live: LiveServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w" * 1_000_000)
    jobs = [
        trackside.submit(["ls", "-l", "w.bin"], uploads={"w.bin": tmp_path / "weights.bin"}, client=client).wait(60)
        for _ in range(2)
    ]
    inodes = {(job.run_dir / "inputs" / "uploads" / "w.bin").stat().st_ino for job in jobs}
    assert len(inodes) == 1
    (upload,) = jobs[0].facts.spec.uploads
    assert upload.sha256 is not None
    kept = live.place.home / "snapshots" / upload.sha256[:2] / upload.sha256
    jobs[0].delete()
    assert kept.exists()
    assert (jobs[1].run_dir / "inputs" / "uploads" / "w.bin").read_bytes() == b"w" * 1_000_000
    jobs[1].delete()
    assert not kept.exists()


@pytest.mark.usefixtures("way")
def test_functions_and_sweeps_take_files_too(client: Client, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one two three")
    how = {"uploads": {"words.txt": tmp_path / "words.txt"}, "client": client}
    job = trackside.submit(lambda: len(open("words.txt").read().split()), **how)  # noqa: PTH123, SIM115
    assert job.result(timeout=60) == 3
    jobs = trackside.map(lambda n: open("words.txt").read().split()[n], [0, 2], **how)  # noqa: PTH123, SIM115
    assert [each.result(timeout=60) for each in jobs] == ["one", "three"]
    inodes = {(each.run_dir / "inputs" / "uploads" / "words.txt").stat().st_ino for each in jobs}
    assert len(inodes) == 1
    sweep = trackside.sweep("cut -d' ' -f{n} words.txt", {"n": [1, 2]}, **how).wait()
    assert [each.logs() for each in sweep] == ["one\n", "two\n"]


def test_what_is_wrong_with_an_upload_is_said_and_nothing_is_left(live: LiveServer, client: Client) -> None:
    before = set((live.place.home / "staging").glob("*"))
    for uploads, said in (
        ({"../out.txt": b"x"}, "leads out of the job's folder"),
        ({"/abs": b"x"}, "leads out of the job's folder"),
        (["nowhere.txt"], "there is no file"),
    ):
        with pytest.raises(InvalidInput, match=said):
            trackside.submit(["true"], uploads=uploads, client=client)
    with pytest.raises(InvalidInput, match="runs in a folder of its own"):
        trackside.submit(["true"], uploads={"a": b"x"}, workdir="/usr", client=client)
    assert set((live.place.home / "staging").glob("*")) == before
    refused = live.post("jobs", json={"command": ["true"], "uploads": {"a": 420}, "staging": "0" * 32})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "missing_staging"
    live.request("PUT", f"uploads/{'1' * 32}/uploads/b", content=b"x")
    refused = live.post("jobs", json={"command": ["true"], "uploads": {"a": 420}, "staging": "1" * 32})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "missing_upload")


@pytest.mark.usefixtures("way")
def test_folders_alone_may_travel(client: Client) -> None:
    job = trackside.submit(["ls"], uploads=[{"path": "out", "is_directory": True}], client=client)
    assert job.wait(60).status == "completed"
    assert job.logs() == "out\n"


def test_a_file_that_cannot_be_brought_is_named_and_nothing_is_left(
    live: LiveServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    before = set((live.place.home / "staging").glob("*"))
    (tmp_path / "big.bin").write_bytes(b"x")
    monkeypatch.setattr(uploading.shutil, "copyfile", full)
    with pytest.raises(TryAgain, match=r"big.bin: No space left on device") as caught:
        trackside.submit(["true"], uploads={"big.bin": tmp_path / "big.bin"}, client=client)
    assert caught.value.code == "not_uploaded"
    assert set((live.place.home / "staging").glob("*")) == before


def test_the_command_line_and_its_files_take_uploads(live: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("from a file")
    (tmp_path / "job.yaml").write_text("command: [cat, note.txt]\nuploads: [note.txt]\n")
    environment = live.place.environment(TRACKSIDE_URL=live.url, TRACKSIDE_TOKEN=live.token)

    def trackside_says(*words: str) -> str:
        asked = [sys.executable, "-m", "trackside.cli", "submit", "-f", *words]
        done = subprocess.run(asked, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert trackside_says("--upload", "note.txt", "--", "cat", "note.txt") == "from a file"
    assert trackside_says("job.yaml") == "from a file"
    planned = subprocess.run(
        [sys.executable, "-m", "trackside.cli", "--json", "submit", "--dry-run", "job.yaml"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(planned.stdout)["error"] is None
