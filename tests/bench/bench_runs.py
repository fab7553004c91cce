"""Many runs: the table of 1,000 of them as a DataFrame, and one page of 100,000 for queries of every kind."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.rows import Row, quantile
from tests.filled import fill_runs
from tests.serving import LiveServer, Place, stop_templates
from trackside.client import Client

_MANY = 100_000
_TABLE = 1_000
_TIMES = 15
_QUERIES = (
    ("all", "", 50),
    ("a rare tag", "tag:paper", 20),
    ("no such tag", "tag:nobody", 0),
    ("a common status", "status:completed", 50),
    ("a word of many", "resnet", 50),
    ("a word of none", "nowhere", 0),
    ("a range of a setting", "config.lr<0.01", 50),
    ("a range that ten have", "config.seed<10", 10),
    ("a range that none has", "config.lr<0", 0),
    ("a text of many", "config.model=vit", 50),
    ("part of a text of none", "config.model:gpt", 0),
    ("the least of a metric", "loss.min<0.1", 50),
    ("the last of a metric, none", "val/loss<0", 0),
    ("five words, many", "tag:baseline status:completed config.lr<0.01 loss.min<0.3 resnet", 50),
    ("five words, none", "tag:baseline status:failed config.lr<0.01 loss.min<0.3 since:900d", 0),
    ("two that each half have, none both", "tag:baseline config.even=1", 0),
    ("what is not so", "-tag:baseline -status:completed", 50),
)


def rows() -> Iterator[Row]:
    """One server over a store that was filled before it began."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "place")
        began = time.perf_counter()
        fill_runs(place.home, _MANY)
        yield Row("100,000 runs into the store, 14 values each", time.perf_counter() - began, "s", 120)
        server = LiveServer(place).start()
        client = Client(server.url, server.token)
        try:
            for what, query, expected in _QUERIES:
                assert len(client.runs.list(query).runs) == expected, query
                yield Row(
                    f"a page of 100,000 runs: {what}, p50", _p50(lambda query=query: client.runs.list(query)), "ms", 100
                )
            frame = client.runs.table(limit=_TABLE)
            assert frame.shape == (_TABLE, 28), frame.shape
            yield Row("table of 1,000 runs → DataFrame, p50", _p50(lambda: client.runs.table(limit=_TABLE)), "ms", 60)
            asked = "config.lr<0.1 status:completed"
            yield Row("  the same with a query", _p50(lambda: client.runs.table(asked, limit=_TABLE)), "ms", 60)
        finally:
            client.close()
            server.stop()
            stop_templates(server.place.home)


def _p50(ask: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return quantile(taken, 0.5) * 1e3
