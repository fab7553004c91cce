"""Brings a store's tables to the version of this program; Alembic is loaded only when there is a step to take."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select

from trackside.errors import Conflict, InvalidInput, TryAgain
from trackside.models import STATUSES
from trackside_server.store.connect import WRITES, has_safe_journal, set_cascades, set_safe_journal
from trackside_server.store.locks import only_one
from trackside_server.store.schema import REVISIONS, alembic_version, counters, job_counts, metadata
from trackside_server.store.values import derive_all

__all__ = ["CURRENT", "build", "prepare", "refuse_newer", "stored_revision", "upgrade"]

CURRENT = REVISIONS[-1]
SCRIPTS = Path(__file__).parent / "migrations"


def prepare(engine: Engine, path: Path, *, migrate: bool) -> None:
    """Build an empty store, bring an old one up to date (if ``migrate``), refuse a newer one."""
    with engine.connect() as connection:
        if not _is_ready(connection, path):
            with only_one(path.parent):
                _make_ready(connection.execution_options(**{WRITES: True}), path, migrate)


def _is_ready(connection: Connection, path: Path) -> bool:
    with connection.begin():
        revision = stored_revision(connection, path)
    refuse_newer(revision, path)
    return revision == CURRENT and has_safe_journal(connection, path)


def _make_ready(connection: Connection, path: Path, migrate: bool) -> None:
    if _is_ready(connection, path):
        return
    set_safe_journal(connection, path)
    with connection.begin():
        revision = stored_revision(connection, path)
    if revision is None:
        build(connection)
    elif revision == CURRENT:
        return
    elif migrate:
        upgrade(connection)
    else:
        raise TryAgain(
            f"The store {path} is of an older version.",
            hint="It is brought up to date as soon as the other Trackside server of this home has ended.",
            code="store_old",
        )


def stored_revision(connection: Connection, path: Path) -> str | None:
    """Return the revision that a store is of; None when it is empty."""
    names = inspect(connection).get_table_names()
    if not names:
        return None
    if alembic_version.name not in names:
        raise InvalidInput(
            f"{path} is a database, but no Trackside store.",
            hint="Move it away, or set TRACKSIDE_HOME to another folder.",
            code="store_damaged",
        )
    return connection.execute(select(alembic_version.c.version_num)).scalar()


def refuse_newer(revision: str | None, path: Path) -> None:
    """Raise ``Conflict`` when this program does not know the store's revision."""
    if revision is not None and revision not in REVISIONS:
        raise Conflict(
            f"The store {path} was made by a newer Trackside (its version is {revision}, this one knows {CURRENT}).",
            hint="Update trackside, or set TRACKSIDE_HOME to another folder.",
            code="store_newer",
        )


def build(connection: Connection) -> None:
    """Make all tables of the newest revision in an empty store, in one transaction."""
    with connection.begin():
        metadata.create_all(connection)
        alembic_version.create(connection)
        connection.execute(insert(alembic_version).values(version_num=CURRENT))
        connection.execute(insert(counters).values(name="job", value=0))
        connection.execute(insert(job_counts), [{"status": status, "count": 0} for status in STATUSES])


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations that a store lacks, all in one transaction, then derive anew what is derived."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    set_cascades(connection, False)  # a table that is rebuilt must not take its children along
    try:
        with connection.begin():
            command.upgrade(config, to)
            if to == "head":
                derive_all(connection)
    finally:
        set_cascades(connection, True)
