import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from trackside.probes.gpus import GpuFacts, NoGpus
from trackside.tracking.capture import Capture, clean_remote, git_diff, git_state, packages, parse_status, surroundings
from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses
from trackside.tracking.samples import Sampler


@dataclass
class Gpus:
    """A probe of a machine with GPUs."""

    facts: list[GpuFacts]

    def sample(self, *, processes: bool = True) -> list[GpuFacts]:
        return self.facts


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    (path / "train.py").write_text("print(1)\n")
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["remote", "add", "origin", "https://user:secret@example.org/team/code.git"],
        ["add", "."],
        ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True)
    return path


def test_a_clean_and_a_changed_work_tree(repository: Path) -> None:
    clean = git_state(repository)
    assert clean is not None
    assert (clean.branch, clean.dirty, clean.remote) == ("main", False, "https://example.org/team/code.git")
    assert len(clean.commit) == 40
    assert git_diff(repository) == b""
    (repository / "train.py").write_text("print(2)\n")
    changed = git_state(repository / ".")
    assert changed is not None
    assert changed.dirty
    assert b"+print(2)" in git_diff(repository)


def test_a_new_file_makes_a_work_tree_dirty(repository: Path) -> None:
    (repository / "new.py").touch()
    state = git_state(repository)
    assert state is not None
    assert state.dirty


def test_the_index_is_left_alone(repository: Path) -> None:
    (repository / "train.py").touch()  # a status that may write would refresh the index
    before = (repository / ".git" / "index").read_bytes()
    git_state(repository)
    assert (repository / ".git" / "index").read_bytes() == before


def test_no_git_outside_a_work_tree_without_a_program_and_when_it_is_slow(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) is None
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=os.pathsep)
    assert git_state(repository, timeout=0.1) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(repository) is None


def test_variables_of_another_repository_are_not_believed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    assert git_state(repository) is not None


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://user:token@example.org/a.git", "https://example.org/a.git"),
        ("https://ghp_token@example.org/a.git", "https://example.org/a.git"),
        ("https://example.org/a@b.git", "https://example.org/a@b.git"),
        ("ssh://git:secret@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("https://user:pa@ss@example.org/a.git", "https://example.org/a.git"),
        ("https://example.org/a.git?private_token=secret", "https://example.org/a.git"),
        ("cache::https://user:token@example.org/a.git", "cache::https://example.org/a.git"),
        ("git@example.org:team/a.git", "git@example.org:team/a.git"),
        ("/srv/a.git", "/srv/a.git"),
    ],
)
def test_no_credentials_are_kept_in_a_remote(url: str, clean: str) -> None:
    assert clean_remote(url) == clean


def test_before_the_first_commit_there_is_no_state_and_a_detached_head_is_named() -> None:
    assert parse_status("# branch.oid (initial)\n# branch.head main\n? a\n", None) is None
    state = parse_status("# branch.oid abc\n# branch.head (detached)\n", None)
    assert state is not None
    assert state.branch == "HEAD"


def test_both_forms_of_git_are_written(repository: Path) -> None:
    state = git_state(repository)
    assert state is not None
    fields = state.fields()
    assert fields["git_info"] == {
        "commit": state.commit, "branch": "main", "dirty": False, "remote_url": "https://example.org/team/code.git",
    }  # fmt: skip
    assert fields["git"] == {
        "commit": state.commit, "short_hash": state.commit[:7], "branch": "main", "dirty": False,
        "remote": "https://example.org/team/code.git",
    }  # fmt: skip


def test_packages_are_those_that_pip_would_freeze() -> None:
    found = packages()
    names = [line.partition("==")[0].lower().replace("_", "-").replace(".", "-") for line in found]
    assert names == sorted(set(names))
    from importlib.metadata import version

    assert f"pytest=={version('pytest')}" in found
    assert f"numpy=={version('numpy')}" in found


def test_surroundings_survive_a_removed_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = surroundings()
    assert found["workdir"] is None
    assert found["executable"] == sys.executable
    assert found["argv"] == sys.argv


def test_a_capture_is_taken_in_the_background_and_awaited(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    (repository / "train.py").write_text("print(2)\n")
    folder = RunFolder(tmp_path / "job-1")
    folder.create()
    capture = Capture(folder, Losses("job-1"), git=True, pip=True)
    capture.start()
    capture.wait(30)
    meta = json.loads(folder.meta.read_bytes())
    assert meta["git_info"]["dirty"] is True
    assert meta["requirements_file"] == "requirements.txt"
    assert meta["pip_packages_count"] == len(folder.requirements.read_text().splitlines())
    assert b"+print(2)" in (folder.source / "git.diff").read_bytes()


def test_a_capture_into_a_lost_folder_is_a_loss_not_an_error(tmp_path: Path) -> None:
    losses = Losses("job-1")
    capture = Capture(RunFolder(tmp_path / "nowhere"), losses, git=False, pip=True)
    capture.start()
    capture.wait(30)
    assert losses.count == 1


def test_packages_on_a_slow_disk_are_those_found_in_time() -> None:
    assert len(packages(timeout=0.0)) == 1


@pytest.mark.parametrize(
    ("devices", "indices"),
    [
        (None, [0, 1, 2, 3]), ("", []), ("-1", []), ("0", [0]), ("1", [1, 2]), ("2,0", [3, 0]), ("0,9,2", [0]),
        ("GPU-c", [3]), ("GPU-b", [1, 2]), ("MIG-2,GPU-a", [2, 0]), ("NoDevFiles", []), ("0,0", [0]),
    ],
)  # fmt: skip
def test_a_run_has_the_gpus_that_its_process_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: str | None, indices: list[int]
) -> None:
    facts = [
        GpuFacts(0, "GPU-aa", "A100", 80 << 30),
        GpuFacts(1, "MIG-1", "A100 MIG 1g.10gb", 10 << 30, parent="GPU-bb"),
        GpuFacts(2, "MIG-2", "A100 MIG 1g.10gb", 10 << 30, parent="GPU-bb"),
        GpuFacts(3, "GPU-cc", "H100", 80 << 30),
    ]
    monkeypatch.setattr("trackside.probes.gpus.find_gpus", lambda: Gpus(facts))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if devices is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    folder = RunFolder(tmp_path)
    capture = Capture(folder, Losses("job-1"), git=False, pip=False, gpus=True)
    capture.start()
    capture.wait(30)
    found = folder.read_meta().get("gpus", [])
    assert found == [
        {"index": facts[i].index, "uuid": facts[i].uuid, "name": facts[i].name, "memory_total": facts[i].memory_total}
        for i in indices
    ]
    sample = Sampler([]).sample()
    assert {i for i in range(4) if f"gpu_{i}_memory_total" in sample} == set(indices)


def test_a_driver_that_hangs_holds_up_neither_the_work_nor_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()
    monkeypatch.setattr("trackside.probes.gpus.find_gpus", lambda: hanging.wait(60) and NoGpus(""))
    folder = RunFolder(tmp_path)
    began = time.monotonic()
    capture = Capture(folder, Losses("job-1"), git=False, pip=True, gpus=True)
    capture.start()
    while "pip_packages_count" not in folder.read_meta():
        assert time.monotonic() - began < 30
    capture.wait(0.05)
    hanging.set()
    capture.wait(30)
    assert time.monotonic() - began < 30
