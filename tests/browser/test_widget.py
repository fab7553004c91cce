"""Panels in a front end that has neither our lab extension nor a way to the server: live through the kernel.

JupyterLab stands in for it: our extension is disabled, and what the page asks Trackside for does not go through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import Lab, started_lab
from tests.serving import LiveServer, Place

_LOAD = "%load_ext trackside\nimport trackside"
_SUBMIT = """%%submit --name {name} --out total
import time
total = 0
for step in range({steps}):
    total += step
    trackside.log({{"loss": 1 / (1 + step), "total": total}}, step=step)
    print("step", step, flush=True)
    time.sleep(0.2)
open("note.txt", "w").write("kept")
trackside.tracking.current_run().save_artifact("note.txt")
import matplotlib.pyplot as plt
plt.plot([1, 3, 2])
plt.show()
"""
_BUSY = "import time\nuntil = time.monotonic() + {seconds}\nwhile time.monotonic() < until:\n    pass"
_FILES = {
    "tables/losses.csv": "step,loss\n1,0.5\n2,0.25\n",
    "config.json": '{"lr": 0.01}',
    "report.ipynb": json.dumps(
        {"cells": [{"source": "x", "outputs": [{"output_type": "stream", "text": ["three lines"]}]}], "nbformat": 4}
    ),
}
_PANEL = ".ts-widget [data-trackside=job-panel]"


@pytest.fixture(scope="module")
def bare_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A JupyterLab whose pages do not have our extension."""
    place = Place(tmp_path_factory.mktemp("bare-lab"))
    _disable(place, True)
    yield from started_lab(place, TRACKSIDE_FRONTEND="widget")


def _disable(place: Place, disabled: bool) -> None:
    """Let pages that are loaded from now on have our extension or not."""
    config = place.root / "config" / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": {"trackside": disabled}}))


@pytest.fixture
def bare(bare_lab: LiveServer, browser: Browser) -> Iterator[Lab]:
    """A window that cannot reach Trackside; that it never tried is seen at the end."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    tried: list[str] = []

    def refuse(route: Route) -> None:
        tried.append(route.request.url)
        route.abort()

    page.route("**/trackside/api/**", refuse)
    page.route_web_socket("**/trackside/api/**", lambda socket: tried.append(socket.url))
    yield Lab(bare_lab, page)
    assert tried == []
    context.close()


def _points(window: Lab) -> int:
    return int(window.page.locator(f"{_PANEL} [data-trackside=curve]").first.get_attribute("data-points") or 0)


def _wait_points(window: Lab, more_than: int) -> None:
    window.page.wait_for_function(
        f"Number(document.querySelector('{_PANEL} [data-trackside=curve]')?.dataset.points) > {more_than}"
    )


def test_the_curve_moves_while_the_kernel_is_busy_and_after_a_reload(bare: Lab) -> None:
    cells = [_LOAD, _SUBMIT.format(name="live", steps=300), _BUSY.format(seconds=15)]
    bare.notebook("widget.ipynb", cells)
    bare.run_cell(0, wait=True)
    bare.run_cell(1, wait=True)
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    bare.run_cell(2)
    _wait_points(bare, 3)
    bare.page.wait_for_selector(f"{_PANEL} [data-trackside=curve] canvas")
    before = _points(bare)
    _wait_points(bare, before + 5)
    bare.wait_text(f"{_PANEL} [data-trackside=log]", "step 1")
    bare.screenshot("widget-live")

    bare.save()
    bare.reload()
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    _wait_points(bare, before + 5)
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    bare.wait_text(f"{_PANEL} [data-trackside=artifacts]", "note.txt")
    bare.page.wait_for_selector(f"{_PANEL} [data-trackside=outputs] img")
    bare.screenshot("widget-ended")


def test_cancel_in_the_panel_ends_the_job_even_while_the_kernel_is_busy(bare: Lab) -> None:
    """JupyterLab's messages of widgets go over subshells, which hear them beside a running cell."""
    cells = [_LOAD, _SUBMIT.format(name="to-cancel", steps=5000), _BUSY.format(seconds=600)]
    bare.notebook("widget-cancel.ipynb", cells)
    bare.run_cell(0, wait=True)
    bare.run_cell(1, wait=True)
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    bare.run_cell(2)
    _wait_points(bare, _points(bare) + 3)
    bare.page.locator(f"{_PANEL} [data-trackside=cancel]").first.evaluate("button => button.click()")
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "cancelled")
    assert bare.server.job("to-cancel")["status"] == "cancelled"
    bare.kill_kernel()


def test_a_kernel_that_cannot_hear_is_waited_for_and_what_flows_goes_on(bare: Lab) -> None:
    """Front ends without subshells: what they say while a cell runs is heard when it has ended."""
    cells = [_LOAD, _SUBMIT.format(name="unheard", steps=5000), _BUSY.format(seconds=20)]
    bare.notebook("widget-unheard.ipynb", cells)
    bare.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells = 'disabled'"
    )
    bare.run_cell(0, wait=True)
    bare.run_cell(1, wait=True)
    _wait_points(bare, 3)
    bare.run_cell(2)
    bare.page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    bare.page.locator(f"{_PANEL} [data-trackside=cancel]").first.evaluate("button => button.click()")
    bare.wait_text(".ts-widget [data-trackside=notice]", "Waiting for the kernel")
    before = _points(bare)
    _wait_points(bare, before + 10)
    assert bare.server.job("unheard")["status"] == "running"
    bare.screenshot("widget-waiting")
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "cancelled")
    bare.page.wait_for_selector(".ts-widget [data-trackside=notice]", state="detached")


def test_curves_and_files_are_widgets_too(bare: Lab) -> None:
    cells = [_LOAD, _SUBMIT.format(name="short", steps=12), "_job.wait(60)", "%track loss", "%artifacts"]
    bare.notebook("widget-kinds.ipynb", cells)
    for index in range(3):
        bare.run_cell(index, wait=True)
    artifacts = Path(bare.server.job("short")["run_dir"]) / "artifacts"
    for name, content in _FILES.items():
        (artifacts / name).parent.mkdir(exist_ok=True)
        (artifacts / name).write_text(content)
    for index in range(3, len(cells)):
        bare.run_cell(index, wait=True)
    track = ".ts-widget [data-trackside=track-panel]"
    bare.page.wait_for_function(f"document.querySelector('{track} [data-trackside=curve]')?.dataset.points === '12'")
    bare.page.wait_for_selector(f"{track} canvas")
    bare.wait_text(".ts-widget [data-trackside=artifacts-panel]", "note.txt")
    bare.page.locator(".ts-widget [data-trackside=artifacts-panel]").scroll_into_view_if_needed()
    files = bare.page.locator(".ts-widget [data-trackside=artifacts-panel]")
    for name, shown in (("losses.csv", "int64"), ("config.json", "lr"), ("report.ipynb", "three lines")):
        row = files.locator(f"[role=row][data-path$='{name}']")
        row.locator(".ts-fold").evaluate("button => button.click()")
        expect(row.locator("xpath=following-sibling::*[1]")).to_contain_text(shown)
    expect(files.locator("tbody tr")).to_have_count(2)
    bare.screenshot("widget-kinds")
    with bare.page.expect_download() as download:
        files.locator("[data-path='note.txt'] a[download]").evaluate("a => a.click()")
    assert download.value.path().read_text() == "kept"
    assert download.value.suggested_filename == "note.txt"


def test_what_is_saved_is_a_picture_for_pages_and_a_live_panel_in_jupyterlab(bare: Lab, browser: Browser) -> None:
    """Run in VS Code, opened in JupyterLab with our extension: live, though the widget's kernel is gone."""
    name = "widget-saved.ipynb"
    bare.notebook(name, [_LOAD, _SUBMIT.format(name="saved", steps=12)])
    bare.run_cell(0, wait=True)
    bare.run_cell(1, wait=True)
    bare.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    bare.page.wait_for_function(
        """() => {
            const { outputs } = window.jupyterapp.shell.currentWidget.content.widgets[1].model;
            return outputs.length > 0 && 'image/png' in outputs.get(0).data;
        }"""
    )
    bare.save()
    bare.kill_kernel()
    saved = bare.server.place.root / "work" / name
    page, _ = HTMLExporter().from_filename(str(saved))
    assert "data:image/png;base64," in page
    assert "jupyter.widget-view" not in page
    assert saved.stat().st_size < 200_000
    _disable(bare.server.place, False)
    try:
        with browser.new_context() as context:
            lab = Lab(bare.server, context.new_page())
            lab.open(name)
            lab.wait_text("[data-trackside=job-panel] [data-trackside=status]", "completed")
            assert lab.page.locator(".ts-widget").count() == 0
    finally:
        _disable(bare.server.place, True)
