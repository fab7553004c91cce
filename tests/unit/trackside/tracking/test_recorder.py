import errno
import gc
import json
import math
import os
import signal
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trackside.errors import NotLoggable, RunClosedError
from trackside.tracking.encoding import choose_encoding
from trackside.tracking.folder import RunFolder
from trackside.tracking.indices import BLOCK, IndexBlocks
from trackside.tracking.losses import Losses
from trackside.tracking.recorder import Recorder


class Bench:
    """One recorder in a folder of its own, and what it has written."""

    def __init__(self, root: Path, encoder: str = "orjson") -> None:
        self.folder = RunFolder(root / "job-1")
        self.folder.create()
        self.losses = Losses("job-1")
        self.encoder = encoder
        self.recorder = self.another()

    def another(self) -> Recorder:
        blocks = IndexBlocks(self.folder, self.folder.metrics)
        return Recorder(self.folder.metrics, blocks, self.losses, choose_encoding(self.encoder))

    def log(self, metrics: object, step: object = None) -> None:
        try:
            refused = self.recorder.send((metrics, step))
        except (ValueError, StopIteration):
            refused = self.recorder.in_turn((metrics, step))
        if refused:
            raise self.recorder.take_problem()

    def lines(self) -> list[bytes]:
        return self.folder.metrics.read_bytes().splitlines()

    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines()]

    def indices(self) -> list[object]:
        return [record["_idx"] for record in self.records()]


@pytest.fixture(params=["orjson", "msgspec", "json"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


@pytest.fixture
def one(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_record_has_index_time_step_and_then_what_was_logged(bench: Bench) -> None:
    bench.log({"loss": 0.5, "ok": True, "n": 3}, step=7)
    bench.log({"loss": 0.25})
    first, second = bench.records()
    assert list(first) == ["_idx", "_timestamp", "step", "loss", "ok", "n"]
    assert [first["_idx"], first["step"], first["loss"], first["ok"], first["n"]] == [0, 7, 0.5, True, 3]
    assert list(second) == ["_idx", "_timestamp", "loss"]
    assert str(first["_timestamp"]) <= str(second["_timestamp"])
    assert str(first["_timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (None, None), ("null", "null"),
        ("ein „Wort“", "ein „Wort“"), (2**70, 2**70), (np.float64(0.5), 0.5), (np.float32(np.nan), "NaN"),
        (np.array([2]), 2), ("\udc80", "\udc80"), (1e308, 1e308), (5e-324, 5e-324), (10**400, 10**400),
    ],
)  # fmt: skip
def test_whatever_way_a_value_takes_it_is_kept_exactly(bench: Bench, value: object, kept: object) -> None:
    bench.log({"before": 1.5, "value": value}, step=1)
    (record,) = bench.records()
    assert record["value"] == kept
    assert record["before"] == 1.5


def test_two_infinities_that_cancel_out_are_seen(bench: Bench) -> None:
    bench.log({"a": math.inf, "b": -math.inf, "c": 1e308, "d": 1e308})
    (record,) = bench.records()
    assert [record[key] for key in "abcd"] == ["Infinity", "-Infinity", 1e308, 1e308]


@pytest.mark.parametrize(
    ("metrics", "step", "key"),
    [
        ({"x": [1]}, None, "x"), ({"x": object()}, 3, "x"), ({"_idx": 1}, None, "_idx"), ({"_idx": 1}, 3, "_idx"),
        ({"_timestamp": 1}, 3, "_timestamp"), ({"x": 1}, "three", "step"), ({"x": 1, "step": 4}, 3, "step"),
        ({"x": {"y": b""}}, 1, "x/y"), ({(3,): 1}, 1, "3"), ({None: 1}, 1, "None"), ([1], 1, "list"), (None, None, "NoneType"),
        ({"a": {"b": 1}, "a/b": 1}, 1, "a/b"), ({"x": np.datetime64("2026-11-22")}, 1, "x"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_no_trace_and_no_gap(bench: Bench, metrics: object, step: object, key: str) -> None:
    bench.log({"x": 1})
    with pytest.raises(NotLoggable, match=key):
        bench.log(metrics, step)
    bench.log({"x": 2})
    assert bench.indices() == [0, 1]


@pytest.mark.parametrize("encoder", ["orjson", "json"])
@pytest.mark.parametrize(
    ("metrics", "key"), [({1.5: 1}, "1.5"), ({b"x": 1}, "x"), ({True: 1, None: 1}, "None"), ({1: 1, "1": 2}, "1")]
)
def test_a_key_that_is_no_text_is_refused(tmp_path: Path, encoder: str, metrics: object, key: str) -> None:
    bench = Bench(tmp_path, encoder)
    bench.log({"x": 1})
    with pytest.raises(NotLoggable, match=key):
        bench.log(metrics, 1)
    assert bench.indices() == [0]


def test_steps_may_repeat_and_go_back(bench: Bench) -> None:
    for step in (3, 3, 1, -2, 0.5, True):
        bench.log({"x": 1.0}, step=step)
    assert [record["step"] for record in bench.records()] == [3, 3, 1, -2, 0.5, True]


def test_a_step_may_stand_among_the_metrics_or_be_a_scalar_of_numpy(bench: Bench) -> None:
    bench.log({"step": 4, "x": 1})
    bench.log({"x": 1}, step=np.int64(5))
    bench.log({"step": 6, "x": 1}, step=6)
    assert [record["step"] for record in bench.records()] == [4, 5, 6]


def test_a_number_as_a_key_becomes_text(bench: Bench) -> None:
    bench.log({0: 1, "a": {1: 2}}, step=1)
    bench.log({np.str_("b"): 3}, step=1)
    first, second = bench.records()
    assert (first["0"], first["a/1"], second["b"]) == (1, 2, 3)


def test_an_empty_record_is_a_record(bench: Bench) -> None:
    bench.log({})
    bench.log({}, step=1)
    assert bench.indices() == [0, 1]


def test_indices_go_on_over_blocks_without_a_gap(one: Bench) -> None:
    for i in range(2 * BLOCK + 10):
        one.log({"i": i}, step=i)
    assert one.indices() == list(range(2 * BLOCK + 10))
    one.recorder.close("job-1")
    one.recorder = one.another()
    one.log({"i": 0})
    assert one.indices()[-1] == 2 * BLOCK + 10


def test_each_record_is_one_write(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        writes.append(data)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", counted)
    one.recorder = one.another()
    one.log({"first": 1})  # opens the file
    writes.clear()
    for i in range(100):
        one.log({"loss": i}, step=i)
    one.log({"loss": math.nan})
    assert writes == [line + b"\n" for line in one.lines()[1:]]


def test_threads_interleave_whole_records_in_the_order_of_their_indices(bench: Bench) -> None:
    def work(who: int) -> None:
        for i in range(300):
            bench.log({"who": who, "i": i, "nan": math.nan if i % 7 == 0 else 0.0}, step=i)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    bench.recorder.settle()
    assert bench.indices() == list(range(1200))
    for who in range(4):
        assert [record["i"] for record in bench.records() if record["who"] == who] == list(range(300))


def test_a_signal_handler_may_log_while_a_record_is_written(one: Bench) -> None:
    """Whether it finds the writer busy or not, nothing is lost and nobody waits for ever."""
    handled: list[int] = []

    def handler(_number: int, _frame: object) -> None:
        handled.append(1)
        one.log({"from_handler": len(handled)})

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        count = 0
        while len(handled) < 50:
            one.log({"i": count}, step=count)
            count += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    one.recorder.settle()
    records = one.records()
    assert sum("from_handler" in record for record in records) == len(handled)
    assert sum("i" in record for record in records) == count
    assert one.indices() == list(range(len(records)))


@pytest.mark.parametrize("moment", ["time", "encode", "write"])
def test_an_interrupt_at_any_moment_reaches_the_caller_and_the_recorder_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    armed = [False]

    def interrupt(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            if armed.pop():
                armed.append(False)
                raise KeyboardInterrupt
            armed.append(False)
            return real(*arguments)

        return call

    one = Bench(tmp_path)
    encoding = choose_encoding("orjson")
    if moment == "time":
        encoding = encoding._replace(now=interrupt(encoding.now))
    elif moment == "encode":
        encoding = encoding._replace(encode=interrupt(encoding.encode))  # type: ignore[arg-type]
    else:
        monkeypatch.setattr(os, "write", interrupt(os.write))
    one.recorder = Recorder(one.folder.metrics, IndexBlocks(one.folder, one.folder.metrics), one.losses, encoding)
    one.log({"x": 1})
    armed[0] = True
    with pytest.raises(KeyboardInterrupt):
        one.log({"x": 2})
    one.log({"x": 3})
    assert [record["x"] for record in one.records()] == [1, 3]
    indices = one.indices()
    assert indices == sorted(set(indices), key=int)  # type: ignore[call-overload]


def test_values_of_another_library_are_asked_for_their_number_and_never_added_up(bench: Bench) -> None:
    """An addition may compile a program, or wait for a device."""
    added: list[object] = []

    class Scalar:
        shape = ()

        def item(self) -> float:
            return 0.5

        def __radd__(self, other: object) -> object:
            added.append(other)
            return other

    for step in range(5):
        bench.log({"loss": Scalar(), "lr": 0.1}, step=step)
        bench.log({"lr": 0.1}, step=step)
    assert added == []
    assert [record.get("loss") for record in bench.records()] == [0.5, None] * 5


def test_an_error_of_the_users_own_type_reaches_the_caller(one: Bench) -> None:
    class Broken:
        shape = ()

        def item(self) -> float:
            raise RuntimeError("the device is gone")

    with pytest.raises(RuntimeError, match="the device is gone"):
        one.log({"loss": Broken()})
    one.log({"loss": 1})
    assert one.indices() == [0]


def test_what_was_logged_or_refused_is_not_kept_alive(one: Bench) -> None:
    class Graph:
        shape = ()

        def item(self) -> float:
            return 0.5

    class Unloggable:
        pass

    graph, unloggable = Graph(), Unloggable()
    kept = [weakref.ref(graph), weakref.ref(unloggable)]
    one.log({"loss": graph})
    with pytest.raises(NotLoggable):
        one.log({"loss": unloggable})
    del graph, unloggable
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


class TestLosses:
    def test_a_full_disk_costs_the_records_of_its_time_and_one_warning(
        self, one: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        full = [False]
        write = os.write

        def limited(descriptor: int, data: bytes) -> int:
            if full[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", limited)
        one.recorder = one.another()
        for i in range(90):
            full[0] = 30 <= i < 60
            one.log({"i": i}, step=i)
        assert one.losses.count == 30
        assert [record["i"] for record in one.records()] == [*range(30), *range(60, 90)]
        assert one.indices() == list(range(60))
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "No space left" in caplog.text
        assert "run.dropped" in caplog.text

    def test_a_short_write_costs_one_record_and_the_next_one_begins_on_its_own_line(
        self, one: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        short = [False]
        write = os.write

        def limited(descriptor: int, data: bytes) -> int:
            return write(descriptor, data[:20] if short[0] and len(data) > 20 else data)

        monkeypatch.setattr(os, "write", limited)
        one.recorder = one.another()
        for i in range(9):
            short[0] = i in (3, 4)
            one.log({"i": i}, step=i)
        whole = []
        for line in one.lines():
            try:
                whole.append(json.loads(line))
            except ValueError:
                assert len(line) == 20
        assert [record["i"] for record in whole] == [0, 1, 2, 5, 6, 7, 8]
        assert one.losses.count == 2

    def test_a_folder_that_is_removed_is_noticed_and_its_records_are_counted(
        self, one: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        for i in range(300):
            one.log({"i": i}, step=i)
        one.folder.metrics.unlink()
        for path in one.folder.path.glob(".metrics.*"):
            path.unlink()
        one.folder.artifacts.rmdir()
        one.folder.path.rmdir()
        for i in range(200):
            one.log({"i": i}, step=i)
        one.recorder.settle()
        assert 200 <= one.losses.count <= 264
        assert len(caplog.records) == 1

    def test_a_folder_that_comes_back_is_used_again(self, one: Bench) -> None:
        one.log({"i": 0})
        moved = one.folder.path.rename(one.folder.path.with_name("away"))
        one.recorder._shut()  # as after any failed write
        one.log({"i": 1})
        moved.rename(one.folder.path)
        one.log({"i": 2})
        assert [record["i"] for record in one.records()] == [0, 2]
        assert one.losses.count == 1

    def test_a_lock_that_is_held_costs_records_not_the_work(self, one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(IndexBlocks, "take", _held)
        one.log({"i": 0})
        monkeypatch.undo()
        one.log({"i": 1})
        assert one.losses.count == 1
        assert one.indices() == [0]


def _held(_blocks: IndexBlocks) -> range:
    raise TimeoutError("Another process holds the lock.")


class TestClosed:
    def test_nothing_can_be_logged_any_more(self, one: Bench) -> None:
        one.log({"i": 0})
        one.recorder.close("job-1")
        one.recorder.close("job-1")
        with pytest.raises(RunClosedError, match=r"job-1.*Call trackside\.init\(\) for a new one"):
            one.log({"i": 1})
        with pytest.raises(RuntimeError):
            one.log({"i": [1]})
        assert one.indices() == [0]

    def test_the_file_is_closed_and_unused_indices_are_given_back(self, one: Bench) -> None:
        one.log({"i": 0})
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        one.recorder.close("job-1")
        assert len(os.listdir("/proc/self/fd")) == before - 2  # noqa: PTH208
        one.recorder = one.another()
        one.log({"i": 1})
        assert one.indices() == [0, 1]
