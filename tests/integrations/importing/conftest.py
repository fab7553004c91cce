"""What these tests share: a library writes its own files in an environment of its own, and we import them there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.environments import environment_with

from trackside.tracking import RunFolder, read_meta, read_metrics, read_records

_SOURCES = Path(__file__).parents[3] / "ipy_ext"


class Run:
    """An imported run as its folder has it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told
        self.notes: list[str] = told["notes"]
        self.folder = RunFolder(told["run_dir"])
        self.meta: dict[str, Any] = read_meta(self.folder)
        self.records = read_metrics(self.folder.metrics)
        self.media = {str(record["key"]): record for record in read_records(self.folder.media).records}
        self.samples = read_records(self.folder.system).records

    @property
    def config(self) -> dict[str, Any]:
        return json.loads(self.folder.config.read_bytes())  # type: ignore[no-any-return]

    def curve(self, key: str) -> dict[object, object]:
        """The values of one key by step."""
        return {record["step"]: record[key] for record in self.records if key in record}

    def medium(self, key: str) -> bytes:
        """The file of one medium."""
        return self.folder.resolve(str(self.media[key]["path"])).read_bytes()


class Trackers:
    """Programs of other trackers, and our own beside them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "home"
        self.work = place / "work"
        self.work.mkdir()

    def write(self, python: Path, code: str, *arguments: object, code_of_end: int = 0, **variables: str) -> str:
        """Run a program that records something, in the folder ``work``; return what it printed."""
        program = self.place / "program.py"
        program.write_text(code)
        return self._run([python, program, *arguments], variables, code_of_end)

    def bring(self, python: Path, *words: object, code_of_end: int = 0) -> list[Run]:
        """Import with our program in that environment; return the runs."""
        variables = {"PYTHONPATH": str(_SOURCES), "TRACKSIDE_HOME": str(self.home)}
        said = self._run([python, "-m", "trackside.cli", "--json", "import", *words], variables, code_of_end)
        return [Run(told) for told in (json.loads(said)["data"] or {"imported": []})["imported"]]

    def _run(self, argv: list[object], variables: Mapping[str, str], code_of_end: int) -> str:
        left = ("TRACKSIDE", "PYTHON", "PYTEST", "WANDB", "MLFLOW")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(left)}
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=self.work,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code_of_end, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def trackers(tmp_path: Path) -> Trackers:
    return Trackers(tmp_path)


@pytest.fixture(scope="session")
def tensorboard() -> Path:
    return environment_with("tensorboard>=2.18,<3", "tensorboardX>=2.6", "pillow", "msgspec", "orjson")


@pytest.fixture(scope="session")
def wandb() -> Path:
    return environment_with("wandb>=0.19,<1", "numpy", "pillow", "msgspec", "orjson")


@pytest.fixture(scope="session")
def old_wandb() -> Path:
    """One that still writes by its Python part's forerunner of today's program, and notes less."""
    return environment_with("wandb==0.17.9", "numpy", "pillow", "msgspec", "orjson", "setuptools<81")


@pytest.fixture(scope="session")
def mlflow() -> Path:
    return environment_with("mlflow>=3,<4", "msgspec", "orjson")
