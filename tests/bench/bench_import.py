"""``import trackside`` over a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.rows import Row, quantile

_ROUNDS = 30


def rows() -> Iterator[Row]:
    """Both are started by turns, so that a noisy moment meets both."""
    bare, ours = [], []
    for _ in range(_ROUNDS):
        bare.append(_start("pass"))
        ours.append(_start("import trackside"))
    over = (quantile(ours, 0.5) - quantile(bare, 0.5)) * 1e3
    yield Row("import trackside over a bare interpreter, p50", over, "ms", 15)


def _start(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began
