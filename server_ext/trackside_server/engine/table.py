"""Table: the newest runs that fit a query, one row each, as columns."""

from __future__ import annotations

import asyncio

from trackside.errors import InvalidInput
from trackside.models import RunTable
from trackside_server.domain.table import columns_of
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.facts import look_through, with_metrics
from trackside_server.engine.runs import read_query
from trackside_server.store import RunsPage

__all__ = ["MOST", "table"]

MOST = 10_000
"""Rows of one table."""


async def table(core: Core, *, query: str | None, limit: int) -> RunTable:
    """Return at most ``limit`` runs as columns of equal length, newest first."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"limit: {limit} is out of range.", hint=f"Choose from 1 to {MOST}.")
    asked = read_query(query)
    await core.refresh_runs()
    await look_through(core, asked)
    page = await core.query(lambda reader: reader.runs_page(asked, limit=limit))
    return await asyncio.to_thread(_as_table, page)


def _as_table(page: RunsPage) -> RunTable:
    return RunTable(columns_of(with_metrics(page.runs), utc_now()), page.next is not None)
