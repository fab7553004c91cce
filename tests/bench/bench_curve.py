"""``log()`` in a job → the curve in JupyterLab, in headless Chromium."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.rows import Row, quantile
from tests.browser.conftest import ARGUMENTS, Lab
from tests.serving import LiveServer, Place, stop_templates

_CELL = """%%submit --name timed
import time
for step in range(200):
    trackside.log({"at": time.time()}, step=step)
    time.sleep(0.05)
"""
_WATCH = """() => {
    window.late = [];
    let last = '';
    const look = () => {
        const value = document.querySelector('[data-trackside=job-panel] [data-trackside=curve]')?.dataset.last;
        if (value && value !== last) {
            last = value;
            window.late.push(Date.now() - Number(value) * 1000);
        }
    };
    new MutationObserver(look).observe(document.body, {attributes: true, subtree: true, attributeFilter: ['data-last']});
}"""


def rows() -> Iterator[Row]:
    """The job logs the time; the page notes when its curve ends with that value."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LiveServer(
            Place(Path(folder) / "place"), command=("jupyterlab",), options=("--LabApp.expose_app_in_browser=True",)
        ).start(90)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(90_000)
            window = Lab(server, page)
            window.notebook("timed.ipynb", ["%load_ext trackside\nimport trackside", _CELL])
            window.run_cell(0)
            window.wait_kernel()
            page.evaluate(_WATCH)
            window.run_cell(1)
            window.wait_text("[data-trackside=job-panel] [data-trackside=status]", "completed")
            late = page.evaluate("window.late")[10:]
        finally:
            browser.close()
            server.stop()
            stop_templates(server.place.home)
    yield Row(f"log() → the curve in the browser, p95 of {len(late)}", quantile(late, 0.95), "ms", 200)
    yield Row("  the same, p50", quantile(late, 0.5), "ms", 200)
