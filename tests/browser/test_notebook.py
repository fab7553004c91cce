"""Notebook 7 shows the same live panel as JupyterLab, also when the kernel is dead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Lab, started_lab
from tests.serving import LiveServer, Place

_SUBMIT = """%%submit --name noted
import time
for step in range(150):
    trackside.log({"loss": 1 / (1 + step)}, step=step)
    print("step", step, flush=True)
    time.sleep(0.2)
"""
_PANEL = "[data-trackside=job-panel]"
_CURVE = f"document.querySelector('{_PANEL} [data-trackside=curve]')"


@dataclass
class Notebook(Lab):
    """One browser window on Notebook 7."""

    def open(self, path: str = "", *, reset: bool = True) -> None:
        """Open a notebook, and wait until it stands."""
        self.page.goto(f"{self.server.url}notebooks/{path}?token={self.server.token}", timeout=90_000)
        self.wait_ready()


@pytest.fixture(scope="module")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A Notebook 7 server."""
    place = Place(tmp_path_factory.mktemp("notebook"))
    yield from started_lab(place, command="notebook", application="JupyterNotebookApp")


@pytest.fixture
def notebook(notebook_server: LiveServer, browser: Browser) -> Iterator[Notebook]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    yield Notebook(notebook_server, page)
    context.close()


def _wait_points(window: Lab, more_than: int) -> None:
    window.page.wait_for_function(f"Number({_CURVE}?.dataset.points) > {more_than}")


def test_the_panel_is_live_in_notebook_7_and_after_the_kernel_died(notebook: Notebook) -> None:
    notebook.notebook("noted.ipynb", ["%load_ext trackside\nimport trackside", _SUBMIT, "while True: pass"])
    notebook.run_cell(0, wait=True)
    notebook.run_cell(1, wait=True)
    notebook.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    notebook.run_cell(2)
    _wait_points(notebook, 5)
    notebook.screenshot("notebook-live")
    notebook.save()
    notebook.kill_kernel()
    notebook.reload()
    notebook.wait_text(f"{_PANEL} [data-trackside=status]", "running")
    seen = int(notebook.page.evaluate(f"Number({_CURVE}?.dataset.points ?? 0)"))
    _wait_points(notebook, seen + 5)
    notebook.wait_text(f"{_PANEL} [data-trackside=log]", "step 1")
    notebook.wait_text(f"{_PANEL} [data-trackside=status]", "completed")
    assert notebook.page.locator(".ts-widget").count() == 0
