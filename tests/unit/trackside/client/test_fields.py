import json
import math

import pytest

from trackside.client.fields import body
from trackside.errors import InvalidInput
from trackside.models import GpuRequest, JobSpec, parse_submission


def sent(fields):
    return json.loads(body(fields))


def test_fields_travel_as_they_are_and_absent_ones_not_at_all():
    assert sent({"command": ["true"], "memory": "8G", "name": None}) == {"command": ["true"], "memory": "8G"}


def test_a_spec_can_be_submitted_again():
    spec = JobSpec(
        command=["true"], gpus=GpuRequest(2, "a100"), memory=8, environment=["PATH"], secrets=["TOKEN"], tags=["x"]
    )
    fields = sent(spec)
    assert fields == {"command": ["true"], "gpus": {"count": 2, "type": "a100"}, "memory": 8, "tags": ["x"]}
    assert parse_submission(fields).spec.gpus == GpuRequest(2, "a100")


def test_nan_and_infinities_in_a_config_are_kept():
    assert sent({"cell": "x", "config": {"lr": math.nan, "deep": [math.inf, -math.inf, 1.5]}})["config"] == {
        "lr": "NaN",
        "deep": ["Infinity", "-Infinity", 1.5],
    }


def test_a_value_that_cannot_travel_is_named_by_its_field():
    with pytest.raises(InvalidInput, match=r"^config: dict .* cannot travel"):
        body({"command": "x", "config": {"model": object()}})
    with pytest.raises(InvalidInput, match=r"^env: "):
        body([{"command": "x"}, {"command": "y", "env": {"A": lambda: 1}}])


def test_what_is_no_mapping_is_no_submission():
    with pytest.raises(InvalidInput, match="not a submission"):
        body("python train.py")
