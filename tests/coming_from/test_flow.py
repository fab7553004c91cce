"""Coming from Flow: GPU tasks, their grammar, costs, ``invoke``. Volumes, nodes, images and ports are refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import trackside
from tests.gpu_machine import gpu_machine
from tests.serving import LiveServer
from tests.stub_nvml import StubGpu
from trackside.client import Client
from trackside.errors import InvalidInput, JobFailed, NotFound, TracksideError, WaitTimeout
from trackside.models import parse_submission

_SEES = 'echo "$CUDA_VISIBLE_DEVICES"'


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A machine with eight A100 at 2.5 an hour each."""
    with gpu_machine() as machine:
        machine.show(*(StubGpu(f"GPU-{n}", bus=f"00000000:{n}0:00.0") for n in range(8)))
        yield machine.serve(prices="{'a100': 2.5, 'cpu': 0}", currency="$")


@pytest.fixture
def client(server: LiveServer) -> Iterator[Client]:
    with Client(server.url, token=server.token) as client:
        yield client


def test_a_simple_command_on_a_gpu(client: Client) -> None:
    task = trackside.submit(_SEES, gpus="a100", client=client)
    assert task.wait(60).status == "completed"
    assert task.logs().strip() == task.gpus[0]
    assert len(task.gpus) == 1


def test_four_gpus_with_a_price_limit(client: Client) -> None:
    task = trackside.submit(_SEES, gpus="4xa100", max_cost_per_hour=10.0, client=client)
    assert len(task.wait(60).gpus) == 4
    assert task.facts.cost_per_hour == 10.0
    assert task.facts.currency == "$"
    with pytest.raises(InvalidInput, match=r"costs 20.00 \$ an hour, it may cost 10.00 \$"):
        trackside.submit(_SEES, gpus="8xa100", max_cost_per_hour=10.0, client=client)


def test_a_configuration(client: Client) -> None:
    """``TaskConfig``: checked before it is sent, and submitted as it is."""
    config = parse_submission(
        {
            "name": "training-run-42",
            "command": "echo loss: 0.5; echo $WANDB_API_KEY $CUDA_VISIBLE_DEVICES",
            "gpus": "4xa100",
            "env": {"WANDB_API_KEY": "your-key"},
            "max_cost_per_hour": 20.0,
            "time": "72h",
        }
    ).spec
    task = trackside.submit(config, client=client)
    lines = [line for part in task.logs(follow=True, tail=None) for line in part.splitlines() if "loss:" in line]
    task.wait(60)
    assert lines == ["loss: 0.5"]
    assert (task.name, task.status) == ("training-run-42", "completed")
    for wrong in ({"name": "no/slash"}, {"gpus": "a100", "time": "-1h"}, {"command": ""}):
        with pytest.raises(InvalidInput):
            parse_submission({"command": "true", **wrong})


def test_tasks_are_listed_and_found_with_their_facts(client: Client) -> None:
    made = trackside.submit(["true"], gpus=1, name="found", client=client).wait(60)
    assert any(job.id == made.id for job in client.jobs.list(limit=100).jobs)
    task = trackside.job("found", client=client)
    facts = task.facts
    assert facts.created_at <= facts.started_at <= facts.finished_at  # type: ignore[operator]  # it has ended
    assert (task.is_running, task.is_terminal) == (False, True)
    assert facts.cost_per_hour == 2.5
    assert facts.cost is not None
    assert facts.gpu_hours is not None
    assert facts.spec.gpus.type is None


def test_logs_wait_refresh_and_stop(client: Client) -> None:
    task = trackside.submit("for n in $(seq 200); do echo $n; done; sleep 60", client=client)
    with pytest.raises(TimeoutError) as caught:
        task.wait(timeout=0.5)
    assert isinstance(caught.value, WaitTimeout)
    assert task.refresh().status == "running"
    assert task.logs().splitlines()[0] == "101"
    assert len(task.logs(tail=1000).splitlines()) == 200
    task.stop()
    assert task.wait(60).status == "cancelled"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a100", "a100:1"), ("2xa100", "a100:2"), ("4xa100", "a100:4"), ("8xa100", "a100:8"), ("h100", "h100:1"),
        ("8xh100", "h100:8"), ("a100-80gb.sxm.1x", "a100-80gb.sxm:1"), ("h100-80gb.pcie.1x", "h100-80gb.pcie:1"), ("a100x8", "a100:8"),
        ("A100", "a100:1"), ("8XA100", "a100:8"), ("a100:8", "a100:8"), ("2", "2"), ("0.5", "0.5"),
    ],
)  # fmt: skip
def test_spellings_that_mean_the_same(written: str, meant: str) -> None:
    assert str(parse_submission({"command": "true", "gpus": written}).spec.gpus) == meant


@pytest.mark.parametrize("written", ["gpu.nvidia.a100", "nvidia-a100", "it_MsIRhxj3ccyVWGfP", "0xa100", "a100:0.3:2"])
def test_spellings_that_are_refused_say_how_to_write_it(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_submission({"command": "true", "gpus": written})
    assert caught.value.hint


def test_a_wrong_type_names_what_there_is(client: Client) -> None:
    with pytest.raises(TracksideError) as caught:
        trackside.submit("python train.py", gpus="a1000", client=client)
    assert isinstance(caught.value, InvalidInput)
    assert "a100" in caught.value.hint.lower()


def test_each_of_their_errors_has_one_of_ours(client: Client) -> None:
    with pytest.raises(NotFound):  # ResourceNotFoundError
        trackside.job("task-abc123", client=client)
    with pytest.raises(InvalidInput) as caught:  # InsufficientQuotaError
        trackside.submit("true", gpus=16, client=client)
    assert caught.value.code == "too_many_gpus"
    task = trackside.submit(lambda: 1 / 0, client=client)
    with pytest.raises(ZeroDivisionError):  # TaskExecutionError: the function's own
        task.result(timeout=60)
    broken = trackside.submit("exit 3", client=client)
    with pytest.raises(JobFailed):
        broken.result(timeout=60)


def test_a_function_of_a_file_is_invoked(client: Client, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("def train_model(path, epochs):\n    return {'path': path, 'epochs': epochs}\n")
    job = trackside.invoke(
        tmp_path / "train.py", "train_model", args=["dataset.csv"], kwargs={"epochs": 100}, gpus="a100", client=client
    )
    assert job.result(timeout=60) == {"path": "dataset.csv", "epochs": 100}


def test_setup_commands_are_part_of_the_command(client: Client) -> None:
    task = trackside.submit("bash -c '\n    true &&\n    echo installed &&\n    echo app\n'", client=client)
    assert task.wait(60).logs() == "installed\napp\n"


def test_what_comes_later_is_refused_by_name(client: Client) -> None:
    for later in ({"volumes": ["data:/data"]}, {"nodes": 4}, {"image": "ubuntu:24.04"}, {"ports": [8888]}):
        with pytest.raises(InvalidInput) as caught:
            trackside.submit("true", client=client, **later)
        assert caught.value.code == "not_built"
