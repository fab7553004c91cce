"""Run the first notebook through a real Jupyter server and print what a person would want to see of it."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.kernels import ServerKernel  # noqa: E402  # the path above leads to it
from tests.serving import LiveServer, Place, stop_templates  # noqa: E402

NOTEBOOK = ROOT / "notebooks" / "01_first_job.ipynb"
_STAGES: list[tuple[str, float]] = []


def main() -> int:
    """Return 0 when the notebook's job really completed with metrics and an artifact."""
    place = Place(ROOT / ".demo")
    shutil.rmtree(place.root, ignore_errors=True)
    server = LiveServer(place)
    try:
        with stage("start the Jupyter server"):
            server.start()
        with stage("start a kernel"):
            kernel = ServerKernel(server)
        print(f"\nRunning {NOTEBOOK.relative_to(ROOT)} in kernel {kernel.pid} of server {server.pid}\n")
        with stage("run the notebook"):
            run_notebook(kernel)
        kernel.close()
        problems = report(server)
    finally:
        server.stop()
        stop_templates(place.home)
    print("\nTime:   " + " · ".join(f"{name} {seconds:.1f} s" for name, seconds in _STAGES))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    print("\nNext:   make lab" if not problems else "\nThe demo failed.")
    return 1 if problems else 0


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time one stage."""
    began = time.monotonic()
    yield
    _STAGES.append((name, time.monotonic() - began))


def run_notebook(kernel: ServerKernel) -> None:
    """Run the code cells in order and show them with what they print."""
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, 1):
        source = "".join(cell["source"])
        lines = source.splitlines()
        print(f"[{number}] {lines[0]}" + (f"   … {len(lines) - 1} more lines" if len(lines) > 1 else ""))
        said = kernel.execute(source, timeout=180).text.strip()
        for line in said.splitlines()[:8]:
            print(f"      {line[:110]}")


def report(server: LiveServer) -> list[str]:
    """Print the jobs and return what is wrong with them."""
    jobs = server.get("jobs").json()["jobs"]
    problems = [] if jobs else ["the notebook submitted no job"]
    for job in reversed(jobs):
        problems += report_job(server, job)
    return problems


def report_job(server: LiveServer, job: dict[str, Any]) -> list[str]:
    """Print one job and return what is wrong with it."""
    series = server.get(f"runs/{job['id']}/metrics").json()["series"]
    files = server.get(f"runs/{job['id']}/artifacts").json()["artifacts"]
    last = ", ".join(f"{key} {value['last']:.4g} ({value['count']} points)" for key, value in series.items())
    print(f"\nJob:    {job['id']} {job['name']} · {job['status']} · exit code {job['exit_code']} · {job['message']}")
    print(f"Metrics: {last or 'none'}")
    print(f"Files:  {', '.join(file['path'] for file in files) or 'none'}")
    print(f"Folder: {job['run_dir']}")
    found = []
    if job["status"] != "completed" or job["exit_code"] != 0:
        found.append(f"{job['id']} is {job['status']} with exit code {job['exit_code']}: {job['message']}")
    if not series:
        found.append(f"{job['id']} logged no metrics")
    if not files:
        found.append(f"{job['id']} saved no artifact")
    return found


if __name__ == "__main__":
    sys.exit(main())
