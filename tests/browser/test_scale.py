"""Much at once, in a small window and in the dark: twenty panels, a million points, a narrow page, both themes."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Lab
from tests.browser.looks import OVERFLOWING, UNREADABLE, use_theme
from tests.panels import notebook_of_panels

_PANEL = "[data-trackside=job-panel]"
_LIVE = """import math, time, trackside
for step in trackside.progress(range(1_000_000)):
    trackside.log({"train/loss": math.exp(-step / 50), "val/loss": math.exp(-step / 60), "acc": 1 / (1 + step)}, step=step)
    print("\\x1b[32mstep\\x1b[0m", step, flush=True)
    time.sleep(0.2)
"""
_MILLION = """import math, trackside
run = trackside.init()
with (run.run_dir / "metrics.jsonl").open("a") as file:
    for step in range(1_000_000):
        value = {123_456: 50.0, 654_321: -50.0}.get(step, math.sin(step / 40))
        file.write(f'{{"_idx": {step}, "_timestamp": "2026-01-01T00:00:00.000000Z", "step": {step}, "noise": {value:.4f}}}\\n')
"""
_FAILS = "import trackside\ntrackside.log({'loss': 1.0}, step=1)\nprint(*range(40), sep='\\n')\n1 / 0"
_COUNTS = """panel => [...document.querySelectorAll(panel)].map(each =>
    Number(each.querySelector('[data-trackside=curve]')?.dataset.points ?? 0))"""
_AT_ITS_END = """panel => {
    const log = [...document.querySelectorAll(`${panel} [data-trackside=log-window]`)].at(-1);
    const [last] = [...log.querySelectorAll('.ts-log-line')].slice(-1);
    const [outer, inner] = [log.getBoundingClientRect(), last.getBoundingClientRect()];
    return inner.bottom <= outer.bottom + 1 && inner.top >= outer.top - 1;
}"""
_TRACES = """canvas => {
    const {width, height} = canvas;
    const data = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    const probe = document.createElement('i');
    probe.style.color = 'var(--ts-c1)';
    canvas.closest('.ts-plot').appendChild(probe);
    const pen = document.createElement('canvas').getContext('2d');
    pen.fillStyle = getComputedStyle(probe).color;
    pen.fillRect(0, 0, 1, 1);
    probe.remove();
    const ink = pen.getImageData(0, 0, 1, 1).data;
    const found = [];
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const at = 4 * (y * width + x);
            if (data[at + 3] > 200 && [0, 1, 2].every(part => Math.abs(data[at + part] - ink[part]) < 12)) {
                found.push([x / width, y / height]);
            }
        }
    }
    return found;
}"""


@contextmanager
def _jobs(window: Lab, count: int, code: str = _LIVE, name: str = "live") -> Iterator[list[dict[str, Any]]]:
    """Run some jobs side by side, and end them afterwards."""
    command = [sys.executable, "-c", code]
    jobs = [window.server.submit(command=command, name=f"{name}-{n}", cpus=0.01) for n in range(count)]
    try:
        yield jobs
    finally:
        for job in jobs:
            if window.server.job(job["id"])["status"] in ("pending", "running"):
                window.server.post(f"jobs/{job['id']}/cancel")
        for job in jobs:
            window.server.ended(job["id"], timeout=90)


def _open(window: Lab, name: str, jobs: list[dict[str, Any]]) -> None:
    (window.server.place.root / "work" / name).write_text(json.dumps(notebook_of_panels(*jobs)))
    window.open(name)
    window.wait_kernel()
    expect(window.page.locator(_PANEL)).to_have_count(len(jobs))


def test_twenty_panels_in_one_notebook_are_all_live_over_one_connection(window: Lab) -> None:
    """All of them grow, seen or not; and what is asked of the server meanwhile is less than one request a second."""
    sockets: list[str] = []
    asked: Counter[str] = Counter()

    def count(request: Request) -> None:
        if "/trackside/api/" in request.url:
            asked.update([re.sub(r"job-\d+", "JOB", request.url.partition("/v1/")[2].partition("?")[0])])

    with _jobs(window, 20) as jobs:
        _open(window, "twenty.ipynb", jobs)
        window.page.on("websocket", lambda socket: sockets.append(socket.url))
        window.page.on("request", count)
        window.reload()
        expect(window.page.locator(_PANEL)).to_have_count(20)
        window.page.wait_for_function(f"panel => ({_COUNTS})(panel).every(points => points > 3)", arg=_PANEL)
        assert asked["runs/JOB/metrics"] <= 20, asked
        before = window.page.evaluate(_COUNTS, _PANEL)
        asked.clear()
        window.page.wait_for_function(
            f"([panel, before]) => ({_COUNTS})(panel).every((points, index) => points > before[index] + 20)",
            arg=[_PANEL, before],
        )
        window.screenshot("scale-twenty")
        # Twenty records at five a second are four seconds at least: few of twenty panels may ask once in that time.
        assert asked["runs/JOB/metrics"] == 0, asked
        grown = min(now - then for now, then in zip(window.page.evaluate(_COUNTS, _PANEL), before, strict=True))
        assert sum(asked.values()) <= 20 * grown / 10, asked
        assert len([url for url in sockets if "/trackside/api/" in url]) == 1
        window.page.wait_for_function(  # cells that come into sight get their true heights, and the page moves on
            """panel => {
                const last = [...document.querySelectorAll(panel)].at(-1);
                last.scrollIntoView();
                return last.querySelector('.ts-plot canvas') && last.querySelector('.ts-log-line');
            }""",
            arg=_PANEL,
        )


def test_of_a_million_points_the_extremes_are_in_the_curve(window: Lab) -> None:
    """One point is far above and one far below all others; both are drawn where they are, and nothing else there."""
    job = window.server.submit(command=[sys.executable, "-c", _MILLION], name="million")
    window.server.ended(job["id"], timeout=120)
    _open(window, "million.ipynb", [job])
    curve = window.page.locator(f"{_PANEL} [data-trackside=curve]")
    expect(curve).to_have_attribute("data-points", "1000000", timeout=90_000)
    canvas = curve.locator("canvas")
    expect(canvas).to_be_visible()
    window.page.wait_for_function(
        f"({_TRACES})(document.querySelector('{_PANEL} [data-trackside=curve] canvas')).length > 200"
    )
    window.screenshot("scale-million")
    drawn = canvas.evaluate(_TRACES)
    left, right = min(x for x, _ in drawn), max(x for x, _ in drawn)
    top, bottom = min(y for _, y in drawn), max(y for _, y in drawn)
    quarter = (bottom - top) / 4
    high = {round((x - left) / (right - left), 2) for x, y in drawn if y < top + quarter}
    low = {round((x - left) / (right - left), 2) for x, y in drawn if y > bottom - quarter}
    assert high, "the greatest value is not drawn"
    assert low, "the least value is not drawn"
    assert max(abs(x - 0.123) for x in high) < 0.02, high
    assert max(abs(x - 0.654) for x in low) < 0.02, low


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_text_can_be_read_in_the_theme(window: Lab, theme: str) -> None:
    """By the colours as they are computed, 4.5 to 1 at least; a change of theme changes them, and moves no log from its end."""
    with _jobs(window, 1, name="reads") as running:
        failed = window.server.submit(command=[sys.executable, "-c", _FAILS], name="failed")
        window.server.ended(failed["id"])
        _open(window, "theme.ipynb", [*running, failed])
        window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
        use_theme(window.page, theme)
        page = window.page
        expect(page.locator(_PANEL).first.locator(".ts-plot canvas").first).to_be_visible()
        expect(page.locator(_PANEL).first.locator("[data-trackside=progress]")).to_be_visible()
        expect(page.locator(_PANEL).last.locator("[data-trackside=log]")).to_contain_text("ZeroDivisionError")
        window.screenshot(f"scale-theme-{theme.lower()}")
        for place in (_PANEL, "[data-trackside=side-panel]"):
            assert page.evaluate(UNREADABLE, [place, 4.5]) == []
        page.wait_for_function(_AT_ITS_END, arg=_PANEL)
        ink = page.locator(_PANEL).first.evaluate("panel => getComputedStyle(panel).color")
        use_theme(page, "Dark" if theme == "Light" else "Light")
        assert page.locator(_PANEL).first.evaluate("panel => getComputedStyle(panel).color") != ink
        page.wait_for_function(_AT_ITS_END, arg=_PANEL)


@pytest.mark.parametrize("width", [1000, 700, 480])
def test_in_a_narrow_window_nothing_of_a_panel_is_cut_off(window: Lab, width: int) -> None:
    with _jobs(window, 1, name="narrow-with-a-name-that-is-rather-long") as jobs:
        _open(window, "narrow.ipynb", jobs)
        page = window.page
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator(f"{_PANEL} .ts-plot canvas").first).to_be_visible()
        expect(page.locator(f"{_PANEL} [data-trackside=progress]")).to_be_visible()
        window.screenshot(f"scale-narrow-{width}")
        assert page.evaluate(OVERFLOWING, _PANEL) == []
        for hook in ("status", "cancel", "open"):
            expect(page.locator(f"{_PANEL} [data-trackside={hook}]")).to_be_in_viewport(ratio=1)


_SIGHT = """hidden => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => hidden ? 'hidden' : 'visible'});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_hidden_tab_hears_state_changes_and_asks_nothing(window: Lab) -> None:
    window.open()
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    first = window.server.submit(command=["/bin/true"], name="before")
    row = "[data-trackside=side-panel] [data-trackside=job-row][data-job-id={}][data-status=completed]"
    window.page.wait_for_selector(row.format(first["id"]))
    window.page.wait_for_function("document.querySelectorAll('[data-trackside=run-row]').length > 0")
    window.page.evaluate(_SIGHT, True)
    window.page.wait_for_load_state("networkidle")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url) if "trackside/api" in request.url else None)
    made = window.server.submit(cell="import trackside\ntrackside.log({'loss': 1.0})", name="unseen")
    window.page.wait_for_selector(row.format(made["id"]))
    assert asked == []
    window.page.evaluate(_SIGHT, False)
    window.page.wait_for_selector(f"[data-trackside=run-row][data-run-id={made['id']}]")
    assert asked
