"""A notebook that was saved where its jobs ran, opened where nobody knows them: the picture and a sentence."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Lab
from tests.serving import LiveServer, Place, stop_templates, until

_TRAIN = """%%submit --name elsewhere --wait
for step in range(20):
    trackside.log({"loss": 1 / (1 + step)}, step=step)
"""
_MIME = "application/vnd.trackside.run+json"
_PANEL = "[data-trackside=job-panel]"
_SAVED = "[data-trackside=saved]"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[LiveServer]:
    """A server with a home of its own, which never saw the jobs of the others."""
    server = LiveServer(
        Place(tmp_path), command=("jupyterlab",), options=("--LabApp.expose_app_in_browser=True",), base_url="/you/"
    )
    server.start(timeout=90)
    yield server
    server.stop()
    stop_templates(server.place.home)


def _saved(window: Lab, name: str) -> dict[str, Any]:
    """Submit a job in a notebook, let it end, save; return the notebook once its output holds the picture."""
    window.notebook(name, ["%load_ext trackside", _TRAIN])
    window.run_cell(0, wait=True)
    window.wait_kernel()
    window.run_cell(1, wait=True)
    expect(window.page.locator(f"{_PANEL} [data-trackside=status][data-status=completed]")).to_be_visible(
        timeout=60_000
    )
    file = window.server.place.root / "work" / name

    def with_picture() -> dict[str, Any] | None:
        window.save()
        content: dict[str, Any] = json.loads(file.read_text())
        return content if "image/png" in _bundle_data(content) else None

    return until(with_picture, f"the picture of the job in {name}", timeout=60, pause=0.5)


def _bundle_data(notebook: dict[str, Any]) -> dict[str, Any]:
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell["outputs"]]
    return next((data for data in outputs if _MIME in data), {})


def test_where_nobody_knows_the_job_its_picture_and_a_sentence_are_shown(window: Lab, elsewhere: LiveServer) -> None:
    """Even where the other home has a job of the same id and name: that one is never shown in its place."""
    notebook = _saved(window, "saved.ipynb")
    theirs = elsewhere.submit(command="echo a job of somebody else", name="elsewhere")
    elsewhere.ended(str(theirs["id"]))
    _bundle_data(notebook)[_MIME]["run_id"] = theirs["run_id"]
    (elsewhere.place.root / "work" / "saved.ipynb").write_text(json.dumps(notebook))

    there = Lab(elsewhere, window.page)
    there.open("saved.ipynb")
    saved = there.page.locator(_SAVED)
    expect(saved).to_contain_text("This job belongs to another machine")
    expect(saved.locator("img")).to_be_visible()
    assert saved.locator("img").evaluate("picture => picture.naturalWidth") > 100
    expect(there.page.locator(_PANEL)).to_have_count(0)
    assert "somebody else" not in there.page.locator(".jp-Notebook").inner_text()
    there.screenshot("saved-elsewhere")


def test_a_deleted_job_leaves_its_picture_and_says_so(window: Lab) -> None:
    notebook = _saved(window, "deleted.ipynb")
    run = _bundle_data(notebook)[_MIME]["run_id"]
    assert window.server.request("DELETE", f"jobs/{run}").status_code == 204
    window.reload()
    saved = window.page.locator(_SAVED)
    expect(saved).to_contain_text("This job was deleted")
    expect(saved.locator("img")).to_be_visible()
    expect(window.page.locator(_PANEL)).to_have_count(0)


_LASTING = """%%submit --name lasting
import pathlib, time
for step in range(30):
    trackside.log({{"loss": 1 / (1 + step), "val/loss": 1.2 / (1 + step)}}, step=step)
while not pathlib.Path({go!r}).exists():
    time.sleep(0.05)
trackside.tracking.current_run().save_artifact({go!r})
"""


def test_what_ended_while_the_kernel_was_gone_is_brought_up_to_date_at_the_next_opening(
    window: Lab, tmp_path: Path
) -> None:
    """Job, curves and files; a second opening changes nothing, and a stranger's output is left alone."""
    go = tmp_path / "go"
    cells = [
        "%load_ext trackside\nimport trackside",
        _LASTING.format(go=str(go)),
        "%track --run lasting",
        "%artifacts lasting",
    ]
    window.notebook("later.ipynb", cells)
    for number in range(4):
        window.run_cell(number, wait=True)
    window.save()
    window.kill_kernel()
    file = window.server.place.root / "work" / "later.ipynb"
    job = str(window.server.job("lasting")["id"])
    window.page.goto("about:blank")
    go.touch()
    window.server.ended(job)
    notebook = json.loads(file.read_text())
    stranger = json.loads(json.dumps(notebook["cells"][1]))
    stranger["id"] = "stranger"
    stranger["outputs"][0]["data"][_MIME]["uuid"] = "0" * 32
    notebook["cells"].append(stranger)
    file.write_text(json.dumps(notebook))
    before = json.dumps(notebook["cells"][4]["outputs"])

    window.open("later.ipynb")
    status = window.page.locator(f"{_PANEL} [data-trackside=status]").first
    expect(status).to_contain_text("completed")

    def renewed() -> list[dict[str, Any]] | None:
        window.save()
        cells = json.loads(file.read_text())["cells"]
        found = [next(out["data"] for out in cell["outputs"] if _MIME in out.get("data", {})) for cell in cells[1:4]]
        return found if all("ended" in data[_MIME] for data in found) else None

    shown, curves, files = until(renewed, "what the notebook keeps", timeout=60, pause=0.5)
    assert "".join(shown["text/plain"]).startswith(f"lasting · {job} · completed in ")
    assert "files in " in "".join(shown["text/plain"])
    assert "val/loss  0.04" in "".join(curves["text/plain"])
    assert "go" in "".join(files["text/plain"])
    for data in (shown, curves):
        picture = base64.b64decode("".join(data["image/png"]))
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 200_000
        _keep_picture(picture)
    cells_now = json.loads(file.read_text())["cells"]
    assert json.dumps(cells_now[4]["outputs"]) == before

    written = file.read_bytes()
    window.open("later.ipynb")
    expect(status).to_contain_text("completed")
    window.page.wait_for_timeout(2000)
    assert not window.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert file.read_bytes() == written


def _keep_picture(picture: bytes) -> None:
    """For who looks at the screenshots."""
    folder = os.environ.get("TRACKSIDE_SCREENSHOTS")
    if folder:
        Path(folder, f"still-{len(picture)}.png").write_bytes(picture)
