"""Rows: what a job writes - a log of gigabytes, one past its bound, one that it truncates, a torn line of metrics."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.row import Row
from tests.serving import SLACK, until

_GIB = 1 << 30
_FILL = "yes 'a line of a log as programs write them, about sixty bytes.'"


def test_log_of_five_gigabytes(row: Row) -> None:
    """Log of 5 GB (bound raised): its end and any place in it are there at once"""
    server = row.server()
    hole = "import os; os.ftruncate(1, 5 << 30)"  # the middle takes no disk; begin and end are real lines
    script = f"{_FILL} | head -c 64M; python3 -c '{hole}'; {_FILL} | head -c 64M; echo; echo the last line"
    job = row.submit(server, script, max_output="6G", environment=row.place.environment())
    row.marked(job)
    row.before(job)
    ended = server.ended(job, 60)
    log = Path(ended["run_dir"], "output.log")
    assert log.stat().st_size > 5 * _GIB
    row.say(f"the log has {log.stat().st_size / _GIB:.2f} GiB")
    began = time.monotonic()
    tail = server.get(f"jobs/{job}/log?tail=10").text.splitlines()
    tailed = time.monotonic()
    middle = server.get(f"jobs/{job}/log?offset={2 * _GIB}&limit=65536")
    sought = time.monotonic()
    row.say(f"its end took {tailed - began:.3f} s, a place in its middle {sought - tailed:.3f} s")
    assert tail[-1] == "the last line"
    assert len(middle.content) == 65536
    assert sought - began < 2
    with server.events(f"jobs/{job}/log?follow=1&tail=3") as stream:
        text = ""
        for kind, _, data in stream:
            text += data.get("text", "")
            if kind == "done":
                break
    assert text.endswith("the last line\n")
    row.after(job)
    assert ended["status"] == "completed"


def test_log_without_a_line(row: Row) -> None:
    """Log of 5 GB without a single newline: its end is there at once all the same"""
    server = row.server()
    job = row.submit(server, "exec python3 -c 'import os; os.ftruncate(1, 5 << 30)'", max_output="6G")
    row.marked(job)
    row.before(job)
    server.ended(job, 60)
    began = time.monotonic()
    assert server.get(f"jobs/{job}/log?tail=10").status_code == 200
    took = time.monotonic() - began
    row.say(f"its end took {took:.3f} s")
    row.after(job)
    assert took < 2 + SLACK


def test_log_past_its_bound(row: Row) -> None:
    """Log past its bound: the job goes on, begin and end are kept, the middle is given back to the disk"""
    server = row.server()
    script = f"echo the first line; {_FILL} | head -c 48M; echo; echo the last line; {row.until_file('go', 2)}"
    job = row.submit(server, script, max_output="8M")
    row.marked(job)
    row.before(job)
    log = Path(server.job(job)["run_dir"], "output.log")
    until(lambda: log.stat().st_size > 48 << 20, "the log to grow")
    until(lambda: log.stat().st_blocks * 512 <= 8 << 20, "the log to take 8 MB of disk")
    row.say(f"{log.stat().st_size >> 20} MiB were written and take {log.stat().st_blocks * 512 >> 20} MiB of disk")
    row.go("go")
    ended = server.ended(job)
    row.after(job)
    assert (ended["status"], ended["exit_code"]) == ("failed", 2)
    assert server.get(f"jobs/{job}/log?offset=0&limit=14").text == "the first line"
    assert server.get(f"jobs/{job}/log?tail=1").text == "the last line\n"


def test_log_truncated_by_the_job(row: Row) -> None:
    """A job that writes to /dev/stdout and so truncates its own log"""
    server = row.server()
    waits = f"while [ ! -e {row.place.root / 'go'} ]; do sleep 0.05; done"
    job = row.submit(server, f"echo a long line of the beginning; {waits}; echo b > /dev/stdout; echo c; exit 4")
    row.marked(job)
    row.before(job)
    told = []
    with server.events(f"jobs/{job}/log?follow=1") as stream:
        for kind, _, data in stream:
            told.append(kind if kind != "log" else data["text"])
            if kind == "log" and "beginning" in data["text"]:
                row.say("the job opens /dev/stdout, which empties its log")
                row.go("go")
            if kind == "done":
                break
    ended = server.ended(job)
    row.after(job)
    assert (ended["status"], ended["exit_code"]) == ("failed", 4)
    assert server.get(f"jobs/{job}/log").text == "b\nc\n"
    assert "truncated" in told
    assert "".join(told[told.index("truncated") + 1 : -1]) == "b\nc\n"


_TORN = """
import trackside
for step in range(10):
    trackside.log({"loss": 1.0 / (step + 1)}, step=step)
    if step == 4:
        with open(trackside.init().run_dir / "metrics.jsonl", "ab") as file:
            file.write(b'{"_idx": 5, "step": 5, "lo')
"""


def test_metrics_line_torn(row: Row) -> None:
    """A metrics line torn in the middle costs itself, and is counted"""
    server = row.server()
    made = server.submit(cell=_TORN)
    job = made["id"]
    row.acknowledged[job] = made
    row.marks.write_text(f"{job} 1\n")
    row.before(job)
    ended = server.ended(job)
    found = server.get(f"runs/{job}/metrics?keys=loss").json()
    row.say(f"{found['torn']} torn line")
    row.after(job)
    assert ended["status"] == "completed", server.get(f"jobs/{job}/log").text
    series = found["series"]
    points = series["loss"]["y"] if isinstance(series, dict) else series[0]["y"]
    assert len(points) in {9, 10}, found
    assert found["torn"] == 1
