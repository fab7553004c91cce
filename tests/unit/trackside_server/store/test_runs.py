"""The index of run folders."""

from trackside.models import RunChanged
from trackside_server.domain.query import parse


def test_a_run_comes_back_as_it_was_put_in(store, new_run, ask, clock):
    row = new_run(
        "local-1", name="base", status="completed", tags=("a",), finished_at=clock.now, duration_seconds=2.5,
        summary={"loss": 0.5}, config={"lr": [1, {"x": None}]}, meta_mtime_ns=2**60,
    )  # fmt: skip
    assert store.write_now(lambda tx: tx.upsert_run(row))
    assert ask(lambda reader: reader.run("local-1")) == row


def test_a_row_that_brings_nothing_new_changes_nothing(store, new_run, ask):
    row = new_run("local-1", summary={"loss": float("nan")})
    assert store.write_now(lambda tx: tx.upsert_run(row))
    assert not store.write_now(lambda tx: tx.upsert_run(row))
    assert ask(lambda reader: reader.last_event_id()) == 1
    assert ask(lambda reader: reader.run("local-1")).summary == {"loss": "NaN"}


def test_only_a_run_without_a_job_leaves_events(store, new_run, ask, clock):
    store.write_now(lambda tx: tx.upsert_run(new_run("job-1", job_id="job-1")))
    store.write_now(lambda tx: tx.upsert_run(new_run("local-1")))
    store.write_now(lambda tx: tx.upsert_run(new_run("local-1", status="failed")))
    store.write_now(lambda tx: (tx.delete_run("job-1"), tx.delete_run("local-1"), tx.delete_run("local-1")))
    assert ask(lambda reader: reader.events_since(0)) == [RunChanged(n, clock.now, "local-1") for n in (1, 2, 3)]
    assert ask(lambda reader: reader.run("local-1")) is None


def test_runs_are_found_by_id_by_number_of_their_job_and_by_exact_name(store, new_run, ask):
    for row in (new_run("job-7", name="twin", age=1), new_run("local-1", name="twin"), new_run("local-2", name="Twin")):
        store.write_now(lambda tx, row=row: tx.upsert_run(row))

    def found(text):
        return [row.id for row in ask(lambda reader: reader.resolve_run(text))]

    assert (found("job-7"), found("7"), found(7), found("local-1")) == (["job-7"], ["job-7"], ["job-7"], ["local-1"])
    assert (found("twin"), found("job-8"), found("nobody")) == (["local-1", "job-7"], [], [])


def test_pages_hold_every_run_once_newest_first_also_those_of_one_moment(store, new_run, ask):
    for number in range(6):
        store.write_now(lambda tx, number=number: tx.upsert_run(new_run(f"r{number}", age=number // 2)))
    cursor, seen = None, []
    while True:
        page = ask(lambda reader, cursor=cursor: reader.runs_page(limit=1, cursor=cursor))
        seen += [row.id for row in page.runs]
        cursor = page.next
        if cursor is None:
            break
        late = new_run(f"late-{len(seen)}", age=-len(seen))
        store.write_now(lambda tx, late=late: tx.upsert_run(late))
    assert seen == ["r1", "r0", "r3", "r2", "r5", "r4"]


def test_runs_are_counted_and_passed_over_as_a_query_finds_them(store, new_run, ask, clock):
    for number in range(7):
        row = new_run(f"r{number}", age=number, tags=("odd",) if number % 2 else (), name=f"net {number}")
        store.write_now(lambda tx, row=row: tx.upsert_run(row))

    def look(query, **page):
        asked = parse(query, clock.now)
        found = ask(lambda reader: reader.runs_page(asked, **page))
        return [row.id for row in found.runs], ask(lambda reader: reader.count_runs(asked))

    assert look("", offset=2, limit=2) == (["r2", "r3"], 7)
    assert look("tag:odd", offset=1, limit=5) == (["r3", "r5"], 3)
    assert look("tag:odd net -tag:even", offset=2, limit=5) == (["r5"], 3)
    assert look("nowhere", offset=0) == ([], 0)
    assert look("", offset=9) == ([], 7)


def test_runs_are_filtered_by_status_tag_and_every_word_of_the_query(store, new_run, ask, clock):
    for row in (
        new_run("a", name="ResNet 50", tags=("vision",), status="completed", age=1),
        new_run("b", name="resnet 101", tags=("vision", "big"), status="failed", age=2),
        new_run("c", name="bert_large", tags=("text",), status="completed", age=3),
    ):
        store.write_now(lambda tx, row=row: tx.upsert_run(row))

    def found(query):
        return [row.id for row in ask(lambda reader: reader.runs_page(parse(query, clock.now))).runs]

    assert found("resnet") == ["a", "b"]
    assert found("resnet big") == ["b"]
    assert found("_l") == ["c"]
    assert found("%") == []
    assert found("tag:vision status:completed") == ["a"]
    assert found("status:failed,completed") == ["a", "b", "c"]
    assert found("tag:visio") == []


def test_a_retagged_run_is_found_by_the_new_tags_only(store, new_run, ask, clock):
    store.write_now(lambda tx: tx.upsert_run(new_run("a", tags=("old",))))
    store.write_now(lambda tx: tx.upsert_run(new_run("a", tags=("new",))))
    assert ask(lambda reader: reader.runs_page(parse("tag:old", clock.now)).runs) == []
    assert [row.id for row in ask(lambda reader: reader.runs_page(parse("tag:new", clock.now))).runs] == ["a"]
    assert [row.id for row in ask(lambda reader: reader.runs_page(parse("new", clock.now))).runs] == ["a"]


def test_unfinished_runs_are_those_without_a_final_status(store, new_run, ask):
    for number, status in enumerate(("running", "completed", "pending", "failed")):
        store.write_now(
            lambda tx, number=number, status=status: tx.upsert_run(new_run(f"r{number}", status=status, age=number))
        )
    assert [row.id for row in ask(lambda reader: reader.unfinished_runs())] == ["r0", "r2"]
    assert ask(lambda reader: reader.run_names()) == ["r0", "r1", "r2", "r3"]


def test_a_text_that_is_none_does_not_keep_a_run_out_of_the_index(store, new_run, ask, clock):
    store.write_now(lambda tx: tx.upsert_run(new_run("local-1", name="caf\udce9", tags=("\udcff",))))
    assert ask(lambda reader: reader.run("local-1")).name == "caf?"
    assert [row.id for row in ask(lambda reader: reader.runs_page(parse("tag:?", clock.now))).runs] == ["local-1"]
