"""A log of 5 GB: shown at its end, and searched through from there, beside ``grep -F``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rows import Row
from tests.serving import LiveServer, Place, stop_templates

_SIZE = 5 << 30
_PRINTS = """
import os
lines = b"".join(b"2026-11-26 10:00:00 INFO step %08d loss 0.123456 acc 0.987654 time 12.3ms\\n" % n for n in range(100_000))
for _ in range({size} // len(lines)):
    os.write(1, lines)
print("the last line")
"""
_TEXTS = {"not there": "Traceback", "letters all there": "step 1234567", "no letter there": "ZZZ"}


def rows() -> Iterator[Row]:
    """Each text stands nowhere, so that all of the log is looked at; the log is in the page cache for both."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        server = LiveServer(Place(Path(folder) / "place")).start()
        try:
            command = [sys.executable, "-c", _PRINTS.format(size=_SIZE)]
            job = server.ended(server.submit(command=command, max_output="6G")["id"], 600)
            log = Path(job["run_dir"], "output.log")
            began = time.perf_counter()
            assert server.get(f"jobs/{job['id']}/log", params={"tail": 200}).text.endswith("the last line\n")
            yield Row("5 GB log opened at its end", time.perf_counter() - began, "s", 1)
            for what, text in _TEXTS.items():
                yield _searched(server, str(job["id"]), log, what, text)
        finally:
            server.stop()
            stop_templates(server.place.home)


def _searched(server: LiveServer, job: str, log: Path, what: str, text: str) -> Row:
    size = log.stat().st_size / 1e9
    speeds, floors = [], []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(["grep", "-F", "-c", text, log], stdout=subprocess.DEVNULL, check=False)
        floors.append(size / (time.perf_counter() - began))
        began = time.perf_counter()
        before: dict[str, int] = {}
        while True:
            answer = server.get(f"jobs/{job}/log/search", params={"text": text, **before}).json()
            assert answer["matches"] == []
            if answer["next"] is None:
                break
            before = {"before": answer["next"]}
        speeds.append(size / (time.perf_counter() - began))
    middle = sorted(speeds)[1], sorted(floors)[1]
    return Row(f"  searched from its end, {what}", middle[0], "GB/s", 0.5, middle[1], "grep -F", at_least=True)
