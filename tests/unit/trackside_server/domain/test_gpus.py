"""Which GPUs fit a request, what is left of them, and who outside holds them."""

import pytest

from trackside.models import parse_gpus
from trackside_server.domain.gpus import Gpu, Machine, fits, held_outside, matches_type

A100, T4 = "NVIDIA A100-SXM4-80GB", "Tesla T4"
SLICE = "NVIDIA A100-SXM4-40GB MIG 3g.20gb"


@pytest.mark.parametrize(
    ("asked", "name", "fitting"),
    [
        ("a100", A100, True), ("a100-80gb", A100, True), ("a100-80gb.sxm", A100, True), ("nvidia a100", A100, True), ("a100-40gb", A100, False),
        ("h100", A100, False), ("t4", T4, True), ("tesla", T4, True), ("100", A100, False), ("4090", "NVIDIA GeForce RTX 4090", True),
        ("rtx_4090", "NVIDIA GeForce RTX 4090", True), ("a10", A100, False), ("a10", "NVIDIA A10G", True), ("l4", "NVIDIA L40S", False),
        ("l4", "NVIDIA L4", True), ("rtx4090", "NVIDIA GeForce RTX 4090", True), ("gtx1080ti", "NVIDIA GeForce GTX 1080 Ti", True),
        ("a100-3g.20gb", SLICE, True), ("mig-3g.20gb", SLICE, True), ("mig", SLICE, True), ("mig", A100, False),
        ("a100-1g.5gb", SLICE, False), ("a100-40gb.sxm", SLICE, True), ("a100.40gb", A100, False), ("rtx40", "NVIDIA GeForce RTX 4090", False), ("h100", "NVIDIA H100 80GB HBM3", True), ("sxm", A100, True),
    ],
)  # fmt: skip
def test_a_type_is_found_in_the_name_of_the_product(asked, name, fitting):
    assert matches_type(asked, name) is fitting


def test_a_mig_instance_fits_one_job_alone():
    gpu = Gpu("MIG-1", SLICE, 20)
    assert [fits(gpu, parse_gpus(asked), None) for asked in (1, 2, 0.5, "mig", "a100:2")] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_of_a_share_its_share_of_the_memory_counts():
    gpu = Gpu("g", A100, 80)
    assert fits(gpu, parse_gpus(0.5), 40)
    assert not fits(gpu, parse_gpus(0.5), 41)
    assert fits(gpu, parse_gpus(2), 80)


def test_one_that_kernels_use_fits_only_those_who_share_it():
    gpu = Gpu("g", A100, 80, "kernel a.ipynb", shareable=True)
    assert gpu.left == 1.0
    assert not fits(gpu, parse_gpus(1), None, share_gpu=False)
    assert fits(gpu, parse_gpus(1), None)


def test_what_others_hold_is_not_left():
    assert Gpu("g", A100, 80).left == 1.0
    assert Gpu("g", A100, 80, "alice").left == 0.0
    assert Gpu("g", A100, 80, "job-7 (bob)", 0.25).left == 0.75
    assert Gpu("g", A100, 80, "kernel a.ipynb", shareable=True, fault="GPU is lost").left == 0.0


def test_gpus_come_in_pci_order_whatever_order_they_were_chosen_in():
    machine = Machine(1.0, (Gpu("z", T4, 1), Gpu("a", T4, 1), Gpu("m", T4, 1)))
    assert machine.in_order(["a", "m", "z"]) == ("z", "a", "m")
    assert machine.in_order(["gone", "m"]) == ("m", "gone")


def test_holders_outside_are_named_once_with_how_many_they_hold():
    kernel = Gpu("1", A100, 80, "kernel analysis.ipynb", aside="and has been idle 3 h (restart it)")
    bob = Gpu("2", A100, 80, "job-7 (bob)", 0.5)
    lost = [Gpu(n, A100, 80, fault="GPU is lost") for n in "67"]
    assert held_outside([kernel, Gpu("3", A100, 80), bob, kernel, *lost]) == [
        "kernel analysis.ipynb holds 2 and has been idle 3 h (restart it)",
        "job-7 (bob) holds 0.5",
        "2 are not handed out: GPU is lost",
    ]
