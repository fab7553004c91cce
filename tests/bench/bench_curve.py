"""``log()`` in a job → the curve in JupyterLab, in headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.opened import opened_lab
from tests.bench.rows import Row, quantile

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
    with opened_lab() as window:
        window.notebook("timed.ipynb", ["%load_ext trackside\nimport trackside", _CELL])
        window.run_cell(0)
        window.wait_kernel()
        window.page.evaluate(_WATCH)
        window.run_cell(1)
        window.wait_text("[data-trackside=job-panel] [data-trackside=status]", "completed")
        late = window.page.evaluate("window.late")[10:]
    yield Row(f"log() → the curve in the browser, p95 of {len(late)}", quantile(late, 0.95), "ms", 200)
    yield Row("  the same, p50", quantile(late, 0.5), "ms", 200)
