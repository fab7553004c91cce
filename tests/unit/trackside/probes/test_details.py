"""What a closer look at the host says."""

import os
import subprocess
import sys
import time

import psutil

from trackside.probes.details import DetailProbe, disks, network


def test_the_busiest_process_is_the_one_that_computes():
    with subprocess.Popen(
        [sys.executable, "-c", "print(1, flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as burning:
        try:
            assert burning.stdout.readline()  # it has begun
            found = {busy.pid: busy for busy in DetailProbe().busiest(50)}
            assert found[burning.pid].cpu_percent > 10
            assert found[burning.pid].memory > 1 << 20
            assert found[burning.pid].user == psutil.Process().username()
            order = [busy.cpu_percent for busy in DetailProbe().busiest(5)]
            assert order == sorted(order, reverse=True)
        finally:
            burning.kill()


def test_the_second_look_is_since_the_first(monkeypatch):
    probe = DetailProbe()
    probe.busiest()
    monkeypatch.setattr(time, "sleep", lambda seconds: (_ for _ in ()).throw(AssertionError("it waits")))
    assert probe.busiest(1)


def test_disks_are_there_once_with_the_root_first():
    found = disks()
    root = os.statvfs("/")
    assert (found[0].mount, found[0].total) == ("/", root.f_blocks * root.f_frsize)
    assert len({disk.device for disk in found}) == len(found)
    assert all(0 <= disk.used <= disk.total for disk in found)


def test_the_network_counts_up():
    sent, received = network()
    assert sent >= 0
    assert received >= 0
