"""A query that asks for metrics knows those of runs that go on, and of ended ones that nobody looked through yet."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import MetricFacts
from trackside_server.domain.query import parse
from trackside_server.domain.record import RunRow
from trackside_server.engine import facts, known, runs
from trackside_server.engine.core import Core
from trackside_server.engine.facts import look_through
from trackside_server.engine.known import KnownFacts
from trackside_server.store import Store

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def core(tmp_path):
    store = Store.open(tmp_path / "trackside.db", home_id="h")
    yield Core(tmp_path, "h", "1", store, vault=None, hub=None, machine=None)
    store.close()


@pytest.fixture
def put(core):
    """Keep a run whose last loss is this; newer ones have higher letters."""

    def put_one(name, loss=None, status="completed", **fields):
        folder = core.home / "folders" / name
        folder.mkdir(parents=True, exist_ok=True)
        if loss is not None:
            (folder / "metrics.jsonl").write_text(f'{{"loss": {loss}}}\n')
        row = RunRow(id=name, uuid=name, name=name, status=status, run_dir=str(folder),
                     created_at=NOW + timedelta(seconds=ord(name[0])), **fields)  # fmt: skip
        core.store.write_now(lambda tx: tx.upsert_run(row))
        return row

    return put_one


@pytest.fixture
def found(core):
    def find(query):
        page = asyncio.run(runs.page(core, query=query, tag=None, status=None, limit=50, cursor=None))
        return "".join(run.id for run in page.runs)

    return find


def row_of(core, name):
    with core.store.read() as reader:
        return reader.run(name)


def last_event(core):
    with core.store.read() as reader:
        return reader.last_event_id()


def test_runs_that_go_on_and_ended_ones_not_looked_at_are_found_and_their_negation_leaves_them_out(core, put, found):
    put("a", 0.1, "running"), put("b", 0.2), put("c", 0.9, "running"), put("d", status="failed")
    put("e", 0.2, metrics={"loss": MetricFacts(9, 5.0, 5.0, 5.0)})
    events = last_event(core)
    assert (found("loss<0.3"), found("-loss<0.3"), found("loss.max>=0.9")) == ("ba", "edc", "ec")
    assert row_of(core, "e").metrics["loss"].last == 5.0  # what the compactor noted is not read again
    assert last_event(core) == events  # who listens is not told to ask again by a question
    assert core.ended == {"b": None}  # the compactor makes its Parquet
    put("a", 0.55, "running")
    assert found("loss<0.3") == "b"


def test_a_run_that_was_brought_here_is_found_at_once_however_old_it_is(core, put, found, monkeypatch):
    monkeypatch.setattr(facts, "_NEWEST", 3)
    core.swept = True
    for name in "abc":
        put(name)
    (folder := core.home / "runs" / "old").mkdir(parents=True)
    (folder / "meta.json").write_text('{"status": "completed", "started_at": "2020-01-01T00:00:00Z"}')
    (folder / "metrics.jsonl").write_text('{"loss": 0.1}\n')
    assert found("loss<0.3") == "old"


def test_a_run_at_which_the_compactor_looks_just_now_is_found_however_old_it_is(core, put, found, monkeypatch):
    monkeypatch.setattr(facts, "_NEWEST", 2)
    core.swept, core.looking = True, ["a"]
    put("a", 0.1), put("b"), put("c")
    assert found("loss<0.3") == "a"


def test_a_query_without_metrics_reads_no_files_and_one_with_them_only_those_that_changed(
    core, put, found, monkeypatch
):
    read = []
    monkeypatch.setattr(known, "wire_facts", lambda folder: read.append(folder.path.name) or {})
    put("a", 0.1, "running"), put("b", 0.2), put("c")
    found("config.lr<1 summary.loss<1 name:x since:7d")
    assert read == []
    found("loss<1"), found("loss<1")
    assert read == ["a", "b"]
    put("a", 0.25, "running")
    found("loss<1")
    assert read == ["a", "b", "a"]


def test_only_so_many_bytes_are_read_for_one_query_and_many_lines_are_let_rest(put, monkeypatch):
    rows, kept = [put("a", 0.25, "running"), put("b", 0.5)], KnownFacts()
    assert list(kept.look(rows, most_bytes=20)) == ["a"]
    assert list(kept.look(rows, most_bytes=20)) == ["a", "b"]
    monkeypatch.setattr(known, "MANY", 1)
    monkeypatch.setattr(known, "_REST", 1e9)
    put("b", 0.751), put("a", 0.751, "running")
    assert [each["loss"].last for each in kept.look(rows).values()] == [0.751, 0.751]
    put("b", 0.8751), put("a", 0.8751, "running")
    assert [each["loss"].last for each in kept.look(rows).values()] == [0.751, 0.8751]


def test_what_was_known_of_a_run_is_dropped_when_it_ends_and_when_it_waits_again(core, put, found):
    put("a", 0.1, "running"), put("b", 0.1, "running")
    assert found("loss<0.3") == "ba"
    put("a", status="completed"), put("b", status="pending")
    assert (row_of(core, "a").metrics, row_of(core, "b").metrics) == ({}, {})


def test_a_run_that_ended_while_it_was_read_does_not_get_facts_of_before(core, put):
    def look_while_it_ends(rows):
        put("a", status="completed", metrics={"loss": MetricFacts(2, 1.0)}), put("b", status="completed")
        return {row.id: {"loss": MetricFacts(1, 0.5)} for row in rows}

    put("a", 0.5, "running"), put("b", 0.5, "running")
    core.known.look = look_while_it_ends
    asyncio.run(look_through(core, parse("loss<1", NOW)))
    assert (row_of(core, "a").metrics, row_of(core, "b").metrics) == ({"loss": MetricFacts(2, 1.0)}, {})
