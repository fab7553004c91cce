"""A store is made, recognised, brought up to date or refused."""

import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from trackside.errors import Conflict, InvalidInput, TryAgain
from trackside_server.store import Store, migrate
from trackside_server.store.connect import WRITES, make_engine
from trackside_server.store.schema import REVISIONS, metadata

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture
def fresh(tmp_path):
    return tmp_path / "home" / "trackside.db"


def shape(path):
    """The tables and indexes of a store, in a form that does not depend on how they were written down."""
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    tables = [name for kind, name in names if kind == "table"]
    columns = {name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in tables}
    keys = {name: connection.execute(f"PRAGMA foreign_key_list({name})").fetchall() for name in tables}
    options = {row[1]: row[3:] for row in connection.execute("PRAGMA table_list") if row[1] in tables}
    rows = {name: sorted(connection.execute(f"SELECT * FROM {name}")) for name in tables}
    automatic = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'").fetchall()
    connection.close()
    return sorted(names), columns, keys, options, rows, automatic


def upgraded(path):
    """A store made by the migrations alone."""
    path.parent.mkdir(exist_ok=True)
    engine = make_engine(path)
    with engine.connect() as connection:
        migrate.upgrade(connection.execution_options(**{WRITES: True}))
        changes = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return changes


def test_a_new_store_is_its_owners_alone(fresh):
    fresh.parent.mkdir()
    Store.open(fresh, home_id="h").close()
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600


def test_a_store_that_others_could_read_is_closed_to_them(open_store, path):
    path.chmod(0o644)
    open_store()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_in_no_folder_is_refused_and_nothing_is_made(fresh):
    with pytest.raises(InvalidInput, match="TRACKSIDE_HOME") as caught:
        Store.open(fresh, home_id="h")
    assert str(fresh) in str(caught.value)
    assert not fresh.parent.exists()


def test_what_is_built_at_once_is_what_the_migrations_build(fresh, tmp_path):
    fresh.parent.mkdir()
    assert upgraded(fresh) == []
    built = tmp_path / "built.db"
    Store.open(built, home_id="h").close()
    assert shape(fresh) == shape(built)


def test_every_migration_is_listed_in_order():
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == REVISIONS


def test_a_store_made_by_the_migrations_works(fresh, new_job):
    fresh.parent.mkdir()
    upgraded(fresh)
    store = Store.open(fresh, home_id="h")
    assert store.write_now(lambda tx: tx.insert_job(new_job())).id == "job-1"
    store.close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(fresh, monkeypatch):
    fresh.parent.mkdir()
    monkeypatch.setattr("alembic.op.bulk_insert", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upgraded(fresh)
    assert shape(fresh)[0] == []


def test_a_newer_store_is_refused_in_a_sentence(open_store, path):
    set_revision(path, "9999")
    with pytest.raises(Conflict, match=r"newer Trackside.*9999.*Update trackside") as caught:
        open_store()
    assert caught.value.code == "store_newer"


def test_a_store_that_becomes_newer_is_not_written_any_more(store, insert, path):
    insert()
    set_revision(path, "9999")
    with pytest.raises(Conflict, match="newer Trackside"):
        insert()


def test_an_older_store_waits_for_whoever_may_migrate_it(open_store, path, monkeypatch):
    monkeypatch.setattr(migrate, "REVISIONS", (*REVISIONS, "future"))
    monkeypatch.setattr(migrate, "CURRENT", "future")
    with pytest.raises(TryAgain, match="older version"):
        open_store(migrate=False)
    asked = []
    monkeypatch.setattr(migrate, "upgrade", asked.append)
    open_store()
    assert len(asked) == 1


def test_an_older_store_is_refused_only_until_it_is_migrated(open_store, path, monkeypatch):
    set_revision(path, "0000")
    monkeypatch.setattr(migrate, "REVISIONS", ("0000", *REVISIONS))
    with pytest.raises(TryAgain):
        open_store(migrate=False)
    monkeypatch.setattr(migrate, "upgrade", lambda connection: set_revision(path, REVISIONS[-1]))
    open_store()
    open_store(migrate=False)


def test_another_program_s_database_is_refused_and_left_alone(fresh):
    fresh.parent.mkdir()
    connection = sqlite3.connect(fresh)
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    before = fresh.read_bytes()
    with pytest.raises(InvalidInput, match="no Trackside store"):
        Store.open(fresh, home_id="h")
    assert fresh.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize("content", [b"this is no database at all, whatever its name says" * 40, b"SQLite format 3\0"])
def test_a_damaged_store_is_refused_and_left_alone(fresh, content):
    fresh.parent.mkdir()
    fresh.write_bytes(content)
    with pytest.raises(InvalidInput, match="reindex") as caught:
        Store.open(fresh, home_id="h")
    assert str(fresh) in str(caught.value)
    assert fresh.read_bytes() == content


def test_a_store_damaged_inside_says_so_when_it_is_read(store, insert, open_store, path):
    for number in range(50):
        insert(f"job number {number}")
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    with pytest.raises(InvalidInput, match="damaged"), open_store().read() as reader:
        reader.active_jobs()


def test_a_store_that_is_damaged_while_it_is_open_says_so_whoever_asks(store, insert, path):
    insert()
    store._watch.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.write(b"\0" * 4096)
    for ask in (store.last_event_id, lambda: store.write_now(lambda tx: tx.reserve_job_ids())):
        with pytest.raises(InvalidInput, match="damaged"):
            ask()


def test_local_disks_get_a_write_ahead_log_and_shared_ones_a_journal(path, open_store, insert, store, monkeypatch):
    assert journal_mode(path) == "wal"
    insert("kept")
    store.close()
    monkeypatch.setattr("trackside_server.store.connect.on_shared_file_system", lambda path: True)
    moved = open_store()
    assert journal_mode(path) == "delete"
    with moved.read() as reader:
        assert reader.job(1).name == "kept"


def test_a_store_whose_journal_cannot_be_changed_now_is_not_opened(path, open_store, store, insert, monkeypatch):
    insert()
    monkeypatch.setattr("trackside_server.store.connect.on_shared_file_system", lambda path: True)
    monkeypatch.setattr("trackside_server.store.connect.BUSY_SECONDS", 0.01)
    with store.read(), pytest.raises(TryAgain, match="another process"):
        open_store()


def test_the_disk_is_waited_for_unless_one_says_otherwise(store, new_job):
    def synchronous(tx):
        return tx._connection.exec_driver_sql("PRAGMA synchronous").scalar()

    assert store.write_now(synchronous) == 2
    assert store.write_now(synchronous, durable=False) == 1
    assert store.write_now(synchronous) == 2


def test_a_store_of_the_first_release_is_read_for_ever(fresh):
    fresh.parent.mkdir()
    connection = sqlite3.connect(fresh)
    connection.executescript((DATA / "store_0001.sql").read_text())
    connection.close()
    store = Store.open(fresh, home_id="h")
    with store.read() as reader:
        assert [(job.id, job.name, job.status) for job in reader.active_jobs()] == [("job-2", "second", "running")]
        assert reader.job(1).reason.code == "exit_code"
        assert reader.resolve("second")[0].limits[0].by == "cgroup"
        assert reader.jobs_page(tag="vision").counts["failed"] == 1
        assert [event.id for event in reader.events_since(0)] == [1, 2, 3, 4, 5]
        assert reader.run("local-20261122-093000-k3f9x2").summary == {"loss": "NaN"}
    assert store.write_now(lambda tx: tx.reserve_job_ids()) == [4]
    store.close()


def set_revision(path, revision):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.execute("CREATE TABLE IF NOT EXISTS of_the_future (x)")
    connection.commit()
    connection.close()


def journal_mode(path):
    connection = sqlite3.connect(path)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    return mode
