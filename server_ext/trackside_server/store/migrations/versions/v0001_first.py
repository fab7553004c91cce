"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_STATUSES = ("scheduled", "pending", "running", "completed", "failed", "cancelled")


def upgrade() -> None:
    """Make the tables of the first release in an empty store."""
    _jobs()
    _events()
    _runs()
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(counters, [{"name": "job", "value": 0}])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("uuid", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
    )
    op.create_index("jobs_by_name", "jobs", ["name", "seq"])
    op.create_index("jobs_by_status", "jobs", ["status", "seq"])
    op.create_table(
        "job_specs",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("spec", sa.Text(), nullable=False),
    )
    op.create_table(
        "job_tags",
        sa.Column("tag", sa.String(), primary_key=True),
        sa.Column("seq", sa.Integer(), sa.ForeignKey("jobs.seq", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("job_tags_by_job", "job_tags", ["seq"])
    counts = op.create_table(
        "job_counts",
        sa.Column("status", sa.String(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.bulk_insert(counts, [{"status": status, "count": 0} for status in _STATUSES])
    op.create_table(
        "job_secrets",
        sa.Column(
            "seq",
            sa.Integer(),
            sa.ForeignKey("jobs.seq", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer()),
        sa.Column("payload", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_job", "events", ["seq"])
    op.create_table(
        "submissions",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("jobs", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("submissions_by_time", "submissions", ["at"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
    )
    op.create_index("runs_by_name", "runs", ["name"])
    op.create_index("runs_by_status", "runs", ["status", "created_at", "id"])
    op.create_index("runs_by_time", "runs", ["created_at", "id"])
    op.create_table(
        "run_tags",
        sa.Column("tag", sa.String(), primary_key=True),
        sa.Column("run_id", sa.String(), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("run_tags_by_run", "run_tags", ["run_id"])
