"""The number of a process is read from what libraries tell."""

import json

import pytest

from trackside.tracking.integrations.ranks import machine_rank, tensorflow_rank


@pytest.mark.parametrize(
    ("told", "rank"),
    [
        ("", 0),
        (json.dumps({"task": {"type": "worker", "index": 2}}), 2),
        (json.dumps({"task": {"type": "chief", "index": 0}}), 0),
        (json.dumps({"cluster": {}}), 0),
        ("torn {", 0),
        ("[1]", 0),
    ],
)
def test_a_worker_of_tensorflow_has_its_index(told: str, rank: int) -> None:
    assert tensorflow_rank(told) == rank


@pytest.mark.parametrize(
    ("params", "rank"),
    [
        ({}, 0),
        ({"machines": "127.0.0.1:7000,127.0.0.1:7001", "local_listen_port": 7001}, 1),
        ({"workers": "127.0.0.1:7000,127.0.0.1:7001", "port": "7000"}, 0),
        ({"machines": "192.0.2.1:12400,127.0.0.1:12400"}, 1),  # one of another machine, and the port unless set
    ],
)
def test_a_machine_of_lightgbm_has_its_place_in_the_list(params: dict[str, object], rank: int) -> None:
    assert machine_rank(params) == rank
