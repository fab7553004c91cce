"""Coming from the SDK of Joblet: jobs, uploads, logs, monitoring, errors. Networks, volumes and runtimes are refused by name."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import trackside
from tests.serving import LiveServer, until
from trackside.client import Client
from trackside.errors import (
    InvalidInput,
    NotAllowed,
    NotFound,
    ServerUnreachable,
    TracksideError,
    WaitTimeout,
)
from trackside.models import STATUSES


@pytest.fixture
def client(live: LiveServer) -> Iterator[Client]:
    """``JobletClient(host=…, port=…, …)``; with certificates in ``test_client.py``."""
    with Client(live.url, token=live.token) as client:
        yield client


def test_connecting_asking_for_health_and_closing(live: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSIDE_URL", live.url)  # recommended, as there
    monkeypatch.setenv("TRACKSIDE_TOKEN", live.token)
    client = Client()
    assert client.health()
    client.close()
    with Client() as client:
        assert client.health()


def test_a_simple_job(client: Client) -> None:
    job = trackside.submit(["echo", "Hello, World!"], name="my-first-job", client=client)
    assert job.uuid
    assert job.wait(60).exit_code == 0
    assert job.logs() == "Hello, World!\n"


def test_a_job_with_limits_variables_and_secrets(client: Client, tmp_path: Path) -> None:
    (tmp_path / "process_data.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.environ['LOG_LEVEL'], os.environ['API_KEY'])"
    )
    job = trackside.submit(
        ["python3", "process_data.py", "--batch-size", "1000"],
        name="data-processing",
        memory="2G",  # max_memory=2048
        cpus=0.8,  # max_cpu=80
        cores="0-1",  # cpu_cores="0-1"
        max_iops=5000,  # max_iobps
        env={"LOG_LEVEL": "INFO"},
        secrets={"API_KEY": "super-secret"},
        workdir=tmp_path,
        client=client,
    )
    assert job.wait(60).status == "completed"
    said = job.logs()
    assert "['--batch-size', '1000'] INFO" in said
    assert "super-secret" not in said
    assert "super-secret" not in repr(job.facts)
    assert {limit.name for limit in job.facts.limits} >= {"memory", "cpus", "cores", "max_iops"}
    for later in ({"runtime": "python-3.11-ml"}, {"volumes": ["data-storage:/data"]}, {"network": "net"}):
        with pytest.raises(InvalidInput) as caught:
            trackside.submit(["true"], client=client, **later)
        assert caught.value.code == "not_built"


def test_files_are_uploaded_and_run(client: Client) -> None:
    job = trackside.submit(
        ["python3", "my_script.py"],
        uploads=[
            {
                "path": "my_script.py",
                "content": b"import json; print('Hello from uploaded script!', json.load(open('config.json')))",
                "mode": 0o755,
                "is_directory": False,
            },
            {"path": "config.json", "content": b'{"setting": "value"}', "mode": 0o644, "is_directory": False},
        ],
        name="uploaded-script",
        client=client,
    )
    assert job.wait(60).status == "completed"
    assert job.logs() == "Hello from uploaded script! {'setting': 'value'}\n"
    assert (job.run_dir / "work" / "my_script.py").stat().st_mode & 0o777 == 0o755


def test_status_stop_delete_and_list(client: Client) -> None:
    job = trackside.submit(["sleep", "60"], name="stopped", client=client)
    until(lambda: client.jobs.get(job.id).status == "running", "the start")
    assert client.jobs.get(job.id).exit_code is None
    job.stop()
    assert job.wait(60).status == "cancelled"
    jobs = client.jobs.list().jobs
    assert any((each.name, each.status) == ("stopped", "cancelled") for each in jobs)
    client.jobs.delete(job.id)
    with pytest.raises(NotFound):
        client.jobs.get(job.id)


def test_logs_are_streamed_as_bytes(client: Client) -> None:
    job = trackside.submit("for i in 1 2 3; do echo line $i; sleep 0.1; done", client=client)
    chunks = list(client.jobs.logs(job.id, follow=True, binary=True))
    assert all(isinstance(chunk, bytes) for chunk in chunks)
    assert b"".join(chunks).decode("utf-8") == "line 1\nline 2\nline 3\n"


def test_a_job_is_scheduled(client: Client) -> None:
    job = trackside.submit(["true"], at=datetime.now(UTC) + timedelta(hours=1), client=client)
    assert job.status == "scheduled"
    job.cancel()


def test_the_six_words_of_status() -> None:
    assert set(STATUSES) == {"pending", "running", "completed", "failed", "cancelled", "scheduled"}


def test_the_state_of_the_system(client: Client) -> None:
    client.monitoring.status()
    status = client.monitoring.status()
    assert 0 <= status.cpu_percent <= 100
    assert 0 < status.memory_percent < 100
    for disk in status.disks:
        print(f"   Disk {disk.device}: {100 * disk.used / disk.total:.1f}% used")
    for process in status.processes[:3]:
        print(f"   Top CPU: {process.name} ({process.cpu_percent:.1f}%)")
    assert status.disks
    assert status.processes
    assert status.network is not None


def test_the_system_live(client: Client) -> None:
    samples = list(itertools.islice(client.monitoring.stream(interval=0.5), 2))
    assert samples[0].at < samples[1].at
    (part,) = itertools.islice(client.monitoring.stream(interval=0.5, types=["cpu", "processes"]), 1)
    assert set(part) == {"at", "cpu_count", "cpu_percent", "cpus_held", "processes"}


def test_each_of_their_errors_has_one_of_ours(client: Client, live: LiveServer) -> None:
    with pytest.raises(NotFound):  # JobNotFoundError
        client.jobs.get("some-job-uuid")
    with Client("http://127.0.0.1:1/") as nobody, pytest.raises(ServerUnreachable):  # ConnectionError
        nobody.jobs.list()
    with Client(live.url, token="wrong") as stranger, pytest.raises(NotAllowed):  # AuthenticationError
        stranger.jobs.list()
    with pytest.raises(InvalidInput, match="memory"):  # ValidationError
        client.jobs.submit({"command": ["true"], "memory": "much"})
    job = trackside.submit(["sleep", "30"], client=client)
    with pytest.raises(TimeoutError) as caught:  # TimeoutError
        job.wait(0.1)
    assert isinstance(caught.value, WaitTimeout)
    job.cancel()
    assert all(issubclass(kind, TracksideError) for kind in (NotFound, ServerUnreachable, NotAllowed, InvalidInput))


def test_dependencies_run_in_order(client: Client, tmp_path: Path) -> None:
    """``depends_on``, without a workflow."""
    os.mkfifo(tmp_path / "go")
    first = trackside.submit(f"cat {tmp_path / 'go'} > {tmp_path / 'data.json'}", name="download-data", client=client)
    second = trackside.submit(["cat", "data.json"], workdir=tmp_path, after=first, name="process-data", client=client)
    third = trackside.submit(["true"], after=["process-data"], name="upload-results", client=client)
    assert "download-data" in second.explain()
    (tmp_path / "go").write_text("{}")
    assert [job.wait(60).status for job in (first, second, third)] == ["completed"] * 3
    assert second.logs() == "{}"
