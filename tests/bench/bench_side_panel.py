"""The side panel over a home with 10,000 jobs and 100,000 runs: until it can be used, until a change is seen, how it scrolls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Request

from tests.bench.opened import opened_lab
from tests.bench.rows import Row, quantile
from tests.browser.conftest import Lab
from tests.filled import fill_jobs, fill_runs

_RUNS = 100_000
_OPENINGS = 5
_CHANGES = 40
_API = "trackside/api"

_READY = """
(() => {
    const marks = window.__marks = {};
    const mark = name => { marks[name] ??= performance.now(); };
    const look = () => {
        if (document.querySelector('[data-trackside=side-panel] [data-trackside=job-row]')) {
            mark('usable');
        }
        if (window.jupyterapp && !marks.asked) {
            mark('asked');
            window.jupyterapp.restored.then(() => mark('ready'));
        }
    };
    new MutationObserver(look).observe(document, {childList: true, subtree: true});
    setInterval(look, 5);
})();
"""
_SEEN = """() => {
    const seen = window.__seen = [];
    const list = document.querySelector('[data-trackside=side-panel]');
    const before = new Map();
    const look = () => {
        for (const row of list.querySelectorAll('[data-trackside=job-row]')) {
            const { jobId, status } = row.dataset;
            if (before.get(jobId) !== status) {
                before.set(jobId, status);
                seen.push([jobId, status, performance.timeOrigin + performance.now()]);
            }
        }
    };
    new MutationObserver(look).observe(list, {childList: true, subtree: true, attributes: true});
    look();
}"""
_SCROLL = """async () => {
    const room = document.querySelector('[data-trackside=run-room]');
    const frames = [];
    let before = null;
    for (let n = 0; n < 300; n++) {
        room.scrollTop += n < 200 ? 120 : room.scrollHeight / 120;
        const now = await new Promise(resolve => requestAnimationFrame(resolve));
        if (before !== null) {
            frames.push(now - before);
        }
        before = now;
    }
    return frames;
}"""
_HIDE = """() => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => 'hidden'});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def rows() -> Iterator[Row | str]:
    """One server; each opening of the page is a new one."""
    with opened_lab(_fill, ("--TracksideApp.cpus=1",)) as window:
        yield from _usable(window)
        yield from _scrolled(window)
    with opened_lab(options=("--TracksideApp.cpus=8",)) as window:
        window.open()
        yield from _changes(window)
        yield from _hidden(window)


def _fill(home: Path) -> None:
    fill_jobs(home)
    fill_runs(home, _RUNS)


def _usable(window: Lab) -> Iterator[Row]:
    """From Lab's own word that it is restored until the first job stands in the panel, which was open before."""
    window.open()
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    window.page.wait_for_selector("[data-trackside=job-row]")
    window.page.wait_for_timeout(3000)  # until the layout is saved
    window.page.add_init_script(_READY)
    took, own = [], []
    for _ in range(_OPENINGS):
        session = window.page.context.new_cdp_session(window.page)
        session.send("Profiler.enable")
        session.send("Profiler.setSamplingInterval", {"interval": 500})
        session.send("Profiler.start")
        window.reload()
        window.page.wait_for_function("window.__marks?.usable && window.__marks?.ready")
        marks = window.page.evaluate("window.__marks")
        own.append(_own_time(session.send("Profiler.stop")["profile"]))
        session.detach()
        took.append(max(0.0, marks["usable"] - marks["ready"]))
    window.screenshot("bench-side-panel")
    yield Row("10,000 jobs: Lab is ready → the side panel has its jobs, p50", quantile(took, 0.5), "ms", 500)
    yield Row("  the longest of five", max(took), "ms", 500)
    yield Row("  our code on the main thread until then, all of it, p50", quantile(own, 0.5), "ms", 500)


def _own_time(profile: dict[str, Any]) -> float:
    """Return the milliseconds in which a function of ours was on the stack."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}
    ours: dict[int, bool] = {}

    def is_ours(number: int) -> bool:
        if number not in ours:
            here = "/extensions/trackside/" in nodes[number]["callFrame"]["url"]
            ours[number] = here or (number in parents and is_ours(parents[number]))
        return ours[number]

    deltas = zip(profile["samples"], profile["timeDeltas"][1:], strict=False)
    return sum(delta for number, delta in deltas if is_ours(number)) / 1000


def _scrolled(window: Lab) -> Iterator[Row]:
    frames = window.page.evaluate(_SCROLL)
    yield Row("a table of 100,000 runs is scrolled: the longest frame", max(frames), "ms", 50)
    yield Row("  frame p95", quantile(frames, 0.95), "ms", 50)


def _changes(window: Lab) -> Iterator[Row]:
    """From the time that the store gives a change until the row says it, over starts and ends of jobs."""
    window.page.evaluate("window.jupyterapp.commands.execute('trackside:show-panel')")
    window.page.wait_for_selector("[data-trackside=teach]")
    window.page.evaluate(_SEEN)
    happened: dict[tuple[str, str], float] = {}
    with window.server.events("events") as events:
        next(events)
        for _ in range(_CHANGES):
            job = window.server.submit(command=[sys.executable, "-c", "import time; time.sleep(0.3)"], cpus=0.1)
            for _, _, data in events:
                if data["type"] == "job" and data["job"]["id"] == job["id"]:
                    status = data["job"]["status"]
                    happened[(job["id"], status)] = datetime.fromisoformat(data["at"]).timestamp() * 1000
                    if status == "completed":
                        break
    window.page.wait_for_timeout(1000)
    seen = {(job, status): at for job, status, at in window.page.evaluate("window.__seen")}
    late = [at - happened[change] for change, at in seen.items() if change in happened and change[1] != "pending"]
    assert len(late) > _CHANGES, f"of {len(happened)} changes {len(late)} were seen"
    yield Row(f"a change of a job → the panel shows it, p95 of {len(late)}", quantile(late, 0.95), "ms", 100)
    yield Row("  p50", quantile(late, 0.5), "ms", 100)


def _hidden(window: Lab) -> Iterator[Row]:
    """Five seconds in which a job runs and logs, and nobody looks."""
    window.page.evaluate(_HIDE)
    window.page.wait_for_load_state("networkidle")
    asked: list[str] = []

    def note(request: Request) -> None:
        if _API in request.url:
            asked.append(request.url)

    window.page.on("request", note)
    job = window.server.submit(command=[sys.executable, "-c", "import time; print(1, flush=True); time.sleep(4)"])
    window.server.ended(job["id"])
    window.page.wait_for_timeout(1000)
    yield from asked
    yield Row("a hidden tab while a job begins and ends: requests", len(asked), "", 0)
