"""What panels cost the browser: until one is seen, a frame under a stream of points, twenty of them at once, their code."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import WebSocket

from tests.bench.opened import opened_lab
from tests.bench.rows import Row, quantile
from tests.browser.conftest import Lab
from tests.panels import notebook_of_panels

_ROOT = Path(__file__).parents[2]
_PANEL = "[data-trackside=job-panel]"
_LOOK = 12.0
"""Seconds for which frames and the main thread are watched."""

_CELL = "%%submit --name seen-{n} -c 0.01\nprint('seen')"
_PLAIN = "from IPython.display import HTML, display\ndisplay(HTML('<p class=\"plain-{n}\">seen</p>'))"
_SEEN = """async ([index, selector, status]) => {
    const app = window.jupyterapp;
    const notebook = app.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    const node = notebook.widgets[index].node;
    const began = performance.now();
    const done = app.commands.execute('notebook:run-cell').then(() => performance.now() - began);
    const seen = await new Promise(resolve => {
        const look = () => {
            const found = node.querySelector(selector);
            if (found && (!status || found.querySelector(status))) {
                requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
                return true;
            }
        };
        const observer = new MutationObserver(() => look() && observer.disconnect());
        observer.observe(node, {childList: true, subtree: true, attributes: true});
    });
    return [seen, await done];
}"""
_FRAMES = """seconds => new Promise(resolve => {
    const frames = [];
    let before = null;
    const began = performance.now();
    const look = now => {
        if (before !== null) {
            frames.push(now - before);
        }
        before = now;
        if (performance.now() - began < seconds * 1000) {
            requestAnimationFrame(look);
        } else {
            resolve(frames);
        }
    };
    requestAnimationFrame(look);
})"""

_SPLITS = ("train", "val", "dev", "test", "eval")
_CURVES = [f"{split}/{key}" for key in ("loss", "acc") for split in _SPLITS]
_POINTS = 100_000
_STREAM = f"""import math, random, time, trackside
keys = {_CURVES!r}
def point(i):
    trackside.log({{key: math.sin(i / 9000 + n) + random.gauss(0, 0.2) for n, key in enumerate(keys)}}, step=i)
for i in range({_POINTS}):
    point(i)
at = time.monotonic()
while True:
    for _ in range(50):
        i += 1
        point(i)
    at += 0.05
    time.sleep(max(0, at - time.monotonic()))
"""
_LIVE = """import math, random, time, trackside
for i in trackside.progress(range(100_000)):
    trackside.log({"loss": math.exp(-i / 99) + random.random() / 9, "acc": 1 - math.exp(-i / 99)}, step=i)
    print("step", i, flush=True)
    time.sleep(0.2)
"""


def rows() -> Iterator[Row | str]:
    """Each part has a JupyterLab of its own."""
    yield from _panel_seen()
    yield from _frames()
    yield from _twenty()
    yield from _sizes()


def _panel_seen() -> Iterator[Row]:
    """From the moment a cell is run until the next frame after its output stands; first a cell that shows a text."""
    count = 15
    cells = [text.format(n=n) for n in range(count) for text in (_PLAIN, _CELL)]
    with opened_lab() as window:
        window.notebook("seen.ipynb", ["%load_ext trackside", *cells])
        window.run_cell(0)
        window.wait_kernel()
        plain, ended, seen = [], [], []
        for n in range(count):
            plain.append(window.page.evaluate(_SEEN, [1 + 2 * n, f".plain-{n}", None])[0])
            first, last = window.page.evaluate(_SEEN, [2 + 2 * n, _PANEL, "[data-trackside=status]"])
            seen.append(first)
            ended.append(last)
            window.wait_kernel()
    base = quantile(plain[1:], 0.5)
    yield Row(f"a submitting cell begins → its panel is seen, p50 of {count}", quantile(seen, 0.5), "ms", 500)
    yield Row("  the same, p95", quantile(seen, 0.95), "ms", 500)
    yield Row("  the first of the page, whose code must be loaded", seen[0], "ms", 500)
    yield Row("  for comparison: a cell that shows a text, p50", base, "ms", 500)
    yield Row("  the same cell → Lab knows that it has ended, p50", quantile(ended, 0.5), "ms", 500)


def _frames() -> Iterator[Row]:
    """The panel is open from the first point, so that all of them came by the stream and lie in the page."""
    with opened_lab() as window:
        job = window.server.submit(command=[sys.executable, "-c", _STREAM], name="stream")
        _open_panels(window, "stream.ipynb", [job])
        window.page.wait_for_function(
            "([panel, wanted]) => [...document.querySelectorAll(`${panel} [data-trackside=curve]`)]"
            ".reduce((sum, curve) => sum + Number(curve.dataset.points), 0) > wanted",
            arg=[_PANEL, len(_CURVES) * _POINTS],
        )
        window.page.wait_for_timeout(2000)
        window.screenshot("bench-curves")
        with_panel, busy = _frames_of(window), _busy(window)
        window.page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        window.page.wait_for_timeout(2000)
        without, idle = _frames_of(window), _busy(window)
    streamed = f"{len(_CURVES)} curves × {_POINTS:,} points, 50 more at 20 Hz"
    yield Row(f"{streamed}: frame p95", quantile(with_panel, 0.95), "ms", 33)
    yield Row("  for comparison: the same page without the panel, p95", quantile(without, 0.95), "ms", 33)
    yield Row("  the main thread's work with the panel", busy, "%", 100)
    yield Row("  the main thread's work without", idle, "%", 100)


def _twenty() -> Iterator[Row]:
    """Twenty jobs that log five times a second and print; what is in sight and what is not."""
    with opened_lab() as window:
        window.open()
        idle = _busy(window)
        jobs = [
            window.server.submit(command=[sys.executable, "-c", _LIVE], name=f"live-{n}", cpus=0.01) for n in range(20)
        ]
        connections = _connections(window)
        _open_panels(window, "twenty.ipynb", jobs)
        window.page.wait_for_function(
            "panel => [...document.querySelectorAll(panel)].filter(each => each.querySelector("
            "'[data-trackside=curve]')?.dataset.points > 5).length === 20",
            arg=_PANEL,
        )
        window.page.wait_for_timeout(3000)
        window.screenshot("bench-twenty")
        busy, frames = _busy(window), _frames_of(window)
    yield Row("20 live panels: Lab's main thread busy", busy, "%", 30)
    yield Row("  for comparison: JupyterLab with nothing open", idle, "%", 30)
    yield Row("  frame p95", quantile(frames, 0.95), "ms", 33)
    yield Row("  connections to the server's stream", len(connections), "", 1)


def _sizes() -> Iterator[Row]:
    """Minified, as they are delivered; compressed as a server may send them."""
    lab = [path.read_bytes() for path in (_ROOT / "labextension/dist/static").glob("*.js")]
    yield Row("code of the extension of JupyterLab, all of it", sum(map(len, lab)) / 1000, "kB", 300)
    yield Row("  the same, compressed", sum(len(gzip.compress(each)) for each in lab) / 1000, "kB", 150)


# How it is measured


def _open_panels(window: Lab, name: str, jobs: list[dict[str, Any]]) -> None:
    """Open a notebook whose outputs are the panels of these jobs, and wait until all of them stand."""
    (window.server.place.root / "work" / name).write_text(json.dumps(notebook_of_panels(*jobs)))
    window.open(name)
    window.wait_kernel()
    window.page.wait_for_function(
        "([panel, count]) => document.querySelectorAll(panel).length === count", arg=[_PANEL, len(jobs)]
    )


def _frames_of(window: Lab) -> list[float]:
    """The milliseconds of each frame for a while."""
    found: list[float] = window.page.evaluate(_FRAMES, _LOOK)
    return found


def _busy(window: Lab) -> float:
    """The share of a while, in percent, for which the page's main thread computed; what others of the machine do is out."""
    session = window.page.context.new_cdp_session(window.page)
    session.send("Performance.enable")

    def now() -> dict[str, float]:
        return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}

    before = now()
    window.page.wait_for_timeout(_LOOK * 1000)
    after = now()
    session.detach()
    return (after["ThreadTime"] - before["ThreadTime"]) / (after["Timestamp"] - before["Timestamp"]) * 100


def _connections(window: Lab) -> list[str]:
    """Return a list that holds the address of each connection to our stream from now on."""
    found: list[str] = []

    def opened(socket: WebSocket) -> None:
        if "trackside/api" in socket.url:
            found.append(socket.url)

    window.page.on("websocket", opened)
    return found
