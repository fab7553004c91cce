"""Every tutorial notebook runs from top to bottom in a kernel of a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.kernels import ServerKernel
from tests.serving import LiveServer

_NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_and_runs_again(path: Path, server: LiveServer) -> None:
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert 1 <= len(cells) <= 12
    for _ in range(2):
        kernel = ServerKernel(server)
        for cell in cells:
            kernel.execute("".join(cell["source"]), timeout=120)
        kernel.close()
    ended = server.get("jobs").json()
    assert ended["counts"]["completed"] == sum(ended["counts"].values()) > 0, ended["counts"]


def test_there_are_notebooks() -> None:
    assert _NOTEBOOKS
