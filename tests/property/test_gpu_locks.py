"""Whatever is taken and released in whatever order: no GPU is given out twice, and nothing stays behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside_server.isolation import gpu_locks
from trackside_server.isolation.gpu_locks import SLOTS, Held, Lease

GPUS = ("GPU-a", "GPU-b", "MIG-c")
wholes = st.tuples(st.sets(st.sampled_from(GPUS), min_size=1), st.just(SLOTS))
shares = st.tuples(st.sampled_from(GPUS).map(lambda gpu: {gpu}), st.integers(1, SLOTS - 1))
steps = st.lists(st.one_of(wholes, shares, st.integers(0, 20)), max_size=25)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@settings(max_examples=60, deadline=None)
@given(steps)
def test_no_gpu_is_given_out_twice_and_none_is_kept_from_who_could_have_it(steps):
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"TRACKSIDE_LOCKS": folder}):
        opened = descriptors()
        taken: list[tuple[Lease, set[str], int, dict[str, object]]] = []
        for number, step in enumerate(steps):
            if isinstance(step, int):
                if taken:
                    lease, _, _, runner = taken.pop(step % len(taken))
                    gpu_locks.remove_note(runner)
                    lease.release()
                continue
            uuids, eighths = step
            runner = {"pid": os.getpid(), "start_time": number}
            found = gpu_locks.take(uuids, {"job": f"job-{number}"}, runner, share=eighths / SLOTS)
            used = {uuid: sum(each for _, theirs, each, _ in taken if uuid in theirs) for uuid in uuids}
            fits = all(used[uuid] + eighths <= SLOTS for uuid in uuids)
            assert isinstance(found, Lease) == fits, (step, used, found)
            if isinstance(found, Held):
                assert used[found.uuid] + eighths > SLOTS
                assert sum(round(note.share * SLOTS) for note in found.notes) == used[found.uuid]
            else:
                taken.append((found, set(uuids), eighths, runner))
            assert len(gpu_locks.living_notes()) == len(taken)
        for lease, _, _, _ in taken:
            lease.release()
        assert gpu_locks.living_notes() == []
        assert not list(Path(folder).glob("note-*"))
        assert descriptors() == opened
