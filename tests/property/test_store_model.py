"""Whatever is done to a store, in whatever order, it agrees with a plain dictionary."""

import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from trackside.models import FINAL, STATUSES, JobChanged, JobDeleted, JobSpec
from trackside_server.domain.record import JobRecord
from trackside_server.store import Store

NAMES = st.sampled_from([None, "a", "b", "a b"])
TAGS = st.lists(st.sampled_from(["t1", "t2", "t3"]), unique=True).map(tuple)


class StoreMachine(RuleBasedStateMachine):
    """Jobs are inserted, changed, deleted and refused, over restarts; ``model`` is what must be there."""

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.open(Path(self.folder.name) / "trackside.db", home_id="h")
        self.model = {}
        self.given = set()
        self.told = []

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    @rule(name=NAMES, tags=TAGS, status=st.sampled_from(STATUSES), reserve=st.booleans())
    def insert(self, name, tags, status, reserve):
        seq = self.store.write_now(lambda tx: tx.reserve_job_ids(2))[1] if reserve else 0
        record = JobRecord(
            seq=seq, uuid=uuid.uuid4().hex, name=name, tags=tags, status=status, created_at=datetime.now(UTC),
            run_dir="/r", spec=JobSpec(command="true"),
        )  # fmt: skip
        kept = self.store.write_now(lambda tx: tx.insert_job(record))
        assert kept.seq not in self.given, "an id came back"
        assert kept.seq > max(self.given, default=0), "ids do not rise"
        self.given.add(kept.seq)
        self.model[kept.seq] = kept
        self.told.append((kept.id, kept.status))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), status=st.sampled_from(STATUSES), name=NAMES, tags=TAGS)
    def update(self, data, status, name, tags):
        seq = data.draw(st.sampled_from(sorted(self.model)))
        after = self.store.write_now(lambda tx: tx.update_job(seq, status=status, name=name, tags=tags))
        if after != self.model[seq]:
            self.told.append((after.id, after.status))
        self.model[seq] = after

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data):
        seq = data.draw(st.sampled_from(sorted(self.model)))
        self.store.write_now(lambda tx: tx.delete_job(seq))
        self.told.append((self.model.pop(seq).id, None))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def fail(self, data):
        seq = data.draw(st.sampled_from(sorted(self.model)))

        def change_then_raise(tx):
            tx.update_job(seq, status="failed", exit_code=9)
            tx.delete_job(seq)
            raise KeyError("stop")

        future = self.store.submit(change_then_raise)
        assert isinstance(future.exception(20), KeyError)

    @rule()
    def restart(self):
        self.store.close()
        self.store = Store.open(self.store.path, home_id="h")

    @invariant()
    def agrees(self):
        with self.store.read() as reader:
            newest = [self.model[seq] for seq in sorted(self.model, reverse=True)]
            assert self._all_pages(reader) == newest
            assert reader.counts() == {s: sum(job.status == s for job in newest) for s in STATUSES}
            assert reader.active_jobs() == [job for job in reversed(newest) if job.status not in FINAL]
            for tag in ("t1", "t2", "t3"):
                assert self._all_pages(reader, tag=tag) == [job for job in newest if tag in job.tags]
            assert reader.resolve("a") == [job for job in newest if job.name == "a"]
            events = reader.events_since(0, limit=10_000)
        assert [event.id for event in events] == list(range(1, len(self.told) + 1))
        assert [_told(event) for event in events] == self.told

    def _all_pages(self, reader, **filters):
        found, cursor = [], None
        while True:
            page = reader.jobs_page(limit=3, cursor=cursor, **filters)
            found += page.jobs
            cursor = page.next
            if cursor is None:
                return found


def _told(event):
    assert isinstance(event, JobChanged | JobDeleted)
    return (event.job.id, event.job.status) if isinstance(event, JobChanged) else (event.job_id, None)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
