"""Requests that would wait for ever are refused, naming what there is."""

import pytest

from trackside.errors import InvalidInput
from trackside.models import JobSpec, parse_gpus
from trackside_server.domain.gpus import Gpu, Machine
from trackside_server.domain.requests import check_request

BARE = Machine(4.0)
MIXED = Machine(
    4.0, (Gpu("g0", "NVIDIA A100-SXM4-80GB", 80), Gpu("g1", "NVIDIA A100-SXM4-80GB", 80), Gpu("g2", "Tesla T4", 16))
)
SLICED = Machine(
    4.0, (*(Gpu(f"MIG-{n}", "NVIDIA A100-SXM4-40GB MIG 3g.20gb", 20) for n in "ab"), Gpu("g", "Tesla T4", 16))
)


def asks(cpus=1.0, gpus=0, gpu_memory=None):
    return JobSpec(command="true", cpus=cpus, gpus=parse_gpus(gpus), gpu_memory=gpu_memory)


@pytest.mark.parametrize(
    ("spec", "machine"),
    [(asks(), BARE), (asks(4), BARE), (asks(gpus=3), MIXED), (asks(gpus="a100:2"), MIXED), (asks(gpus=2, gpu_memory=40), MIXED), (asks(gpus="t4"), MIXED),
     (asks(gpus=0.5), MIXED), (asks(gpus=0.5, gpu_memory=40), MIXED), (asks(gpus="a100-3g.20gb"), SLICED), (asks(gpus=0.5), SLICED)],
)  # fmt: skip
def test_what_the_machine_could_give_may_wait(spec, machine):
    check_request(spec, machine)


@pytest.mark.parametrize(
    ("spec", "machine", "code", "words"),
    [
        (asks(4.5), BARE, "too_many_cpus", "asks for 4.5 CPUs, this machine gives 4. Ask for at most 4."),
        (asks(gpus=1), BARE, "no_gpus", "asks for 1 GPU, this machine has none"),
        (asks(gpus=4), MIXED, "too_many_gpus", "asks for 4 GPUs, this machine has 3. Ask for at most 3."),
        (asks(gpus="a100:3"), MIXED, "too_many_gpus", "has 2"),
        (asks(gpus=3, gpu_memory=40), MIXED, "too_many_gpus", "has 2 with that much memory"),
        (asks(gpus="h100"), MIXED, "unknown_gpu_type", "No GPU of type 'h100' is in this machine"),
        (asks(gpus="telsa"), MIXED, "unknown_gpu_type", "Did you mean 'tesla'?"),
        (asks(gpus="two"), MIXED, "unknown_gpu_type", "'two' is no number of GPUs and no type that is here."),
        (asks(gpus="two"), BARE, "no_gpus", "'two' is no number of GPUs"),
        (asks(gpus="h100"), MIXED, "unknown_gpu_type", "Did you mean 'a100'? It has NVIDIA A100-SXM4-80GB, Tesla T4."),
        (asks(gpus=1, gpu_memory=100), MIXED, "too_many_gpus", "the largest here gives 80 bytes. Ask for at most 80 bytes."),
        (asks(gpus=0.5, gpu_memory=41), MIXED, "too_many_gpus", "0.5 GPU with 41 bytes of memory; the largest here gives 40 bytes"),
        (asks(gpus="a100:2"), SLICED, "too_many_gpus", "here are MIG instances, of which a job has one, alone"),
        (asks(gpus=2), SLICED, "too_many_gpus", "this machine has 1 (a MIG instance goes to a job that asks for one GPU)"),
    ],
)  # fmt: skip
def test_what_it_never_could_is_refused(spec, machine, code, words):
    with pytest.raises(InvalidInput) as caught:
        check_request(spec, machine)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_gpu_that_somebody_holds_now_is_there_all_the_same():
    check_request(asks(gpus=1), Machine(4.0, (Gpu("g0", "Tesla T4", 16, "alice"),)))


def test_cores_that_are_not_here_are_refused_naming_those_that_are():
    machine = Machine(4.0, cores=frozenset({0, 1, 2, 6}))
    check_request(JobSpec(command="true", cores=[0, 6]), machine)
    check_request(JobSpec(command="true", cores=[9]), Machine(4.0))
    with pytest.raises(InvalidInput, match=r"asks for core 3, which this server may not use. It has 0-2,6.") as caught:
        check_request(JobSpec(command="true", cores=[0, 3]), machine)
    assert caught.value.code == "no_such_core"
