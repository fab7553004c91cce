"""What runs are searched for by: their words, and their settings, summary and metrics by key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make room for words and values; they are filled in after the last migration, for they are derived."""
    op.add_column("runs", sa.Column("words", sa.Text(), nullable=False, server_default=""))
    op.drop_index("runs_by_time", "runs")
    op.create_index("runs_by_time", "runs", ["created_at", "id", "name", "words"])
    op.create_table(
        "run_values",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("created_at", sa.BigInteger(), primary_key=True),
        sa.Column("run_id", sa.String(), primary_key=True),
        sa.Column("number", sa.Float()),
        sa.Column("text", sa.Text()),
        sa.Column("low", sa.Float()),
        sa.Column("high", sa.Float()),
        sqlite_with_rowid=False,
    )
    _tags_in_order()


def _tags_in_order() -> None:
    op.drop_index("run_tags_by_run", "run_tags")
    op.rename_table("run_tags", "run_tags_before")
    op.create_table(
        "run_tags",
        sa.Column("tag", sa.String(), primary_key=True),
        sa.Column("created_at", sa.BigInteger(), primary_key=True),
        sa.Column("run_id", sa.String(), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("run_tags_by_run", "run_tags", ["run_id"])
    op.execute(
        "INSERT INTO run_tags (tag, created_at, run_id) SELECT tag, created_at, run_id"
        " FROM run_tags_before JOIN runs ON runs.id = run_tags_before.run_id"
    )
    op.drop_table("run_tags_before")
