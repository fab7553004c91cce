"""The store: what a home remembers, in ``<home>/trackside.db``. The only user of SQLAlchemy and Alembic.

::

    store = Store.open(home / "trackside.db", home_id=home_id, describe=describe)
    [seq] = await store.reserve_job_ids()                        # then make the run folder
    job = await store.write(lambda tx: tx.insert_job(record, secrets=vault.seal(environment, secrets)))
    job = await store.write(lambda tx: tx.update_job(job.id, status="running", started_at=now))
    sealed = await store.write(lambda tx: tx.take_secrets(job.id))           # erased once taken
    page = await store.query(lambda reader: reader.jobs_page(status=["running"], limit=50))
    with store.read() as reader:                                             # the same, in this thread
        events = reader.events_since(last_seen, limit=500)
    remove = store.on_commit(lambda last_event_id: loop.call_soon_threadsafe(wake))
    store.last_event_id()             # microseconds; also notices commits of other processes

``Reader``: ``job`` ``resolve`` ``job_names`` ``jobs_page`` ``counts`` ``active_jobs`` ``sealed`` ``find_submission`` ·
``events_since`` ``last_event_id`` ``first_event_id`` · ``run`` ``resolve_run`` ``runs_page`` ``count_runs`` ``unfinished_runs``
``run_names`` · ``setting``.
``Tx`` is a ``Reader`` that also has: ``reserve_job_ids`` ``raise_job_ids`` ``insert_job`` ``update_job`` ``delete_job`` ·
``keep_secrets`` ``take_secrets`` · ``remember_submission`` · ``upsert_run`` ``keep_metrics`` ``delete_run`` · ``keep_setting`` · ``add_event``.
Every change of a job appends its event. All writes that wait at once share one commit.
"""

from trackside_server.store.filesystem import on_shared_file_system
from trackside_server.store.reader import JobsPage, Reader, RunsPage
from trackside_server.store.rebuild import is_whole, put_in_place, salvaged_counter
from trackside_server.store.store import Store
from trackside_server.store.tx import Tx
from trackside_server.store.vault import Vault

__all__ = [
    "JobsPage",
    "Reader",
    "RunsPage",
    "Store",
    "Tx",
    "Vault",
    "is_whole",
    "on_shared_file_system",
    "put_in_place",
    "salvaged_counter",
]
