"""Runs are found by their values, and stay found as these change."""

import sqlite3

import pytest

from trackside.models import MetricFacts
from trackside_server.domain.query import parse
from trackside_server.store import Store, migrate
from trackside_server.store.connect import WRITES, make_engine


@pytest.fixture
def put(store, new_run):
    def put_one(run_id, **fields):
        row = new_run(run_id, status=fields.pop("status", "completed"), **fields)
        store.write_now(lambda tx: tx.upsert_run(row))
        return row

    return put_one


@pytest.fixture
def found(ask, clock):
    return lambda query: "".join(row.id for row in ask(lambda reader: reader.runs_page(parse(query, clock.now))).runs)


@pytest.fixture
def three(put):
    put(
        "a",
        age=0,
        name="ResNet one",
        tags=("base", "x"),
        config={"lr": 0.1, "opt": {"name": "Adam"}},
        summary={"acc": 0.9},
    )
    put(
        "b",
        age=3600,
        name="resnet",
        status="failed",
        config={"lr": 0.001, "opt/name": "sgd"},
        metrics={"loss": MetricFacts(9, "NaN", 0.2, 4.0)},
    )
    put(
        "c",
        age=90_000,
        name="bert",
        tags=("basement",),
        config={"lr": "auto", "amp": True},
        metrics={"loss": MetricFacts(9, 0.5, 0.5, 1.0)},
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("config.lr<0.01", "b"), ("config.lr>=0.001", "ab"), ("config.lr=auto", "c"), ("config.lr!=0.1", "bc"),
        ("-config.lr=0.1", "bc"), ("-config.amp=true", "ab"), ("config.amp!=false", "c"), ("config.opt.name=ADAM", "a"),
        ("config.opt/name:d", "ab"), ("config.lr:0.1", "a"), ("summary.acc>0.5", "a"), ("loss=nan", "b"), ("loss<1", "c"),
        ("loss.min<0.3", "b"), ("loss.max>0 loss.min>0.3", "c"), ("-loss<1", "ab"), ("loss!=0.5", "b"), ("loss.max!=4", "c"),
        ("tag:base", "a"), ("tag:base*", "ac"), ("-tag:x", "bc"), ("tag:x tag:base", "a"), ("name:resnet", "b"),
        ("name:res*", "ab"), ("-name:res*", "c"), ("status:failed", "b"), ("-status:failed", "ac"),
        ("status:failed,completed", "abc"), ("status:failed -status:failed", ""), ("-status:failed,completed", ""),
        ("since:2h", "ab"), ("until:2h", "c"), ("since:2h until:30m", "b"), ("-since:2h", "c"), ("res -tag:base", "b"),
        ("resnet config.lr<1 status:completed tag:x since:1d", "a"), ("config.lr<1 bert", ""), ("-resnet", "c"), ("", "abc"),
        ("config.lr<1 config.lr>0.01", "a"), ("config.lr<1 loss.min<1", "b"), ("config.none=1", ""), ("'t o'", "a"),
    ],
)  # fmt: skip
def test_a_query_finds_the_runs_of_which_every_word_is_true(three, found, query, ids):
    assert found(query) == ids


def test_a_query_is_paged_and_no_page_repeats_or_leaves_out(put, ask, clock):
    for number in range(130):
        put(f"r{number:03}", age=number // 4, config={"k": number % 2, "n": number}, tags=("t",) if number % 3 else ())
    wanted = parse("config.k=1 tag:t config.n>=0 r", clock.now)
    seen, cursor = [], None
    while True:
        page = ask(lambda reader, cursor=cursor: reader.runs_page(wanted, limit=7, cursor=cursor))
        seen += [row.id for row in page.runs]
        cursor = page.next
        if cursor is None:
            break
    whole = [row.id for row in ask(lambda reader: reader.runs_page(limit=500)).runs]
    assert seen == [run_id for run_id in whole if int(run_id[1:]) % 2 and int(run_id[1:]) % 3]


def values(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT key, run_id, number, text, low FROM run_values ORDER BY 1, 2").fetchall()


def test_what_changes_is_found_as_it_is_and_what_is_deleted_no_more(put, found, store, path):
    put("a", config={"lr": 1, "old": 2}, summary={"acc": 0.1})
    put("a", age=5, config={"lr": 2}, summary={"acc": 0.1}, tags=("t",), name="new")
    assert (found("config.lr=1"), found("config.lr=2 tag:t name:new"), found("config.old=2")) == ("", "a", "")
    assert values(path) == [("config.lr", "a", 2.0, None, None), ("summary.acc", "a", 0.1, None, None)]
    store.write_now(lambda tx: tx.delete_run("a"))
    assert (found("config.lr=2"), values(path)) == ("", [])


def test_the_run_of_a_job_goes_with_its_values(store, insert, new_run, path):
    insert(tags=("t",))
    store.write_now(
        lambda tx: tx.insert_runs([new_run("job-1", job_id="job-1", config={"lr": float("inf")}, tags=("t",))])
    )
    assert values(path) == [("config.lr", "job-1", float("inf"), None, None)]
    store.write_now(lambda tx: tx.delete_job(1))
    assert values(path) == []


def test_an_ended_run_keeps_its_metrics_when_its_folder_is_read_again_and_a_retried_one_does_not(put, found, ask):
    put("a", metrics={"loss": MetricFacts(1, 0.5, 0.5, 0.5)})
    put("a", name="renamed")
    assert (found("loss=0.5"), ask(lambda reader: reader.run("a")).metrics["loss"].last) == ("a", 0.5)
    put("a", status="running")
    assert (found("loss=0.5"), ask(lambda reader: reader.run("a")).metrics) == ("", {})


def test_a_run_without_settings_and_tags_costs_one_statement(store, new_run):
    said = []

    def insert(tx):
        tx._connection.connection.driver_connection.set_trace_callback(said.append)
        tx.insert_runs([new_run("job-1", job_id="job-1", status="pending")])
        tx._connection.connection.driver_connection.set_trace_callback(None)

    store.write_now(insert)
    assert [text.split()[:3] for text in said] == [["INSERT", "INTO", "runs"]]


def test_runs_of_an_older_store_are_found_after_its_migration(tmp_path, new_run, clock):
    path = tmp_path / "old.db"
    engine = make_engine(path)
    with engine.connect() as connection:
        migrate.upgrade(connection.execution_options(**{WRITES: True}), "0002")
    engine.dispose()
    with sqlite3.connect(path) as old:
        facts = '{"id":"%s","uuid":"u","name":"Old","status":"completed","run_dir":"/r","created_at":"2026-11-22T09:30:00Z","tags":["t"],"config":{"lr":0.1}}'
        old.executemany(
            "INSERT INTO runs VALUES (?, 'Old', 'completed', 1795339800000000, ?)", [(i, facts % i) for i in ("a", "b")]
        )
        old.execute("INSERT INTO run_tags VALUES ('t', 'a')")
    store = Store.open(path, home_id="h")
    with store.read() as reader:
        assert [row.id for row in reader.runs_page(parse("old config.lr=0.1 tag:t", clock.now)).runs] == ["a"]
        assert [row.id for row in reader.runs_page(parse("config.lr=0.1", clock.now)).runs] == ["b", "a"]
    store.write_now(lambda tx: tx.delete_run("a"))
    store.close()
