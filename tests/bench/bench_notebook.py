"""What a notebook waits for: the end of a ``%%submit`` cell, values on their way in and out, a loop with live curves."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient

from tests.bench.rows import Row, quantile
from tests.kernels import ServerKernel
from tests.serving import LiveServer, Place, stop_templates
from tests.window import Window
from trackside.tracking.home import ensure_home

_KERNELS = 4
_CELLS = 10
_GIGABYTE = 10**9
_ROUNDS = 7
_LOOPS = 24


def rows() -> Iterator[Row]:
    """The cells first; then the disk, which is busy for a while after a few gigabytes."""
    with _served() as server:
        yield from _cell_end(server)
        yield from _loop(server)
    with tempfile.TemporaryDirectory() as folder:
        yield from _out(Path(folder))
        yield from _in(Path(folder))


@contextmanager
def _served() -> Iterator[LiveServer]:
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Place(Path(folder) / "place")).start()
        try:
            yield server
        finally:
            server.stop()
            stop_templates(server.place.home)


# The end of the cell


def _cell_end(server: LiveServer) -> Iterator[Row]:
    """From the request to the answer that the kernel is idle, as a browser sees it; an empty cell is the floor of it."""
    first, later, empty = [], [], []
    for _ in range(_KERNELS):
        with _kernel(server) as kernel, _attached(server, kernel) as client:
            kernel.execute("%load_ext trackside")
            first.append(_executed(client, "%%submit\n1 + 1"))
            for _ in range(_CELLS):
                empty.append(_executed(client, "pass"))
                later.append(_executed(client, "%%submit\n1 + 1"))
                _executed(client, "_job.wait()")
    yield Row("%%submit of a small cell → end of the cell, p50", quantile(later, 0.5) * 1e3, "ms", 100)
    yield Row("  the same, p95", quantile(later, 0.95) * 1e3, "ms", 200)
    yield Row("  the first of a kernel, p50", quantile(first, 0.5) * 1e3, "ms", 1000)
    yield Row("  for comparison: an empty cell, p50", quantile(empty, 0.5) * 1e3, "ms", 100)


@contextmanager
def _kernel(server: LiveServer) -> Iterator[ServerKernel]:
    kernel = ServerKernel(server)
    try:
        yield kernel
    finally:
        kernel.close()


@contextmanager
def _attached(server: LiveServer, kernel: ServerKernel) -> Iterator[BlockingKernelClient]:
    """Speak to the kernel without the server between, which would wait for more to send."""
    client = BlockingKernelClient(connection_file=str(server.place.runtime / f"kernel-{kernel.id}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    try:
        yield client
    finally:
        client.stop_channels()


def _executed(client: BlockingKernelClient, code: str) -> float:
    """Run a cell; return the seconds from its request to the kernel's word that it is idle again."""
    began = time.perf_counter()
    answer = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    taken = time.perf_counter() - began
    assert answer["content"]["status"] == "ok", answer["content"]
    return taken


# A loop with live curves


_LOOP = """
import time, numpy as np, trackside
values = np.arange(500_000.0)
def loop():
    with trackside.init(system_metrics=False, capture_git=False, capture_pip=False) as run:
        yield run.run_id
        began = time.process_time()
        for step in range(800):
            np.sqrt(values)
            run.log({"loss": 1 / (1 + step), "acc": step / 800}, step=step)
        yield time.process_time() - began
"""


def _loop(server: LiveServer) -> Iterator[Row]:
    """A kernel's own loop, by turns alone and while a window shows its curves; the panel's cell has ended before."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    with _kernel(server) as kernel:
        kernel.execute(f"%load_ext trackside\n{_LOOP}")
        for turn in range(2 * _LOOPS):
            watched = turn % 4 in (1, 2)
            taken[watched].append(_one_loop(server, kernel, watched=watched))
    alone, shown = (quantile(taken[watched], 0.5) * 1e3 for watched in (False, True))
    yield Row("CPU time of a kernel's loop with a live %track, p50", shown, "ms", 1.03, alone, "loop alone")


def _one_loop(server: LiveServer, kernel: ServerKernel, *, watched: bool) -> float:
    run = kernel.execute("steps = loop(); print(next(steps))").stdout.strip()
    if not watched:
        return float(kernel.execute("print(next(steps))\nfor _ in steps: pass").stdout)
    kernel.execute(f"%track --run {run}")
    with Window(server) as window:
        window.subscribe("curves", "metrics", run=run)
        window.until("subscribed", "curves")
        return float(kernel.execute("print(next(steps))\nfor _ in steps: pass").stdout)


# Values in


_CARRY = """
import json, os, shutil, sys, time
import numpy as np
from pathlib import Path
from trackside.cells.carry import plan_carry
from trackside.cells.staging import stage

folder, size, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
array = np.arange(size // 8, dtype=np.float64)
def carry():
    return stage(plan_carry("array.sum()", {"array": array}), home=folder).folder
def save():
    np.save(folder / "saved.npy", array)
    return folder / "saved.npy"
def memory(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))
def timed(write):
    os.sync()
    began = time.perf_counter()
    made = write()
    taken = time.perf_counter() - began
    shutil.rmtree(made) if made.is_dir() else made.unlink()
    return taken
stage(plan_carry("small", {"small": np.ones(10)}), home=folder)
Path("/proc/self/clear_refs").write_text("5")
before = memory("VmRSS")
timed(carry)
peak = memory("VmHWM") - before
times = [(timed(save), timed(carry)) for _ in range(rounds)]
print(json.dumps({"save": [a for a, _ in times], "carry": [b for _, b in times], "peak": peak}))
"""


def _in(folder: Path) -> Iterator[Row]:
    """One array of a gigabyte, by turns saved by NumPy and carried, to the same disk; its peak memory before that."""
    ensure_home(folder / "home")
    found = json.loads(_python(_CARRY, folder / "home", _GIGABYTE, _ROUNDS))
    floor, ours = (_GIGABYTE / quantile(found[way], 0.5) / 1e6 for way in ("save", "carry"))
    yield Row("1 GB of an array carried in, p50", ours, "MB/s", 0.7, floor, "numpy.save", at_least=True)
    yield Row("  its extra memory at the most", found["peak"] / 1e6, "MB", 64)


# Values out


_WRITE = """
import os, sys
import numpy as np
from pathlib import Path
from trackside.cells.outcome import write_results

values = {f"value{number}": np.full(25_000_000 // 8, number, dtype=np.float64) for number in range(5)}
write_results(Path(sys.argv[1]), values, values)
os.sync()
"""
_LOAD = """
import sys
from trackside.cells.results import Results
from tests.pages import cached, forget, read_here

results = Results(sys.argv[1])
files = sorted(results.path.iterdir())
results["value3"]  # and what loading imports
for file in files:
    forget(file)
before = read_here()
assert results["value3"].sum() == 3 * (25_000_000 // 8)
others = [file for file in files if not file.name.startswith(("value3.", "manifest"))]
print(sum(map(cached, others)), sum(map(cached, files)), read_here() - before)
"""


def _out(folder: Path) -> Iterator[Row]:
    """Five values of 25 MB; the third is loaded and added up by a kernel that has none of their pages."""
    _python(_WRITE, folder / "results")
    others, pages, read = (int(word) / 1e6 for word in _python(_LOAD, folder / "results").split())
    yield Row("one of five results of 25 MB loaded: pages of the other four", others, "MB", 0)
    yield Row("  pages in all", pages, "MB", 26)
    yield Row("  bytes read by calls", read, "MB", 0.1)


def _python(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return done.stdout
