"""What these tests share: a home of its own for each, and programs that train in a library's own environment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.environments import environment_with
from trackside.tracking import RunFolder, read_meta, read_metrics, read_progress

_SOURCES = Path(__file__).parents[2] / "ipy_ext"


class Found:
    """A run as its folder has it."""

    def __init__(self, path: Path) -> None:
        self.folder = RunFolder(path)
        self.meta = read_meta(path)
        self.status, self.name, self.summary = self.meta["status"], self.meta["name"], self.meta["summary"]
        self.records = read_metrics(self.folder.metrics)
        self.progress = read_progress(path)

    @property
    def config(self) -> dict[str, Any]:
        return json.loads(self.folder.config.read_bytes())  # type: ignore[no-any-return]

    def curve(self, key: str) -> dict[object, object]:
        """The values of one key by step."""
        return {record["step"]: record[key] for record in self.records if key in record}


class Training:
    """Programs that train in an environment, and the runs that they leave in this test's home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()

    def run(
        self,
        python: Path,
        code: str,
        *arguments: object,
        variables: Mapping[str, str] | None = None,
        fails: bool = False,
    ) -> str:
        """Run a program to its end and return what it printed; if it fails as it should, what it said of that."""
        process = self._start(python, code, arguments, variables or {})
        return self._end(process, fails)

    def ranks(self, python: Path, code: str, number: int, *, variables: Mapping[str, str] | None = None) -> None:
        """Run a program in as many processes as ``torchrun`` would start, with the variables that it sets."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {
            **(variables or {}), "WORLD_SIZE": str(number), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo",
        }  # fmt: skip
        processes = [
            self._start(python, code, (), {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(number)
        ]
        try:
            for process in processes:
                self._end(process, fails=False)
        finally:
            for process in processes:
                process.kill()

    def _start(
        self, python: Path, code: str, arguments: Sequence[object], variables: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        program = self.home.parent / "program.py"
        program.write_text(code)
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE", "PY"))}
        fixed = {"PYTHONPATH": str(_SOURCES), "TRACKSIDE_HOME": str(self.home), "CUDA_VISIBLE_DEVICES": ""}
        return subprocess.Popen(
            [python, program, *map(str, arguments)],
            cwd=self.home.parent,
            env={**ours, **fixed, "HF_HUB_OFFLINE": "1", "KERAS_BACKEND": "jax", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _end(self, process: subprocess.Popen[str], fails: bool) -> str:
        try:
            out, said = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert (process.returncode != 0) == fails, out + said
        return (said if fails else out).strip()

    @property
    def runs(self) -> list[Found]:
        """The runs of this home, oldest first."""
        paths = (self.home / "runs").iterdir() if (self.home / "runs").exists() else ()
        return sorted((Found(path) for path in paths), key=lambda run: str(run.meta["started_at"]))

    @property
    def only(self) -> Found:
        """The one run of this home."""
        (run,) = self.runs
        return run

    def job(self) -> dict[str, str]:
        """Make the folder of a job as its runner leaves it, and return the variables that its processes get."""
        folder = RunFolder(self.home / "runs" / "job-1")
        folder.create()
        folder.update_meta(
            run_id="job-1", id="job-1", name="a job", status="running", started_at="2026-01-01T00:00:00Z"
        )
        return {"TRACKSIDE_RUN_DIR": str(folder.path), "TRACKSIDE_JOB_ID": "job-1", "TRACKSIDE_ATTEMPT": "1"}


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path / "home")


@pytest.fixture(scope="session")
def xgboost() -> Path:
    return environment_with("xgboost-cpu>=3,<4", "scikit-learn")


@pytest.fixture(scope="session")
def lightgbm() -> Path:
    return environment_with("lightgbm>=4.6,<5", "scikit-learn")


@pytest.fixture(scope="session")
def keras() -> Path:
    return environment_with("keras>=3.8,<4", "jax[cpu]")


@pytest.fixture(scope="session")
def torch() -> Path:
    """Hugging Face and both packages of Lightning in one: torch alone is 5 GB."""
    return environment_with(
        "torch>=2.6", "transformers>=5,<6", "accelerate>=1.1", "lightning>=2.5,<3", "pytorch-lightning>=2.5,<3",
        "tensorboard",
    )  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_report_header() -> str:
    return "the first run installs the libraries: about 7 GB, 15 minutes"
