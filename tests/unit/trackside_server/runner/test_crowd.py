"""How many processes and threads a tree has."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from trackside_server.runner.crowd import CrowdWatch


def test_threads_count_as_processes_do() -> None:
    enough = threading.Event()
    threads = [threading.Thread(target=enough.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    try:
        said, _ = CrowdWatch(5).look([os.getpid()])
        assert said is not None
        assert said.endswith("processes and threads, more than its limit of 5")
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def test_a_tree_within_its_limit_is_looked_at_more_often_when_it_is_nearly_full() -> None:
    mine = len(list(Path("/proc/self/task").iterdir()))
    calm, seldom = CrowdWatch(1000).look([os.getpid()])
    full, often = CrowdWatch(mine).look([os.getpid()])
    assert (calm, full) == (None, None)
    assert often < seldom


def test_a_tree_that_is_gone_has_nobody() -> None:
    assert CrowdWatch(1).look([2**22 + 1])[0] is None
