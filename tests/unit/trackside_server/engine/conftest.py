"""What the engine's tests share: jobs as values."""

from datetime import UTC, datetime

import pytest

from trackside.models import JobSpec
from trackside_server.domain.record import JobRecord

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def job():
    """Make a job by its number."""

    def make(seq, status="pending", *, cpus=1.0, **more):
        spec = JobSpec(command="true", cpus=cpus, workdir="/tmp")
        fields = {"uuid": f"u{seq}", "created_at": NOW, "run_dir": f"/home/runs/job-{seq}", **more}
        return JobRecord(seq=seq, status=status, spec=spec, **fields)

    return make
