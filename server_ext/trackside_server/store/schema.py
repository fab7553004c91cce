"""The tables. A column is what is searched or sorted by; the record itself is one JSON text beside it.

A record therefore gains a field (with a default) without a migration; a migration is needed only for what is searched.
``REVISIONS`` lists the migrations, oldest first; a test holds it against the scripts, and the tables here against what
the scripts build.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "REVISIONS",
    "alembic_version",
    "counters",
    "events",
    "job_counts",
    "job_secrets",
    "job_specs",
    "job_tags",
    "jobs",
    "metadata",
    "run_tags",
    "run_values",
    "runs",
    "settings",
    "submissions",
]

REVISIONS = ("0001", "0002", "0003")

metadata = MetaData()

alembic_version = Table(
    "alembic_version",
    MetaData(),  # Alembic's own table: not among those that it compares
    Column("version_num", String(32), primary_key=True, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="The last number given away; numbers never come back.",
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("uuid", String, nullable=False, unique=True),
    Column("name", String),
    Column("status", String, nullable=False),
    Column("facts", Text, nullable=False, comment="the JobRecord without its spec"),
    Index("jobs_by_status", "status", "seq"),
    Index("jobs_by_name", "name", "seq"),
)

job_specs = Table(
    "job_specs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("spec", Text, nullable=False),
    comment="Written anew only by a retry that changes it. It outlives its job as long as events speak of the job.",
)

job_tags = Table(
    "job_tags",
    metadata,
    Column("tag", String, primary_key=True),
    Column("seq", Integer, ForeignKey("jobs.seq", ondelete="CASCADE"), primary_key=True),
    Index("job_tags_by_job", "seq"),
    sqlite_with_rowid=False,
)

job_counts = Table(
    "job_counts",
    metadata,
    Column("status", String, primary_key=True),
    Column("count", Integer, nullable=False),
)

job_secrets = Table(
    "job_secrets",
    metadata,
    Column("seq", Integer, ForeignKey("jobs.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("key", String, primary_key=True),
    Column("jobs", Text, nullable=False, comment="JSON list of job ids"),
    Column("at", BigInteger, nullable=False),
    Index("submissions_by_time", "at"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("seq", Integer, comment="number of the job, if it is about one"),
    Column("payload", Text, nullable=False),
    Index("events_by_job", "seq"),
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What holds for the whole home, such as a pause of its queue; JSON texts.",
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("facts", Text, nullable=False, comment="the RunRow"),
    Column("words", Text, nullable=False, server_default="", comment="what free words of a query are looked for in"),
    Index("runs_by_time", "created_at", "id", "name", "words"),
    Index("runs_by_status", "status", "created_at", "id"),
    Index("runs_by_name", "name"),
)

run_values = Table(
    "run_values",
    metadata,
    Column("key", String, primary_key=True),
    Column(
        "created_at",
        BigInteger,
        primary_key=True,
        comment="that of the run: the values of a key lie in the order of the list",
    ),
    Column("run_id", String, primary_key=True),
    Column("number", Float),
    Column("text", Text),
    Column("low", Float),
    Column("high", Float),
    comment="Settings, summary and metrics of runs, as they are searched for; derived from the RunRow.",
    sqlite_with_rowid=False,
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("tag", String, primary_key=True),
    Column(
        "created_at",
        BigInteger,
        primary_key=True,
        comment="that of the run: the runs of a tag lie in the order of the list",
    ),
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Index("run_tags_by_run", "run_id"),
    sqlite_with_rowid=False,
)
