"""Every tutorial notebook runs from top to bottom in a kernel of a real server, and leaves pictures that stay."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from matplotlib.image import imread
from nbconvert import HTMLExporter
from tests.kernels import ServerKernel
from tests.notebooks.executed import execute, panels
from tests.serving import LiveServer

_NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
_MEANT_TO_FAIL = {"too-far"}
_LARGEST = 200_000
_each = pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)


@_each
def test_a_tutorial_is_short(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    assert 4 <= len(cells) <= 12
    assert cells[0]["cell_type"] == "markdown"


@_each
def test_a_tutorial_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@_each
def test_the_notebook_runs_and_its_page_has_the_pictures(path: Path, server: LiveServer) -> None:
    """As HTML it shows the picture of each panel: a PNG of less than 200 kB that can be decoded."""
    notebook = execute(server, path)
    _check_ends(server)
    pictures = [base64.b64decode(data["image/png"]) for data in panels(notebook)]
    assert pictures
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(json.dumps(notebook), as_version=4))
    in_page = [
        base64.b64decode(text) for text in re.findall(r'<img[^>]*?src="data:image/png;base64,([^"]+)"', page, re.DOTALL)
    ]
    for picture in pictures:
        assert picture in in_page, "a panel's picture is not in the page"
        assert len(picture) < _LARGEST
        height, width, _ = imread(io.BytesIO(picture), format="png").shape
        assert height > 100
        assert width > 200


@_each
def test_the_notebook_runs_a_second_time(path: Path, server: LiveServer) -> None:
    """Names need not be unique: what the first time left is not in the way."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    for _ in range(2):
        kernel = ServerKernel(server)
        for cell in cells:
            kernel.execute("".join(cell["source"]), timeout=120)
        kernel.close()
    _check_ends(server)


def _check_ends(server: LiveServer) -> None:
    jobs: list[dict[str, Any]] = server.get("jobs").json()["jobs"]
    assert jobs
    for job in jobs:
        wanted = "failed" if job["name"] in _MEANT_TO_FAIL else "completed"
        assert job["status"] == wanted, f"{job['name']} {job['status']}: {job['message']}"


def test_there_are_notebooks() -> None:
    assert _NOTEBOOKS
