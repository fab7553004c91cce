import os
import subprocess
import sys
from pathlib import Path

from trackside.probes.host import TreeUsage, sample_host, tree_usage, trees_usage


def test_the_host_has_memory_and_a_disk(tmp_path: Path) -> None:
    sample = sample_host(tmp_path)
    assert 0 <= sample.cpu_percent <= 100
    assert 0 < sample.memory_used < sample.memory_total
    assert 0 < sample.disk_used < sample.disk_total


def test_a_tree_has_children_and_each_process_counts_once() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        usage = tree_usage(child.pid)
        while usage.processes < 2:
            assert child.poll() is None, f"the tree ended with {usage}"
            usage = tree_usage(child.pid)
        assert usage.memory > 1 << 20
        both = trees_usage([child.pid, os.getpid()])
        assert both.processes == tree_usage(os.getpid()).processes
    finally:
        child.communicate(b"\n", timeout=30)


def test_the_work_of_children_that_ended_is_not_forgotten() -> None:
    burn = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    before = tree_usage(os.getpid()).cpu_seconds
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert tree_usage(os.getpid()).cpu_seconds - before >= 0.19


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert tree_usage(2**22 + 1) == TreeUsage(0.0, 0, 0)


def test_psutil_is_loaded_with_the_first_sample() -> None:
    code = (
        "import sys, trackside.probes.host, trackside.probes.gpus, trackside.probes.process\n"
        "assert not {'psutil', 'pynvml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
