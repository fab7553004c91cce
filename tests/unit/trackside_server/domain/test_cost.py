"""What a job costs at most by the prices of a site."""

import pytest

from trackside.errors import InvalidInput
from trackside.models import Cost, parse_submission
from trackside_server.domain.cost import check_cost, cost_of, per_hour_of
from trackside_server.domain.gpus import Gpu

A100 = Gpu("GPU-a", "NVIDIA A100-SXM4-80GB", 80 << 30)
T4 = Gpu("GPU-t", "Tesla T4", 16 << 30)
PRICES = {"cpu": 0.5, "a100": 2.0, "a100-80gb": 4.0, "t4": 1.0}


def cost(prices=PRICES, machine=(A100, T4), **fields):
    return cost_of(parse_submission({"command": "true", **fields}).spec, machine, prices, "EUR")


@pytest.mark.parametrize(
    ("fields", "gpu_hours", "per_hour", "at_most"),
    [
        ({}, None, 0.5, None),
        ({"cpus": 4, "time": "30m"}, None, 2.0, 1.0),
        ({"gpus": "a100", "time": "2h"}, 2.0, 4.5, 9.0),
        ({"gpus": "t4"}, None, 1.5, None),
        ({"gpus": 1, "time": "1h"}, 1.0, 4.5, 4.5),
        ({"gpus": 0.5, "time": "1h"}, 0.5, 2.5, 2.5),
        ({"gpus": 1, "gpu_memory": "40G"}, None, 4.5, None),
    ],
    ids=["a CPU", "CPUs", "type", "cheap", "dearest", "share", "memory"],
)
def test_it_is_that_of_the_dearest_gpus_that_fit(fields, gpu_hours, per_hour, at_most):
    assert cost(**fields) == Cost(gpu_hours, per_hour, at_most, "EUR")


def test_without_a_price_of_what_is_asked_for_there_are_hours_only():
    assert cost({}, gpus=2, time="1h") == Cost(2.0, None, None, "EUR")
    assert cost({"a100": 2.0}, gpus=1, time="1h") == Cost(1.0, None, None, "EUR")
    assert cost({"a100": 2.0, "gpu": 0.5}, gpus="t4").per_hour == 0.5
    assert cost({"gpu": 0.5}, machine=(), cpus=1).per_hour == 0.0


@pytest.mark.parametrize(
    ("fields", "held", "prices", "per_hour"),
    [
        ({}, (), PRICES, 0.5),
        ({"cpus": 4}, (), PRICES, 2.0),
        ({"gpus": 1}, ("GPU-a",), PRICES, 4.5),
        ({"gpus": 1}, ("GPU-t",), PRICES, 1.5),
        ({"gpus": 2}, ("GPU-a", "GPU-t"), PRICES, 5.5),
        ({"gpus": 0.5}, ("GPU-t",), PRICES, 1.0),
        ({"gpus": 1}, ("GPU-t",), {"a100": 2.0}, None),
        ({"gpus": 1}, ("GPU-gone",), PRICES, None),
        ({"gpus": 1}, ("GPU-t",), {}, None),
    ],
    ids=["a CPU", "CPUs", "dear", "cheap", "both", "share", "no price of it", "not there any more", "no prices"],
)
def test_a_job_that_starts_has_the_price_of_the_gpus_that_it_got(fields, held, prices, per_hour):
    spec = parse_submission({"command": "true", **fields}).spec
    assert per_hour_of(spec, held, (A100, T4), prices) == per_hour


@pytest.mark.parametrize(
    ("fields", "prices", "code", "said"),
    [
        ({"gpus": "a100"}, PRICES, "too_expensive", "costs 4.50 EUR an hour, it may cost 2.00 EUR. Allow 4.5, or ask"),
        (
            {"gpus": 1},
            PRICES,
            "too_expensive",
            "4.50 EUR an hour, it may cost 2.00 EUR. Name a cheaper type: 'Tesla T4'.",
        ),
        ({"cpus": 5}, PRICES, "too_expensive", "costs 2.50 EUR an hour"),
        ({"gpus": 1}, {}, "no_price", "this site has no prices at all. Set c.TracksideApp.prices"),
        ({"gpus": "t4"}, {"a100": 2.0}, "no_price", "no prices for t4"),
    ],
    ids=["type", "another is cheaper", "CPUs", "no prices", "no price of it"],
)
def test_a_job_that_may_cost_more_than_it_says_is_refused_with_the_price(fields, prices, code, said):
    spec = parse_submission({"command": "true", "max_cost_per_hour": 2, **fields}).spec
    with pytest.raises(InvalidInput) as caught:
        check_cost(spec, (A100, T4), prices, "EUR")
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_job_that_costs_no_more_than_it_may_is_taken():
    for fields in ({"gpus": "t4"}, {"cpus": 4}, {"gpus": "a100", "max_cost_per_hour": 4.5}):
        spec = parse_submission({"command": "true", "max_cost_per_hour": 2, **fields}).spec
        check_cost(spec, (A100, T4), PRICES, "EUR")
