"""Fifty ended runs of a million points each, laid over each other: until all curves stand, and until a zoom has finer points."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from tests.bench.opened import opened_lab
from tests.bench.rows import Row, quantile
from tests.browser.conftest import Lab
from tests.serving import until

_RUNS, _POINTS, _FILES = 50, 1_000_000, 5
_COMPARE = "[data-trackside=compare]"
_TIMES = 5
_OPEN = """async ([runs, selector, points]) => {
    const app = window.jupyterapp;
    const began = performance.now();
    await app.commands.execute('trackside:compare-runs', {runs});
    await new Promise(resolve => {
        const look = () => {
            const curve = document.querySelector(`${selector} [data-trackside=curve]`);
            const whole = Number(curve?.dataset.points) === points && curve.querySelector('canvas');
            requestAnimationFrame(whole ? () => resolve() : look);
        };
        look();
    });
    const took = performance.now() - began;
    return took;
}"""
_ZOOM = """async ([selector, runs]) => {
    const up = new Promise(resolve => document.addEventListener('mouseup', () => resolve(performance.now()), {once: true, capture: true}));
    const looked = new Promise(resolve => {
        const look = () => {
            const curve = document.querySelector(`${selector} [data-trackside=curve]`);
            requestAnimationFrame(Number(curve?.dataset.closer) === runs ? () => requestAnimationFrame(resolve) : look);
        };
        look();
    });
    window.zoomed = Promise.all([up, looked]).then(([began]) => performance.now() - began);
}"""


def rows() -> Iterator[Row | str]:
    """The server compacts the runs by its own; each opening is one of a page that has opened before."""
    with opened_lab(_fill) as window:
        folders = [window.server.place.home / "runs" / name for name in _names()]
        window.server.get("runs")  # finds the folders
        until(lambda: all((folder / "metrics.parquet").exists() for folder in folders), "the compaction", 900)
        runs = [{"run_id": name, "uuid": name, "name": name} for name in _names()]
        window.open()
        window.page.evaluate("performance.setResourceTimingBufferSize(5000)")
        took = []
        for _ in range(_TIMES):
            took.append(window.page.evaluate(_OPEN, [runs, _COMPARE, _RUNS * _POINTS]))
            window.page.wait_for_timeout(1000)
            if len(took) < _TIMES:
                window.page.evaluate(
                    "async () => { await window.jupyterapp.commands.execute('application:close-all') }"
                )
                window.page.wait_for_timeout(6000)  # until the page has let go of the runs
        window.screenshot("bench-overlay")
        zoomed = [_zoom(window, 0.4)]
        window.screenshot("bench-overlay-zoomed")
        for start in (0.1, 0.3, 0.5, 0.7):
            window.page.locator(f"{_COMPARE} .u-over").first.dblclick()
            window.page.wait_for_timeout(500)
            zoomed.append(_zoom(window, start))
    yield Row(f"{_RUNS} runs × {_POINTS:,} points overlaid, warm, p50", quantile(took[1:], 0.5), "ms", 2000)
    yield f"  the first time of a server, which reads all columns: {took[0]:.0f} ms"
    yield Row("  a zoom until the finer points stand, p50", quantile(zoomed, 0.5), "ms", 300)
    yield Row("  the longest", max(zoomed), "ms", 300)


def _zoom(window: Lab, start: float) -> float:
    """Drag over a tenth of the chart; milliseconds until every run's finer points have come and a frame was drawn."""
    box = window.page.locator(f"{_COMPARE} .u-over").first.bounding_box()
    assert box is not None
    mouse, y = window.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + start * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + (start + 0.1) * box["width"], y, steps=4)
    window.page.evaluate(_ZOOM, [_COMPARE, _RUNS])
    mouse.up()
    took: float = window.page.evaluate("window.zoomed")
    window.page.wait_for_timeout(500)
    return took


def _names() -> list[str]:
    return [f"local-{number:04}" for number in range(_RUNS)]


def _fill(home: Path) -> None:
    """A few files of metrics, each of which stands in several run folders."""
    made = [home / f"lines-{number}" for number in range(_FILES)]
    home.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(made):
        _write_lines(path, number)
    began = datetime.now(UTC) - timedelta(hours=2)
    for number, name in enumerate(_names()):
        folder = home / "runs" / name
        (folder / "artifacts").mkdir(parents=True)
        os.link(made[number % _FILES], folder / "metrics.jsonl")
        meta = {
            "run_id": name,
            "id": name,
            "uuid": name,
            "name": name,
            "status": "completed",
            "tags": [],
            "summary": {},
        }
        times = {"started_at": began.isoformat(), "finished_at": (began + timedelta(hours=1)).isoformat()}
        (folder / "meta.json").write_text(json.dumps({**meta, **times, "duration_seconds": 3600.0}))
        (folder / "config.json").write_text(json.dumps({"lr": 0.1 * number}))


def _write_lines(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.exp(-np.arange(_POINTS) / (2e5 + 5e4 * seed)) + random.normal(0, 0.02, _POINTS)
    stamp = "2026-11-26T20:00:00.000000Z"
    with path.open("w") as file:
        for first in range(0, _POINTS, 50_000):
            part = values[first : first + 50_000]
            file.write(
                "".join(
                    f'{{"_idx":{first + n},"_timestamp":"{stamp}","step":{first + n},"loss":{value:.6f}}}\n'
                    for n, value in enumerate(part)
                )
            )
