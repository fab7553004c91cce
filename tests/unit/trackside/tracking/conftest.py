"""A home of its own for each test, no job around it, and no run left open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trackside.tracking import ending


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("TRACKSIDE_RUN_DIR", "TRACKSIDE_RUN_ID", "TRACKSIDE_JOB_ID", "TRACKSIDE_NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    for run in list(ending.open_runs):
        run.close("completed", None)
