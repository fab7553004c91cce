"""The plan of a long queue: a pure function, timed in this process."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.bench.rows import Row, quantile
from trackside.models import GpuRequest
from trackside_server.domain.plan import Gpu, Machine, Running, Snapshot, Waiting, plan

_NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def rows() -> Iterator[Row]:
    """500 running jobs on 64 GPUs; 1,000 waiting ones, then ten times as many."""
    few, many = _timed(1_000), _timed(10_000)
    yield Row("plan() with 10,000 waiting jobs, 500 running, 64 GPUs, p50", many, "ms", 10)
    yield Row("  beside 1,000 waiting jobs", many, "ms", 10, few, "1,000 waiting")


def _timed(waiting: int) -> float:
    snapshot = _snapshot(waiting)
    taken = []
    for _ in range(21):
        began = time.perf_counter()
        plan(snapshot)
        taken.append(time.perf_counter() - began)
    return quantile(taken, 0.5) * 1e3


def _snapshot(waiting: int) -> Snapshot:
    """Mixed requests; CPUs for all, so that nothing but the few free GPUs ends the search early."""
    chance = random.Random(7)
    gpus = tuple(
        Gpu(f"GPU-{number}", ("NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3")[number % 2], 80 * 2**30)
        for number in range(64)
    )
    running = [
        Running(f"job-{number}", f"job-{number}", 0.25, (f"GPU-{number}",) if number < 56 else (), 1.0, _end(chance))
        for number in range(500)
    ]
    queue = [
        Waiting(f"job-{number}", number, chance.choice((0, 0, 0, 5)), chance.choice((1, 2, 8)), _asked(chance))
        for number in range(1_000, 1_000 + waiting)
    ]
    return Snapshot(Machine(100_000, gpus), sorted(queue, key=lambda job: job.order), running)


def _asked(chance: random.Random) -> GpuRequest:
    return GpuRequest(chance.choice((1, 1, 2, 4, 8, 16)), chance.choice((None, None, "a100", "h100")))


def _end(chance: random.Random) -> datetime | None:
    return _NOW + timedelta(minutes=chance.randrange(5, 600)) if chance.random() < 0.7 else None
